/// PERSIST key
///
/// Takes a key's deadline away. O(1). Replies 1, or 0 where there is no key or no deadline.
import Bytes
import RESP

enum PersistCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "persist", arity: 2, [.write, .fast], keys: [KeySpec(["RW", "update"])],
            group: .generic, since: "2.2.0", summary: "Removes the expiration time of a key.",
            syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let position = engine.locate(arguments[1], session), position.entry.hasDeadline
            else {
                reply.integer(0)
                return
            }
            engine.setDeadline(nil, at: position, database: session.database)
            engine.notify(.generic, "persist", arguments[1], session.database)
            engine.record(.persist(key: arguments[1]), database: session.database)
            reply.integer(1)
        }
    }
}
