/// HELLO [protover [AUTH username password] [SETNAME clientname]]
///
/// Chooses the protocol version and introduces both sides. O(1). Replies facts of the server as a map.
/// Errors: NOPROTO, WRONGPASS, NOAUTH, syntax.
import Bytes
import Engine
import RESP

extension Server {
    func helloCommand() -> CommandSpec {
        CommandSpec(
            "hello", arity: -1,
            [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy, .secrets],
            group: .connection, since: "6.0.0", summary: "Handshakes with the server.",
            syntax: "[protover [AUTH username password] [SETNAME clientname]]"
        ) { [unowned self] _, session, arguments, reply throws(CommandError) in
            var version = session.version
            if arguments.count > 1 {
                guard let number = Decimal.parse(arguments[1]) else {
                    throw CommandError("ERR Protocol version is not an integer or out of range")
                }
                guard number == 2 || number == 3 else {
                    throw CommandError("NOPROTO unsupported protocol version")
                }
                version = Int(number)
            }
            try helloOptions(session, arguments)
            if engine.mustAuthenticate(session) {
                throw CommandError(
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
                )
            }
            session.version = version
            reply.version = version
            introduce(session, reply)
        }
    }

    private func helloOptions(
        _ session: Session, _ arguments: ByteViews
    ) throws(CommandError) {
        var index = 2
        while index < arguments.count {
            let word = arguments[index]
            if word.equalsIgnoringCase("auth"), index + 2 < arguments.count {
                try engine.authenticate(
                    session, arguments[index + 1], password: arguments[index + 2],
                    command: arguments[0])
                index += 3
            } else if word.equalsIgnoringCase("setname"), index + 1 < arguments.count {
                session.name = try ClientName.check(arguments[index + 1], "Client names")
                index += 2
            } else {
                throw CommandError(
                    bytes: Array("ERR Syntax error in HELLO option '".utf8)
                        + CommandError.shown(word)
                        + Array("'".utf8))
            }
        }
    }

    private func introduce(_ session: Session, _ reply: ReplyWriter) {
        reply.map(7)
        reply.bulk(ByteView("server"))
        reply.bulk(ByteView("redis"))
        reply.bulk(ByteView("version"))
        reply.bulk(text: ServerVersion.redis)
        reply.bulk(ByteView("proto"))
        reply.integer(session.version)
        reply.bulk(ByteView("id"))
        reply.integer(Int(session.id))
        reply.bulk(ByteView("mode"))
        reply.bulk(ByteView("standalone"))
        reply.bulk(ByteView("role"))
        reply.bulk(ByteView("master"))
        reply.bulk(ByteView("modules"))
        reply.array(0)
    }
}

/// What a client may call itself.
enum ClientName {
    /// The name, which has no blanks, line ends or special characters.
    static func check(_ name: ByteView, _ what: String) throws(CommandError) -> [UInt8] {
        for byte in name where byte < 33 || byte > 126 {
            throw CommandError(
                "ERR \(what) cannot contain spaces, newlines or special characters.")
        }
        return name.array
    }
}
