/// HDEL key field [field ...]
///
/// Removes fields; an emptied hash goes. O(1) a field. Replies how many were there. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum HDelCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hdel", arity: -3, [.write, .fast], keys: [KeySpec(["RW", "delete"])], group: .hash,
            since: "2.0.0",
            summary:
                "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
            complexity: "O(N) where N is the number of fields to be removed.",
            syntax: "key field [field ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateHash(key, session) else {
                reply.integer(0)
                return
            }
            var writer = engine.hashWriter(position, session)
            var removed = 0
            for field in arguments.dropFirst(2) where writer.remove(field) {
                removed += 1
                if writer.count == 0 { break }
            }
            if removed > 0 {
                engine.touch(key, session.database)
                engine.notify(.hash, "hdel", key, session.database)
                if writer.count == 0 {
                    engine.remove(writer.position, database: session.database)
                    engine.notify(.generic, "del", key, session.database)
                }
                engine.record(
                    .hashDelete(key: key, fields: arguments.dropFirst(2)),
                    database: session.database)
            }
            reply.integer(removed)
        }
    }
}
