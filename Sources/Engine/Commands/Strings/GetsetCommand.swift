/// GETSET key value
///
/// Makes `key` the string `value`, without a deadline. O(1). Replies the old string, nil where there
/// was none. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum GetsetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "getset", arity: 3, [.write, .denyoom, .fast], keys: [.updated], group: .string,
            since: "1.0.0",
            summary: "Sets the string value of a key and returns what it was before.",
            syntax: "key value",
            deprecation: Deprecation(
                since: "6.2.0", replacement: "`SET` with the `!GET` argument")
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let position = engine.locate(key, session)
            engine.noteRead(position, key, session)
            if let position { try reply.string(position.entry) } else { reply.null() }
            engine.setString(key, arguments[2], deadline: nil, at: position, session)
            engine.notify(.string, "set", key, session.database)
            engine.record(
                .set(key: key, value: arguments[2], deadline: nil), database: session.database)
        }
    }
}
