/// ACL SETUSER username [rule [rule ...]]
///
/// Makes a user or changes one, word by word from left to right (the words: UserRules.swift and
/// AccessSelector+Words.swift of the engine); all words or none. O(words). Replies OK. Clients that listen to what
/// the user may no longer hear are disconnected. Errors: a name with blanks; a word that is wrong.
///
/// ACL GETUSER username
///
/// Replies a map of what the user is, or nil.
///
/// ACL DELUSER username [username ...]
///
/// Removes users and disconnects their clients. O(clients). Replies how many there were. Errors: the default user.
import Bytes
import Engine
import RESP

extension Server {
    func aclSetUserWord() -> CommandSpec {
        aclWord(
            "setuser", -3, "Modify or create the rules for a specific ACL user",
            complexity: "O(N). Where N is the number of rules provided.",
            syntax: "username [rule [rule ...]]", isSecret: true
        ) { [unowned self] (session, arguments, reply) throws(CommandError) in
            if AccessControl.hasBlanks(arguments[2]) {
                throw CommandError("ERR Usernames can't contain spaces or null characters")
            }
            do throws(AccessControl.RefusedWord) {
                let words = try AccessControl.merged(arguments.dropFirst(3).arrays)
                let (user, old) = try engine.access.change(arguments[2], words)
                if let old, !user.namesChannels(of: old) { closeListeners(as: user, session) }
            } catch {
                throw .refusedRule(error)
            }
            reply.ok()
        }
    }

    func aclGetUserWord() -> CommandSpec {
        aclWord(
            "getuser", 3, "Get the rules for a specific ACL user",
            complexity:
                "O(N). Where N is the number of password, command and pattern rules that the user has.",
            syntax: "username", isSecret: true
        ) { [unowned self] (_, arguments, reply) in
            guard let facts = engine.access.facts(of: arguments[2]) else {
                reply.null()
                return
            }
            reply.map(6)
            reply.bulk(ByteView("flags"))
            reply.set(facts.flags.count)
            for flag in facts.flags { reply.bulk(text: flag) }
            reply.bulk(ByteView("passwords"))
            reply.array(facts.passwords.count)
            for password in facts.passwords { reply.bulk(password) }
            reply.selector(facts.root)
            reply.bulk(ByteView("selectors"))
            reply.array(facts.selectors.count)
            for selector in facts.selectors {
                reply.map(3)
                reply.selector(selector)
            }
        }
    }

    func aclDeleteUserWord() -> CommandSpec {
        aclWord(
            "deluser", -3, "Remove the specified ACL users and the associated rules",
            complexity: "O(1) amortized time considering the typical user.",
            syntax: "username [username ...]", isSecret: true
        ) { [unowned self] (session, arguments, reply) throws(CommandError) in
            let names = arguments.dropFirst(2)
            if names.contains(where: { $0 == ByteView("default") }) {
                throw CommandError("ERR The 'default' user cannot be removed")
            }
            let removed = names.compactMap { engine.access.remove($0) }
            closeClients(of: removed, session)
            reply.integer(removed.count)
        }
    }

    // MARK: Clients that lost their rights

    /// Disconnects the clients of users that are no more; the one that says so gets its reply first.
    func closeClients(of users: [User], _ own: Session) {
        let gone = Set(users.map { ObjectIdentifier($0) })
        for connection in Array(connections.values) {
            let session = connection.session
            guard let user = session.user, gone.contains(ObjectIdentifier(user)) else { continue }
            engine.enterAsDefault(session)
            session.isAuthenticated = false
            end(connection, own)
        }
    }

    /// Disconnects clients of a user that are subscribed to what he may no longer listen to.
    private func closeListeners(as user: User, _ own: Session) {
        for connection in Array(connections.values) where connection.session.user === user {
            guard let subscriptions = connection.subscriptions else { continue }
            let hears = SubscriptionKind.allCases.contains { kind in
                subscriptions.names(kind).contains { name in
                    name.withByteView {
                        !user.mayListen(to: $0, isPattern: kind == .pattern)
                    }
                }
            }
            if hears { end(connection, own) }
        }
    }

    private func end(_ connection: Connection, _ own: Session) {
        if connection.session === own {
            connection.closeAfterReplies()
        } else {
            connection.close()
        }
    }
}

extension ReplyWriter {
    /// The rights of a selector: three pairs of a map.
    fileprivate func selector(_ facts: UserFacts.Selector) {
        bulk(ByteView("commands"))
        bulk(facts.commands)
        bulk(ByteView("keys"))
        bulk(facts.keys)
        bulk(ByteView("channels"))
        bulk(facts.channels)
    }
}

extension CommandError {
    /// Why ACL SETUSER refuses a word.
    fileprivate static func refusedRule(_ refused: AccessControl.RefusedWord) -> CommandError {
        let word = refused.word.withByteView { CommandError.shown($0) }
        if refused.reason == .unmatchedParenthesis {
            return CommandError(
                bytes: Array("ERR Unmatched parenthesis in acl selector starting at '".utf8) + word
                    + Array("'.".utf8))
        }
        return CommandError(
            bytes: Array("ERR Error in ACL SETUSER modifier '".utf8) + word
                + Array("': \(refused.reason.text)".utf8))
    }
}
