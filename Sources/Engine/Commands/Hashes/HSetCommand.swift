/// HSET key field value [field value ...], HMSET (the same, replies OK), HSETNX key field value
///
/// Sets fields of a hash, which is made where absent. O(1) a field. HSET replies how many fields are new.
/// Errors: WRONGTYPE, wrong number of arguments.
import Bytes
import RESP
import Records

enum HSetCommand {
    static var hset: CommandSpec {
        CommandSpec(
            "hset", arity: -4, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "update"])],
            group: .hash, since: "2.0.0",
            summary: "Creates or modifies the value of a field in a hash.",
            complexity: "O(1) for each field/value pair added",
            syntax: "key field value [field value ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let added = try set(engine, session, arguments, name: "hset")
            reply.integer(added)
        }
    }

    static var hmset: CommandSpec {
        CommandSpec(
            "hmset", arity: -4, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "update"])],
            group: .hash, since: "2.0.0", summary: "Sets the values of multiple fields.",
            complexity: "O(N) where N is the number of fields being set.",
            syntax: "key field value [field value ...]",
            deprecation: Deprecation(
                since: "4.0.0", replacement: "`HSET` with multiple field-value pairs")
        ) { engine, session, arguments, reply throws(CommandError) in
            _ = try set(engine, session, arguments, name: "hmset")
            reply.ok()
        }
    }

    static var hsetnx: CommandSpec {
        CommandSpec(
            "hsetnx", arity: 4, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "insert"])],
            group: .hash, since: "2.0.0",
            summary: "Sets the value of a field in a hash only when the field doesn't exist.",
            syntax: "key field value"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            if let position = try engine.locateHash(key, session),
                HashValue(position.entry, at: engine.fieldTime(session)).value(
                    of: arguments[2], engine.heap) != nil
            {
                reply.integer(0)
                return
            }
            var writer = try engine.hashWriter(key, session)
            _ = writer.set(arguments[2], arguments[3])
            engine.touch(key, session.database)
            engine.notify(.hash, "hset", key, session.database)
            engine.record(
                .hashSet(key: key, pairs: arguments.dropFirst(2)), database: session.database)
            reply.integer(1)
        }
    }

    private static func set(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, name: String
    ) throws(CommandError) -> Int {
        guard arguments.count % 2 == 0 else { throw .wrongArity(name) }
        let key = arguments[1]
        var writer = try engine.hashWriter(key, session)
        var added = 0
        var index = 2
        while index < arguments.count {
            if writer.set(arguments[index], arguments[index + 1]) { added += 1 }
            index += 2
        }
        engine.touch(key, session.database)
        engine.notify(.hash, "hset", key, session.database)
        engine.record(
            .hashSet(key: key, pairs: arguments.dropFirst(2)), database: session.database)
        return added
    }
}
