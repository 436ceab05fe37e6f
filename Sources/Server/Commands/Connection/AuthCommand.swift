/// AUTH [username] password
///
/// Lets the connection in as a user, the default one where none is named. O(N) in the user's passwords. Replies OK.
/// Errors: WRONGPASS (counted, and in ACL LOG); a password where the default user needs none.
import Bytes
import Engine
import RESP

extension Server {
    func authCommand() -> CommandSpec {
        CommandSpec(
            "auth", arity: -2,
            [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy, .secrets],
            group: .connection, since: "1.0.0", summary: "Authenticates the connection.",
            complexity: "O(N) where N is the number of passwords defined for the user",
            syntax: "[username] password"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw CommandError("ERR syntax error") }
            if arguments.count == 2 && engine.access.defaultUser.rules.needsNoPassword {
                throw CommandError(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
                )
            }
            let user = arguments.count == 3 ? arguments[1] : ByteView("default")
            try engine.authenticate(
                session, user, password: arguments[arguments.count - 1], command: arguments[0])
            reply.ok()
        }
    }
}
