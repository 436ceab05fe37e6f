/// KEYS pattern
///
/// All keys that match a glob, in no order. O(n) in the keys of the database: it blocks; SCAN does not.
import Bytes
import RESP

enum KeysCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "keys", arity: 2, [.readonly], group: .generic, since: "1.0.0",
            summary: "Returns all key names that match a pattern.",
            complexity: "O(N) with N being the number of keys in the database.", syntax: "pattern",
            tips: ["request_policy:all_shards", "nondeterministic_output_order"],
            categories: ["keyspace", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let pattern = arguments[1]
            let matchesAll = pattern.count == 1 && pattern[0] == UInt8(ascii: "*")
            let found = ByteWriter(capacity: 4096)
            var count = 0
            let inner = ReplyWriter(writingTo: found)
            engine.table(session).forEachEntry { entry in
                guard matchesAll || GlobPattern.matches(pattern, entry.key) else { return }
                if !session.isReplay && engine.isExpired(entry) { return }
                inner.bulk(entry.key)
                count += 1
            }
            reply.array(count)
            reply.bytes.append(found.view)
        }
    }
}
