/// DEL key [key ...] and UNLINK key [key ...]
///
/// Removes keys; both free large values on another thread. O(1) a key. Replies how many were there.
import Bytes
import RESP
import Records

enum DelCommand {
    private static let keys = [KeySpec(["RM", "delete"], first: 1, last: -1)]
    private static let tips = ["request_policy:multi_shard", "response_policy:agg_sum"]

    static var del: CommandSpec {
        CommandSpec(
            "del", arity: -2, [.write], keys: keys, group: .generic, since: "1.0.0",
            summary: "Deletes one or more keys.", complexity: "O(N) where N is the number of keys",
            syntax: "key [key ...]", tips: tips, handler: run)
    }

    static var unlink: CommandSpec {
        CommandSpec(
            "unlink", arity: -2, [.write, .fast], keys: keys, group: .generic, since: "4.0.0",
            summary: "Deletes one or more keys, freeing their memory in the background.",
            complexity: "O(1) for each key", syntax: "key [key ...]", tips: tips, handler: run)
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        let keys = arguments.dropFirst(1)
        var removed = 0
        for key in keys {
            guard let position = engine.locate(key, session) else { continue }
            engine.remove(position, database: session.database)
            engine.notify(.generic, "del", key, session.database)
            removed += 1
        }
        if removed > 0 {
            let mutation: Mutation =
                keys.count == 1 ? .delete(key: keys[0]) : .deleteMany(keys: keys)
            engine.record(mutation, database: session.database)
        }
        reply.integer(removed)
    }
}
