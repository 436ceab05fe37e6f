/// XINFO STREAM key [FULL [COUNT count]], GROUPS key, CONSUMERS key group, HELP
///
/// Shows a stream, its groups, their consumers. O(1), with FULL O(n) for what is shown; the number of Redis's tree
/// nodes is worked out from ours. Errors: no such key, NOGROUP, WRONGTYPE.
import Bytes
import RESP
import Records

enum XInfoCommand {
    static var spec: CommandSpec {
        CommandSpec(
            container: "xinfo", group: .stream, since: "5.0.0",
            summary: "A container for stream introspection commands",
            subcommands: [stream, groups, consumers, help])
    }

    private static func locate(
        _ engine: Engine, _ session: Session, _ key: ByteView
    ) throws(CommandError) -> StreamTree {
        guard let stream = try engine.readStream(key, session) else { throw .noSuchKey }
        return stream
    }

    private static var stream: CommandSpec {
        CommandSpec(
            "stream", arity: -3, [.readonly], keys: [KeySpec(["RO", "access"], first: 2)],
            group: .stream, since: "5.0.0", summary: "Get information about a stream",
            syntax: "key [FULL [COUNT count]]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let stream = try locate(engine, session, arguments[2])
            if arguments.count == 3 {
                StreamReport(reply, engine).stream(stream)
                return
            }
            let hasCount =
                arguments.count == 6 && arguments[4].equalsIgnoringCase("count")
            guard arguments[3].equalsIgnoringCase("full"), arguments.count == 4 || hasCount else {
                throw .subcommandSyntax(arguments[1], of: "xinfo")
            }
            var limit = 10
            if hasCount {
                guard let number = Decimal.parse(arguments[5]) else { throw .notAnInteger }
                limit = number < 0 ? 10 : number == 0 ? .max : Int(number)
            }
            StreamReport(reply, engine).everything(stream, limit: limit)
        }
    }

    private static var groups: CommandSpec {
        CommandSpec(
            "groups", arity: 3, [.readonly], keys: [KeySpec(["RO", "access"], first: 2)],
            group: .stream, since: "5.0.0", summary: "List the consumer groups of a stream",
            syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            let stream = try locate(engine, session, arguments[2])
            StreamReport(reply, engine).groups(stream)
        }
    }

    private static var consumers: CommandSpec {
        CommandSpec(
            "consumers", arity: 4, [.readonly], keys: [KeySpec(["RO", "access"], first: 2)],
            group: .stream, since: "5.0.0", summary: "List the consumers in a consumer group",
            syntax: "key groupname", tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let stream = try locate(engine, session, arguments[2])
            guard let group = stream.group(arguments[3], engine.heap) else {
                throw .noGroup(arguments[3], in: arguments[2])
            }
            StreamReport(reply, engine).consumers(group)
        }
    }

    private static var help: CommandSpec {
        CommandSpec(
            "help", arity: 2, [.loading, .stale], group: .stream, since: "5.0.0",
            summary: "Show helpful text about the different subcommands"
        ) { _, _, _, reply throws(CommandError) in
            reply.help(
                "XINFO",
                [
                    "CONSUMERS <key> <groupname>",
                    "    Show consumers of <groupname>.",
                    "GROUPS <key>",
                    "    Show the stream consumer groups.",
                    "STREAM <key> [FULL [COUNT <count>]",
                    "    Show information about the stream.",
                ])
        }
    }
}
