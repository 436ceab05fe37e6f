/// ZREM key member [member ...]
///
/// Takes members out; an emptied sorted set goes. O(log n) a member. Replies how many were there.
/// Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum ZRemCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "zrem", arity: -3, [.write, .fast], keys: [KeySpec(["RW", "delete"])],
            group: .sortedSet, since: "1.2.0",
            summary: "Remove one or more members from a sorted set",
            complexity:
                "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateSortedSet(key, session) else {
                reply.integer(0)
                return
            }
            let writer = engine.sortedSetWriter(position, session)
            var removed = 0
            for member in arguments.dropFirst(2) where writer.remove(member) {
                removed += 1
                if writer.count == 0 { break }
            }
            if removed > 0 {
                engine.record(
                    .sortedSetRemove(key: key, members: arguments.dropFirst(2)),
                    database: session.database)
                engine.finishTaking(writer, key, "zrem", session)
            }
            reply.integer(removed)
        }
    }
}
