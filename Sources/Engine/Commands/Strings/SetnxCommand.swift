/// SETNX key value
///
/// Makes `key` a string if it is absent. O(1). Replies 1; 0 where there is a key, of whatever type.
import Bytes
import RESP
import Records

enum SetnxCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "setnx", arity: 3, [.write, .denyoom, .fast], keys: [KeySpec(["OW", "insert"])],
            group: .string, since: "1.0.0",
            summary: "Sets the string value of a key if the key doesn't exist.",
            syntax: "key value"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            if engine.locate(key, session) != nil {
                reply.integer(0)
                return
            }
            engine.setString(key, arguments[2], deadline: nil, at: nil, session)
            engine.notify(.string, "set", key, session.database)
            engine.record(
                .set(key: key, value: arguments[2], deadline: nil), database: session.database)
            reply.integer(1)
        }
    }
}
