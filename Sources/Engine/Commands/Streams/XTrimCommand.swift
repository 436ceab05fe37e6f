/// XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count]
///
/// Lets the oldest entries go, with `~` only as many as whole nodes have. O(n) for n entries. Replies how many
/// went. Errors: options, WRONGTYPE.
import Bytes
import RESP
import Records

enum XTrimCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xtrim", arity: -4, [.write], keys: [KeySpec(["RW", "delete"])], group: .stream,
            since: "5.0.0",
            summary: "Trims the stream to (approximately if '~' is passed) a certain size",
            complexity:
                "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
            syntax: "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]",
            tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try StreamTrimOptions(
                arguments, from: 2, isAdd: false, engine, session)
            guard let position = try engine.locateStream(arguments[1], session) else {
                reply.integer(0)
                return
            }
            reply.integer(engine.trimStream(options, at: position, arguments[1], session))
        }
    }
}
