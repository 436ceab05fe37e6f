/// Where users come from at start, and how changes of them reach connections and the configuration.
///
/// ORDER: `requirepass` first, then what declares users: `user` lines, or the file that `aclfile` names; either says
/// the last word about the default user. A file that says nothing of the default user leaves it without a password,
/// whatever `requirepass` says: so it is in Redis, whose redis.conf warns of using both.
import Bytes
import Engine

extension Server {
    /// Declares the users of the configuration.
    ///
    /// - Returns: why the server must not start, nil where it may.
    func declareUsers() -> String? {
        let access = engine.access
        access.onChange = { [unowned self] in
            for connection in connections.values { connection.session.refreshAccess() }
        }
        access.log.describe = { [unowned self] session in
            (session.connection as? Connection).map { line(of: $0) } ?? ""
        }
        configuration.describeUsers = { [unowned self] in
            engine.access.all.map { engine.access.configurationWords(of: $0) }
        }
        if let password = configuration.settings.password { access.setDefaultPassword(password) }
        let lines = configuration.userLines
        let path = configuration.settings.accessFilePath
        if !lines.isEmpty && !path.isEmpty { return twoPlacesOfUsers }
        do throws(AccessControl.DeclarationFailure) {
            if path.isEmpty {
                try access.declare(lines)
                for line in lines { noteDisabled(line[0]) }
            } else {
                _ = try loadUsers(from: path)
            }
            return nil
        } catch {
            if path.isEmpty {
                log.warning(error.text)
                return "Critical error while loading ACLs. Exiting."
            }
            return "Aborting Redis startup because of ACL errors: \(error.text)"
        }
    }

    private func noteDisabled(_ name: [UInt8]) {
        guard let user = name.withByteView({ engine.access.find($0) }), !user.rules.isOn else {
            return
        }
        log.notice(
            "The user '\(String(decoding: name, as: UTF8.self))' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error."
        )
    }

    /// Hands the settings of access to the engine.
    func applyAccessSettings() {
        engine.access.givesAllChannels =
            configuration.settings.channelsOfNewUsers == .allchannels
        engine.access.log.maximumLength = configuration.settings.accessLogLength
    }

    /// A session of a client that has just connected.
    func makeSession() -> Session {
        let session = Session(id: nextConnectionID)
        nextConnectionID += 1
        engine.enterAsDefault(session)
        return session
    }
}

private let twoPlacesOfUsers =
    "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both."
