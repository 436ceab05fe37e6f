/// SADD key member [member ...]
///
/// Puts members into a set, which is made where absent. O(1) a member. Replies how many are new. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum SAddCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "sadd", arity: -3, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "insert"])],
            group: .set, since: "1.0.0", summary: "Add one or more members to a set",
            complexity:
                "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let position = try engine.locateSet(key, session)
            let writer = engine.setWriter(key, at: position, session)
            var added = 0
            for index in 2..<arguments.count where writer.add(arguments[index]) { added += 1 }
            if added > 0 {
                engine.touch(key, session.database)
                engine.notify(.set, "sadd", key, session.database)
                engine.record(
                    .setAdd(key: key, members: arguments.dropFirst(2)), database: session.database)
            }
            reply.integer(added)
        }
    }
}
