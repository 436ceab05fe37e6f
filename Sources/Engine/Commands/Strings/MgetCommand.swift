/// MGET key [key ...]
///
/// The strings at the keys. O(keys). Replies an array; nil stands for a key that is absent or no string.
import Bytes
import RESP

enum MgetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "mget", arity: -2, [.readonly, .fast], keys: [KeySpec(["RO", "access"], last: -1)],
            group: .string, since: "1.0.0", summary: "Returns the string values of several keys.",
            complexity: "O(N) where N is the number of keys to retrieve.",
            syntax: "key [key ...]", tips: ["request_policy:multi_shard"]
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.array(arguments.count - 1)
            for index in 1..<arguments.count {
                if let entry = engine.read(arguments[index], session), entry.kind.isString {
                    try reply.string(entry)
                } else {
                    reply.null()
                }
            }
        }
    }
}
