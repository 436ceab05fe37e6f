/// RENAME key newkey and RENAMENX key newkey
///
/// Gives a value another key; RENAME replaces what was there. O(1). Replies OK, or 1 and 0.
/// Errors: no such key.
import Bytes
import RESP

enum RenameCommand {
    private static let keys = [
        KeySpec(["RW", "access", "delete"]), KeySpec(["OW", "update"], first: 2),
    ]

    static var rename: CommandSpec {
        CommandSpec(
            "rename", arity: 3, [.write], keys: keys, group: .generic, since: "1.0.0",
            summary: "Renames a key and overwrites the destination.", syntax: "key newkey"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard engine.locate(arguments[1], session) != nil else { throw .noSuchKey }
            if arguments[1] != arguments[2] {
                // The look at the new key may delete it, expired: places move.
                _ = engine.locate(arguments[2], session)
                guard let position = engine.locate(arguments[1], session) else { throw .noSuchKey }
                move(engine, session, arguments, position)
            }
            reply.ok()
        }
    }

    static var renamenx: CommandSpec {
        CommandSpec(
            "renamenx", arity: 3, [.write, .fast],
            keys: [keys[0], KeySpec(["OW", "insert"], first: 2)], group: .generic, since: "1.0.0",
            summary: "Renames a key only when the target key name doesn't exist.",
            syntax: "key newkey"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard engine.locate(arguments[1], session) != nil else { throw .noSuchKey }
            if engine.locate(arguments[2], session) != nil {
                reply.integer(0)
                return
            }
            // The look at the new key may have deleted it, expired: places have moved.
            guard let position = engine.locate(arguments[1], session) else { throw .noSuchKey }
            move(engine, session, arguments, position)
            reply.integer(1)
        }
    }

    private static func move(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ position: Position
    ) {
        engine.moveKey(
            position, from: session.database, to: arguments[2], in: session.database)
        engine.notify(.generic, "rename_from", arguments[1], session.database)
        engine.notify(.generic, "rename_to", arguments[2], session.database)
        engine.record(
            .rename(key: arguments[1], newKey: arguments[2]), database: session.database)
    }
}
