/// AUTH [username] password
///
/// Lets the connection in. O(1). Errors: WRONGPASS; no password configured.
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
        ) { [unowned self] _, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw CommandError("ERR syntax error") }
            if arguments.count == 2 && configuration.settings.password == nil {
                throw CommandError(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
                )
            }
            let user = arguments.count == 3 ? arguments[1] : ByteView("default")
            try authenticate(session, user: user, password: arguments[arguments.count - 1])
            reply.ok()
        }
    }

    /// Checks the password of the one user there is.
    func authenticate(
        _ session: Session, user: ByteView, password: ByteView
    ) throws(CommandError) {
        let expected = configuration.settings.password
        let isRight =
            expected.map { $0.withByteView { Server.equalsInConstantTime($0, password) } } ?? true
        guard user == ByteView("default"), isRight else {
            throw CommandError("WRONGPASS invalid username-password pair or user is disabled.")
        }
        session.isAuthenticated = true
    }

    /// Whether both are the same, without telling by the time it takes where they differ.
    private static func equalsInConstantTime(_ left: ByteView, _ right: ByteView) -> Bool {
        var difference = UInt8(truncatingIfNeeded: left.count ^ right.count)
        if left.count != right.count { difference |= 1 }
        for index in 0..<left.count {
            difference |= left[index] ^ (right.isEmpty ? 0 : right[index % right.count])
        }
        return difference == 0
    }
}
