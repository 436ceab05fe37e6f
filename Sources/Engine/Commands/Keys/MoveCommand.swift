/// MOVE key db
///
/// Moves a key to another database unless it is there already. O(1). Replies 1 or 0.
import Bytes
import RESP

enum MoveCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "move", arity: 3, [.write, .fast], keys: [.updated],
            group: .generic, since: "1.0.0", summary: "Moves a key to another database.",
            syntax: "key db"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let target = try DatabaseIndex.parse(arguments[2], engine)
            if target == session.database { throw .sameObject }
            let isThere =
                engine.locate(key, database: target, isReplay: session.isReplay) != nil
            guard let position = engine.locate(key, session), !isThere else {
                reply.integer(0)
                return
            }
            engine.moveKey(position, from: session.database, to: key, in: target)
            engine.notify(.generic, "move_from", key, session.database)
            engine.notify(.generic, "move_to", key, target)
            engine.record(.move(key: key, database: target), database: session.database)
            reply.integer(1)
        }
    }
}
