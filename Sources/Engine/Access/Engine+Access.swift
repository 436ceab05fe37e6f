/// The gate: who may run which command. Asked of restricted sessions only; for all others `admit` reads one
/// boolean.
import Bytes

extension Engine {
    /// Whether the session must say who it is before it may do anything else.
    public func mustAuthenticate(_ session: Session) -> Bool {
        if session.isAuthenticated { return false }
        return session.user == nil || !access.defaultUser.isOpen
    }

    /// Makes the session what it is when it has just connected: the default user's, let in where that needs no
    /// password.
    public func enterAsDefault(_ session: Session) {
        session.user = access.defaultUser
        session.isAuthenticated = access.defaultUser.isOpen
    }

    /// Lets the session in as a user.
    ///
    /// - Parameter command: what the client called the command, for the log.
    /// - Throws: WRONGPASS; the session stays who it was.
    public func authenticate(
        _ session: Session, _ name: ByteView, password: ByteView, command: ByteView
    ) throws(CommandError) {
        guard let user = access.authenticate(name, password: password) else {
            statistics.deniedLogins += 1
            log(.auth, command, user: name, session)
            throw .wrongPassword
        }
        session.user = user
        session.isAuthenticated = true
    }

    /// Refuses what a restricted session may not run.
    ///
    /// - Throws: NOAUTH, NOPERM.
    func checkAccess(
        _ command: Command, _ session: Session, _ arguments: ByteViews
    ) throws(CommandError) {
        if mustAuthenticate(session) {
            if command.flags.contains(.noAuth) { return }
            command.rejectedCalls += 1
            throw .authenticationRequired
        }
        guard let denial = denied(command, session, arguments) else { return }
        command.rejectedCalls += 1
        switch denial.reason {
        case .command: throw .notPermitted("run the '\(command.fullName)' command")
        case .key: throw .notPermitted("access one of the keys used as arguments")
        case .channel: throw .notPermitted("access one of the channels used as arguments")
        }
    }

    /// Refuses a queued command that was allowed when it was queued and isn't any more.
    func checkQueued(
        _ command: Command, _ session: Session, _ arguments: ByteViews
    ) throws(CommandError) {
        guard let denial = denied(command, session, arguments) else { return }
        switch denial.reason {
        case .command: throw .rulesChanged("no permission to execute the command or subcommand")
        case .key: throw .rulesChanged("no permission to touch the specified keys")
        case .channel:
            throw .rulesChanged(
                "no permission to access one of the channels used as arguments to the command")
        }
    }

    /// Why the session's user may not run the command, counted and put into the log; nil where he may.
    private func denied(
        _ command: Command, _ session: Session, _ arguments: ByteViews
    ) -> AccessDenial? {
        guard let user = session.user, let denial = user.denial(command, arguments) else {
            return nil
        }
        user.name.withByteView { name in
            switch denial.reason {
            case .command:
                statistics.deniedCommands += 1
                Array(command.fullName.utf8).withByteView {
                    log(.command, $0, user: name, session, command)
                }
            case .key:
                statistics.deniedKeys += 1
                log(.key, arguments[denial.place], user: name, session, command)
            case .channel:
                statistics.deniedChannels += 1
                log(.channel, arguments[denial.place], user: name, session, command)
            }
        }
        return denial
    }

    private func log(
        _ reason: AccessLog.Reason, _ object: ByteView, user: ByteView, _ session: Session,
        _ command: Command? = nil
    ) {
        // The log shows the client with the command that it is about.
        let last = session.lastCommand
        if let command { session.lastCommand = command }
        access.log.add(
            reason, object, user: user, session,
            inTransaction: isInExec || session.isInTransaction, at: now)
        session.lastCommand = last
    }

    /// Whether the session's user may read all keys with this command, whatever they are called: what SORT asks
    /// before it follows patterns.
    func mayReadEveryKey(
        _ command: Command?, _ session: Session, _ arguments: ByteViews
    ) -> Bool {
        guard !session.isUnrestricted, let user = session.user, let command else { return true }
        return user.rules.allSelectors.contains {
            $0.denial(command, arguments) == nil && $0.allowsEveryKey(.read)
        }
    }

    /// What ACL DRYRUN answers: nil where the user may run the command.
    ///
    /// - Throws: no such command, or not with so many arguments.
    public func rehearse(
        _ user: User, _ words: ByteViews
    ) throws(CommandError) -> [UInt8]? {
        guard let command = commands.find(words: words) else {
            throw CommandError(
                bytes: Array("ERR Command '".utf8) + CommandError.shown(words[0])
                    + Array("' not found".utf8))
        }
        guard command.accepts(argumentCount: words.count) else {
            throw .wrongArity(command.fullName)
        }
        guard let denial = user.denial(command, words) else { return nil }
        let start = Array("This user has no permissions to ".utf8)
        switch denial.reason {
        case .command: return start + Array("run the '\(command.fullName)' command".utf8)
        case .key:
            return start + Array("access the '".utf8) + words[denial.place].array
                + Array("' key".utf8)
        case .channel:
            return start + Array("access the '".utf8) + words[denial.place].array
                + Array("' channel".utf8)
        }
    }
}
