/// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...], HPEXPIRE (milliseconds),
/// HEXPIREAT, HPEXPIREAT (times since 1970), as in Redis 7.4
///
/// Gives fields of a hash a deadline; a deadline in the past deletes them. O(1) a field. Replies for each field
/// -2: no such field or key, 0: the condition is not met, 1: set, 2: deleted. Errors: WRONGTYPE, numbers, syntax.
import Bytes
import RESP
import Records

enum HExpireCommands {
    static var all: [CommandSpec] {
        [
            spec("hexpire", 1000, isAbsolute: false, "seconds"),
            spec("hpexpire", 1, isAbsolute: false, "milliseconds"),
            spec("hexpireat", 1000, isAbsolute: true, "unix-time-seconds"),
            spec("hpexpireat", 1, isAbsolute: true, "unix-time-milliseconds"),
        ]
    }

    /// The highest deadline of a field: 48 bits, as Redis keeps them.
    private static let highest: Int64 = 0x0000_FFFF_FFFF_FFFE

    private static func spec(
        _ name: String, _ unit: Int64, isAbsolute: Bool, _ argument: String
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -6, [.write, .denyoom, .fast], keys: [.updated], group: .hash,
            since: "7.4.0",
            summary: isAbsolute
                ? "Set expiry for hash field using an absolute Unix timestamp (\(unit == 1 ? "milli" : "")seconds)"
                : "Set expiry for hash field using relative time to expire (\(unit == 1 ? "milli" : "")seconds)",
            complexity: "O(N) where N is the number of specified fields",
            syntax: "key \(argument) [NX | XX | GT | LT] FIELDS numfields field [field ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let position = try engine.locateHash(arguments[1], session)
            let (condition, fields) = try FieldList.parse(arguments, from: 3, allowsCondition: true)
            guard let time = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if time < 0 { throw CommandError("ERR invalid expire time, must be >= 0") }
            let base = isAbsolute ? 0 : engine.now.millisecondsSinceEpoch
            guard time <= highest / unit, time * unit <= highest - base else {
                throw .invalidExpireTime(name)
            }
            let deadline = Deadline(millisecondsSinceEpoch: base + time * unit)
            guard let position else {
                reply.array(fields.count)
                for _ in fields { reply.integer(-2) }
                return
            }
            set(deadline, condition, fields, at: position, arguments[1], engine, session, reply)
        }
    }

    private static func set(
        _ deadline: Deadline, _ condition: FieldCondition?, _ fields: ByteViews,
        at position: Position, _ key: ByteView, _ engine: Engine, _ session: Session,
        _ reply: ReplyWriter
    ) {
        var writer = engine.hashWriter(position, session)
        let isPast = deadline <= engine.now && !session.isReplay
        var updated: [ByteView] = []
        var deleted: [ByteView] = []
        reply.array(fields.count)
        for field in fields {
            let hash = HashValue(writer.position.entry, at: writer.now)
            let (isThere, old) =
                writer.count == 0 ? (false, nil) : hash.deadline(of: field, engine.heap)
            guard isThere else {
                reply.integer(-2)
                continue
            }
            guard condition?.allows(deadline, over: old) ?? true else {
                reply.integer(0)
                continue
            }
            if isPast {
                _ = writer.remove(field)
                deleted.append(field)
                reply.integer(2)
            } else {
                writer.setDeadline(deadline, of: field)
                updated.append(field)
                reply.integer(1)
            }
        }
        if updated.isEmpty && deleted.isEmpty { return }
        let database = session.database
        engine.touch(key, database)
        if !updated.isEmpty {
            updated.withByteViews {
                engine.record(
                    .hashExpire(key: key, deadline: deadline, fields: $0), database: database)
            }
            engine.notify(.hash, "hexpire", key, database)
        }
        if !deleted.isEmpty {
            writer.noteDeadlines()
            deleted.withByteViews {
                engine.record(.hashDelete(key: key, fields: $0), database: database)
            }
            engine.notify(.hash, "hdel", key, database)
            if writer.count == 0 {
                engine.remove(writer.position, database: database)
                engine.notify(.generic, "del", key, database)
            }
        }
    }
}

/// When HEXPIRE and its kin may set a deadline.
enum FieldCondition {
    case notThere
    case there
    case greater
    case less

    /// Whether `new` may replace `old`; a field without a deadline lives for ever.
    func allows(_ new: Deadline, over old: Deadline?) -> Bool {
        switch self {
        case .notThere: old == nil
        case .there: old != nil
        case .greater: old.map { new > $0 } ?? false
        case .less: old.map { new < $0 } ?? true
        }
    }

    init?(_ word: ByteView) {
        if word.equalsIgnoringCase("nx") {
            self = .notThere
        } else if word.equalsIgnoringCase("xx") {
            self = .there
        } else if word.equalsIgnoringCase("gt") {
            self = .greater
        } else if word.equalsIgnoringCase("lt") {
            self = .less
        } else {
            return nil
        }
    }
}

/// `[condition] FIELDS numfields field [field ...]`, which the commands about field deadlines share.
enum FieldList {
    static func parse(
        _ arguments: ByteViews, from start: Int, allowsCondition: Bool
    ) throws(CommandError) -> (FieldCondition?, ByteViews) {
        var place = start
        var condition: FieldCondition?
        if allowsCondition, let found = FieldCondition(arguments[place]) {
            condition = found
            place += 1
        }
        guard place + 1 < arguments.count, arguments[place].equalsIgnoringCase("fields") else {
            throw CommandError(
                "ERR Mandatory argument FIELDS is missing or not at the right position")
        }
        guard let count = Decimal.parse(arguments[place + 1]), count > 0 else {
            throw CommandError("ERR Parameter `numFields` should be greater than 0")
        }
        let fields = arguments.dropFirst(place + 2)
        guard count == fields.count else {
            throw CommandError(
                "ERR The `numfields` parameter must match the number of arguments")
        }
        return (condition, fields)
    }
}
