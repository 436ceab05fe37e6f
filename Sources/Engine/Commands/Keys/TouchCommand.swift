/// TOUCH key [key ...]
///
/// Counts the keys that are there and marks them as used. O(1) a key.
import Bytes
import RESP

enum TouchCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "touch", arity: -2, [.readonly, .fast],
            keys: [KeySpec(["RO"], first: 1, last: -1)], group: .generic, since: "3.2.1",
            summary: "Counts keys and updates the time they were last accessed.",
            complexity: "O(N) where N is the number of keys that will be touched.",
            syntax: "key [key ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_sum"]
        ) { engine, session, arguments, reply throws(CommandError) in
            var count = 0
            for key in arguments.dropFirst(1) {
                guard let entry = engine.read(key, session) else { continue }
                engine.stampAccess(entry)
                count += 1
            }
            reply.integer(count)
        }
    }
}
