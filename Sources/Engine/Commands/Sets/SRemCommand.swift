/// SREM key member [member ...]
///
/// Takes members out; an emptied set goes. O(1) a member. Replies how many were there. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum SRemCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "srem", arity: -3, [.write, .fast], keys: [KeySpec(["RW", "delete"])], group: .set,
            since: "1.0.0", summary: "Remove one or more members from a set",
            complexity: "O(N) where N is the number of members to be removed.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateSet(key, session) else {
                reply.integer(0)
                return
            }
            let writer = engine.setWriter(position, session)
            var removed = 0
            for member in arguments.dropFirst(2) where writer.remove(member) {
                removed += 1
                if writer.count == 0 { break }
            }
            if removed > 0 {
                engine.record(
                    .setRemove(key: key, members: arguments.dropFirst(2)),
                    database: session.database)
                engine.finishTaking(writer, key, "srem", session)
            }
            reply.integer(removed)
        }
    }
}
