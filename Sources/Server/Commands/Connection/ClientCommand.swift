/// CLIENT: what connections are there, and what they may be told.
///
/// The words of the container; LIST and KILL have files of their own.
import Bytes
import Engine
import RESP
import Records

extension Server {
    func clientCommand() -> CommandSpec {
        CommandSpec(
            container: "client", group: .connection, since: "2.4.0",
            summary: "A container for client connection commands.",
            subcommands: [
                clientWord("id", 2, "5.0.0", "Returns the unique client ID of the connection.") {
                    session, _, reply in reply.integer(Int(session.id))
                },
                clientWord("getname", 2, "2.6.9", "Returns the name of the connection.") {
                    session, _, reply in
                    session.name.isEmpty ? reply.null() : reply.bulk(session.name)
                },
                clientWord(
                    "setname", 3, "2.6.9", "Sets the connection name.",
                    syntax: "connection-name"
                ) { (session, arguments, reply) throws(CommandError) in
                    session.name = try ClientName.check(arguments[2], "Client names")
                    reply.ok()
                },
                clientWord(
                    "setinfo", 4, "7.2.0", "Sets information specific to the client or connection.",
                    syntax: "<LIB-NAME libname | LIB-VER libver>", setInfo),
                clientInfoWord(), clientListWord(), clientKillWord(), clientPauseWord(),
                clientWord("unpause", 2, "6.2.0", "Resumes processing commands.", admin: true) {
                    [unowned self] _, _, reply in
                    endPause()
                    reply.ok()
                },
                clientWord(
                    "reply", 3, "3.2.0", "Instructs the server whether to reply to commands.",
                    syntax: "<ON | OFF | SKIP>", setReplyMode),
                clientWord(
                    "unblock", -3, "5.0.0", "Unblocks a client blocked by a blocking command.",
                    admin: true, syntax: "client-id [TIMEOUT | ERROR]"
                ) { [unowned self] (_, arguments, reply) throws(CommandError) in
                    if arguments.count > 4 { throw .subcommandSyntax(arguments[1], of: "client") }
                    guard let id = Decimal.parse(arguments[2]) else { throw .integerExpected }
                    if arguments.count == 4, !arguments[3].equalsIgnoringCase("timeout"),
                        !arguments[3].equalsIgnoringCase("error")
                    {
                        throw CommandError(
                            "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
                    }
                    let isError = arguments.count == 4 && arguments[3].equalsIgnoringCase("error")
                    reply.integer(unblock(UInt64(clamping: id), isError: isError) ? 1 : 0)
                },
                clientWord(
                    "no-evict", 3, "7.0.0", "Sets the client eviction mode of the connection.",
                    admin: true, syntax: "<ON | OFF>"
                ) { [unowned self] (session, arguments, reply) throws(CommandError) in
                    try connection(session).info.isExemptFromEviction = onOff(arguments[2])
                    reply.ok()
                },
                clientWord(
                    "no-touch", 3, "7.2.0",
                    "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
                    syntax: "<ON | OFF>"
                ) { [unowned self] (session, arguments, reply) throws(CommandError) in
                    session.leavesStamps = try onOff(arguments[2])
                    reply.ok()
                },
                helpWord(of: "client", group: .connection, since: "5.0.0", ClientHelp.lines),
            ] + clientTrackingWords())
    }

    /// A word of CLIENT.
    func clientWord(
        _ name: String, _ arity: Int, _ since: String, _ summary: String, admin: Bool = false,
        complexity: String = "O(1)", syntax: String = "", tips: [String] = [],
        _ run: @escaping (Session, ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        var flags: CommandFlags = [.noscript, .loading, .stale]
        if admin { flags.insert(.admin) }
        return CommandSpec(
            name, arity: arity, flags, group: .connection, since: since, summary: summary,
            complexity: complexity, syntax: syntax, tips: tips
        ) { _, session, arguments, reply throws(CommandError) in
            try run(session, arguments, reply)
        }
    }

    private func setInfo(
        _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        let word = arguments[2]
        if word.equalsIgnoringCase("lib-name") {
            session.libraryName = try ClientName.check(arguments[3], "lib-name")
        } else if word.equalsIgnoringCase("lib-ver") {
            session.libraryVersion = try ClientName.check(arguments[3], "lib-ver")
        } else {
            throw CommandError(
                bytes: Array("ERR Unrecognized option '".utf8) + CommandError.shown(word)
                    + Array("'".utf8))
        }
        reply.ok()
    }

    private func onOff(_ word: ByteView) throws(CommandError) -> Bool {
        if word.equalsIgnoringCase("on") { return true }
        if word.equalsIgnoringCase("off") { return false }
        throw CommandError("ERR syntax error")
    }

    private func setReplyMode(
        _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        let connection = try connection(session)
        let word = arguments[2]
        if word.equalsIgnoringCase("on") {
            connection.replyMode = .on
            reply.ok()
        } else if word.equalsIgnoringCase("off") {
            connection.replyMode = .off
        } else if word.equalsIgnoringCase("skip") {
            if connection.replyMode == .on { connection.replyMode = .skipNext }
        } else {
            throw CommandError("ERR syntax error")
        }
    }

    private func clientPauseWord() -> CommandSpec {
        clientWord(
            "pause", -3, "3.0.0", "Suspends commands processing.", admin: true,
            syntax: "timeout [WRITE | ALL]"
        ) { [unowned self] (_, arguments, reply) throws(CommandError) in
            var pausesAll = true
            if arguments.count == 4, arguments[3].equalsIgnoringCase("write") {
                pausesAll = false
            } else if arguments.count == 4, !arguments[3].equalsIgnoringCase("all") {
                throw CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL")
            } else if arguments.count > 4 {
                throw CommandError("ERR syntax error")
            }
            guard let duration = Decimal.parse(arguments[2]) else {
                throw CommandError("ERR timeout is not an integer or out of range")
            }
            if duration < 0 { throw CommandError("ERR timeout is negative") }
            let (end, isOver) = engine.now.millisecondsSinceEpoch.addingReportingOverflow(duration)
            if isOver { throw CommandError("ERR timeout is out of range") }
            let old = clientPause
            clientPause = ClientPause(
                until: max(Deadline(millisecondsSinceEpoch: end), old?.until ?? engine.now),
                pausesAll: pausesAll || old?.pausesAll == true)
            reply.ok()
        }
    }
}

extension CommandError {
    static let integerExpected = CommandError("ERR value is not an integer or out of range")
    static let syntaxError = CommandError("ERR syntax error")
}

extension Server {
    /// Ends a client's wait; whether it waited.
    private func unblock(_ id: UInt64, isError: Bool) -> Bool {
        guard let session = connections[id]?.session else { return false }
        return isError
            ? engine.interrupt(
                session, CommandError("UNBLOCKED client unblocked via CLIENT UNBLOCK"))
            : engine.giveUp(session)
    }
}
