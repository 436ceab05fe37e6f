/// GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds |
/// PERSIST]
///
/// The string at `key`, whose deadline is set or dropped on the way. O(1). Replies the string, nil
/// where it is absent. Errors: syntax, WRONGTYPE, invalid expire time (in this order).
import Bytes
import RESP
import Records

enum GetexCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "getex", arity: -2, [.write, .fast],
            keys: [
                KeySpec(
                    ["RW", "access", "update"],
                    notes: "RW and UPDATE because it changes the TTL")
            ], group: .string, since: "6.2.0",
            summary: "Returns the string value of a key and sets or drops its deadline.",
            syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | "
                + "PXAT unix-time-milliseconds | PERSIST]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try StringOptions(arguments, from: 2, isSet: false)
            let key = arguments[1]
            let found = engine.locate(key, session)
            engine.noteRead(found, key, session)
            guard let position = found else {
                reply.null()
                return
            }
            if !position.entry.kind.isString { throw .wrongType }
            let deadline = try options.deadline(now: engine.now, command: "getex")
            try reply.string(position.entry)
            let database = session.database
            if let deadline, deadline <= engine.now, !session.isReplay {
                engine.remove(position, database: database)
                engine.notify(.generic, "del", key, database)
                engine.record(.delete(key: key), database: database)
            } else if let deadline {
                engine.setDeadline(deadline, at: position, database: database)
                engine.notify(.generic, "expire", key, database)
                engine.record(.expire(key: key, deadline: deadline), database: database)
            } else if options.persists, position.entry.hasDeadline {
                engine.setDeadline(nil, at: position, database: database)
                engine.notify(.generic, "persist", key, database)
                engine.record(.persist(key: key), database: database)
            }
        }
    }
}
