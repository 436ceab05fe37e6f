/// SLOWLOG GET [count] | LEN | RESET | HELP
///
/// The commands that took longest to execute. O(n) in the items returned.
import Bytes
import Engine
import RESP

extension Server {
    func slowlogCommand() -> CommandSpec {
        func word(
            _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "", tips: [String],
            _ run: @escaping CommandHandler
        ) -> CommandSpec {
            CommandSpec(
                name, arity: arity, [.admin, .loading, .stale], group: .server, since: "2.2.12",
                summary: summary, complexity: "O(N) where N is the number of entries",
                syntax: syntax, tips: tips, handler: run)
        }
        return CommandSpec(
            container: "slowlog", group: .server, since: "2.2.12",
            summary: "A container for slow log commands.",
            subcommands: [
                word(
                    "get", -2, "Returns the slow log's entries.", "[count]",
                    tips: ["request_policy:all_nodes"] + CommandTips.varies
                ) {
                    [unowned self] _, _, arguments, reply throws(CommandError) in
                    try slowlogGet(arguments, reply)
                },
                word(
                    "len", 2, "Returns the number of entries in the slow log.",
                    tips: ["request_policy:all_nodes", "response_policy:agg_sum"]
                        + CommandTips.varies
                ) {
                    engine, _, _, reply throws(CommandError) in
                    reply.integer(engine.slowLog.items.count)
                },
                word(
                    "reset", 2, "Clears all entries from the slow log.", tips: CommandTips.allNodes
                ) {
                    engine, _, _, reply throws(CommandError) in
                    engine.slowLog.reset()
                    reply.ok()
                },
                helpWord(
                    of: "slowlog", group: .server, since: "6.2.0",
                    [
                        "GET [<count>]",
                        "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
                        "    Entries are made of:",
                        "    id, timestamp, time in microseconds, arguments array, client IP and port,",
                        "    client name",
                        "LEN",
                        "    Return the length of the slowlog.",
                        "RESET",
                        "    Reset the slowlog.",
                    ]),
            ])
    }

    private func slowlogGet(
        _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        var count = 10
        if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "slowlog") }
        if arguments.count == 3 {
            guard let number = Decimal.parse(arguments[2]), number >= -1 else {
                throw CommandError("ERR count should be greater than or equal to -1")
            }
            count = number == -1 ? Int.max : Int(number)
        }
        let items = engine.slowLog.items.prefix(count)
        reply.array(items.count)
        for item in items {
            reply.array(6)
            reply.integer(item.id)
            reply.integer(Int(item.time.millisecondsSinceEpoch / 1000))
            reply.integer(item.microseconds)
            reply.array(item.arguments.count)
            for argument in item.arguments { reply.bulk(argument) }
            reply.bulk(text: item.peer)
            reply.bulk(item.clientName)
        }
    }
}
