/// HTTL key FIELDS numfields field [field ...], HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST, as in Redis 7.4
///
/// How long fields of a hash have to live, or when they expire; HPERSIST takes their deadlines away. O(1) a
/// field. Replies for each field -2: no such field or key, -1: no deadline, else the time (HPERSIST: 1). Errors:
/// WRONGTYPE, syntax.
import Bytes
import RESP
import Records

enum HTTLCommands {
    static var all: [CommandSpec] {
        [
            spec("httl", 1000, isAbsolute: false, "Returns the TTL in seconds of a hash field."),
            spec("hpttl", 1, isAbsolute: false, "Returns the TTL in milliseconds of a hash field."),
            spec(
                "hexpiretime", 1000, isAbsolute: true,
                "Returns the expiration time of a hash field as a Unix timestamp, in seconds."),
            spec(
                "hpexpiretime", 1, isAbsolute: true,
                "Returns the expiration time of a hash field as a Unix timestamp, in msec."),
            hpersist,
        ]
    }

    private static let complexity = "O(N) where N is the number of specified fields"
    private static let syntax = "key FIELDS numfields field [field ...]"

    private static func spec(
        _ name: String, _ unit: Int64, isAbsolute: Bool, _ summary: String
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -5, [.readonly, .fast], keys: [.read], group: .hash, since: "7.4.0",
            summary: summary, complexity: complexity, syntax: syntax,
            tips: isAbsolute ? [] : ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let hash = try engine.readHash(arguments[1], session)
            let (_, fields) = try FieldList.parse(arguments, from: 2, allowsCondition: false)
            reply.array(fields.count)
            for field in fields {
                let (isThere, deadline) = hash?.deadline(of: field, engine.heap) ?? (false, nil)
                guard isThere else {
                    reply.integer(-2)
                    continue
                }
                guard let time = deadline?.millisecondsSinceEpoch else {
                    reply.integer(-1)
                    continue
                }
                let span = isAbsolute ? time : max(0, time - engine.now.millisecondsSinceEpoch)
                // Redis rounds field times up to whole seconds.
                reply.integer(Int((span + unit - 1) / unit))
            }
        }
    }

    private static var hpersist: CommandSpec {
        CommandSpec(
            "hpersist", arity: -5, [.write, .fast], keys: [.updated], group: .hash,
            since: "7.4.0", summary: "Removes the expiration time for each specified field",
            complexity: complexity, syntax: syntax
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let position = try engine.locateHash(key, session)
            let (_, fields) = try FieldList.parse(arguments, from: 2, allowsCondition: false)
            reply.array(fields.count)
            guard let position else {
                for _ in fields { reply.integer(-2) }
                return
            }
            var writer = engine.hashWriter(position, session)
            var persisted: [ByteView] = []
            for field in fields {
                let hash = HashValue(writer.position.entry, at: writer.now)
                let (isThere, deadline) = hash.deadline(of: field, engine.heap)
                if isThere && deadline != nil {
                    writer.setDeadline(nil, of: field)
                    persisted.append(field)
                }
                reply.integer(!isThere ? -2 : deadline == nil ? -1 : 1)
            }
            if persisted.isEmpty { return }
            engine.touch(key, session.database)
            engine.notify(.hash, "hpersist", key, session.database)
            persisted.withByteViews {
                engine.record(.hashPersist(key: key, fields: $0), database: session.database)
            }
        }
    }
}
