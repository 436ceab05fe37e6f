/// EXISTS key [key ...]
///
/// How many of the keys are there; one named twice counts twice. O(1) a key.
import Bytes
import RESP

enum ExistsCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "exists", arity: -2, [.readonly, .fast],
            keys: [KeySpec(["RO"], first: 1, last: -1)], group: .generic, since: "1.0.0",
            summary: "Determines whether one or more keys exist.",
            complexity: "O(N) where N is the number of keys to check.", syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"]
        ) { engine, session, arguments, reply throws(CommandError) in
            var count = 0
            for key in arguments.dropFirst(1) where engine.read(key, session, stamps: false) != nil
            {
                count += 1
            }
            reply.integer(count)
        }
    }
}
