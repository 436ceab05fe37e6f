/// COPY source destination [DB destination-db] [REPLACE]
///
/// Copies a value with its deadline. O(n) in the value. Replies 1, or 0 where the source is absent or the
/// destination present. Errors: same object, invalid database.
import Bytes
import RESP

enum CopyCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "copy", arity: -3, [.write, .denyoom],
            keys: [KeySpec(["RO", "access"]), KeySpec(["OW", "update"], first: 2)],
            group: .generic, since: "6.2.0",
            summary: "Copies the value of a key to a new key.",
            complexity: "O(N) worst case for collections, where N is the number of nested items.",
            syntax: "source destination [DB destination-db] [REPLACE]"
        ) { engine, session, arguments, reply throws(CommandError) in
            var target = session.database
            var replaces = false
            var index = 3
            while index < arguments.count {
                if arguments[index].equalsIgnoringCase("replace") {
                    replaces = true
                    index += 1
                } else if arguments[index].equalsIgnoringCase("db"), index + 1 < arguments.count {
                    target = try DatabaseIndex.parse(arguments[index + 1], engine)
                    index += 2
                } else {
                    throw .syntax
                }
            }
            let (source, destination) = (arguments[1], arguments[2])
            if target == session.database && source == destination { throw .sameObject }
            let isReplay = session.isReplay
            let found = engine.locate(source, session)
            engine.noteRead(found, source, session)
            if found == nil {
                reply.integer(0)
                return
            }
            let isBlocked =
                engine.locate(destination, database: target, isReplay: isReplay) != nil && !replaces
            // The look at the destination may have deleted it, expired: places have moved.
            guard let position = engine.locate(source, session), !isBlocked else {
                reply.integer(0)
                return
            }
            engine.copyKey(position.entry, to: destination, in: target)
            engine.notify(.generic, "copy_to", destination, target)
            engine.record(
                .copy(key: source, destination: destination, database: target),
                database: session.database)
            reply.integer(1)
        }
    }
}

/// Numbers of databases, as commands name them.
enum DatabaseIndex {
    /// The database that `text` names.
    static func parse(_ text: ByteView, _ engine: Engine) throws(CommandError) -> Int {
        guard let number = Decimal.parse(text) else { throw .notAnInteger }
        guard let small = Int32(exactly: number) else { throw .beyondInt }
        guard small >= 0, small < engine.keyspace.databaseCount else { throw .databaseOutOfRange }
        return Int(small)
    }
}
