/// GETDEL key
///
/// The string at `key`, which is gone afterwards. O(1). Replies the string, nil where it is absent.
/// Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum GetdelCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "getdel", arity: 2, [.write, .fast], keys: [KeySpec(["RW", "access", "delete"])],
            group: .string, since: "6.2.0",
            summary: "Returns the string value of a key and deletes the key.", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            let found = engine.locate(arguments[1], session)
            engine.noteRead(found, arguments[1], session)
            guard let position = found else {
                reply.null()
                return
            }
            try reply.string(position.entry)
            engine.remove(position, database: session.database)
            engine.notify(.generic, "del", arguments[1], session.database)
            engine.record(.delete(key: arguments[1]), database: session.database)
        }
    }
}
