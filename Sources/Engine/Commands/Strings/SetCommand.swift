/// SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |
/// PXAT unix-time-milliseconds | KEEPTTL]
///
/// Makes `key` a string. O(1). Replies OK; nil where NX or XX kept it from happening; with GET the old
/// value. Errors: syntax, invalid expire time, WRONGTYPE (with GET).
import Bytes
import RESP
import Records

enum SetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "set", arity: -3, [.write, .denyoom],
            keys: [KeySpec(["RW", "access", "update", "variable_flags"])], group: .string,
            since: "1.0.0",
            summary:
                "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
            syntax: "key value [NX | XX] [GET] [EX seconds | PX milliseconds | "
                + "EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let value = arguments[2]
            if arguments.count == 3 {
                engine.setString(
                    key, value, deadline: nil, at: engine.locate(key, session), session)
                engine.record(
                    .set(key: key, value: value, deadline: nil), database: session.database)
                reply.ok()
                return
            }
            let options = try Options(arguments, now: engine.now)
            try run(engine, session, key, value, options, reply)
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ key: ByteView, _ value: ByteView,
        _ options: Options, _ reply: ReplyWriter
    ) throws(CommandError) {
        let position = engine.locate(key, session)
        let isBlocked =
            options.onlyIfAbsent && position != nil || options.onlyIfPresent && position == nil
        if options.answersOld {
            if let position { try reply.string(position.entry) } else { reply.null() }
        } else if isBlocked {
            reply.null()
        }
        if isBlocked { return }
        if let deadline = options.deadline, deadline <= engine.now, !session.isReplay {
            // Already past: the key is gone at once, and that is what is recorded.
            if let position { engine.remove(position, database: session.database) }
            engine.record(.delete(key: key), database: session.database)
        } else {
            let deadline = options.keepsDeadline ? position?.entry.deadline : options.deadline
            engine.setString(key, value, deadline: deadline, at: position, session)
            engine.record(
                .set(key: key, value: value, deadline: deadline), database: session.database)
        }
        if !options.answersOld { reply.ok() }
    }

    private struct Options {
        var onlyIfAbsent = false
        var onlyIfPresent = false
        var answersOld = false
        var keepsDeadline = false
        var deadline: Deadline?

        init(_ arguments: ByteViews, now: Deadline) throws(CommandError) {
            var index = 3
            while index < arguments.count {
                let word = arguments[index]
                index += 1
                if word.equalsIgnoringCase("nx"), !onlyIfPresent {
                    onlyIfAbsent = true
                } else if word.equalsIgnoringCase("xx"), !onlyIfAbsent {
                    onlyIfPresent = true
                } else if word.equalsIgnoringCase("get") {
                    answersOld = true
                } else if word.equalsIgnoringCase("keepttl"), deadline == nil {
                    keepsDeadline = true
                } else if let unit = ExpiryUnit(word), !keepsDeadline, deadline == nil,
                    index < arguments.count
                {
                    deadline = try unit.deadline(arguments[index], now: now, command: "set")
                    index += 1
                } else {
                    throw .syntax
                }
            }
        }
    }
}

/// The ways to say when something expires.
enum ExpiryUnit {
    /// EX: seconds from now.
    case seconds
    /// PX: milliseconds from now.
    case milliseconds
    /// EXAT: seconds since 1970.
    case secondsSinceEpoch
    /// PXAT: milliseconds since 1970.
    case millisecondsSinceEpoch

    /// The unit that an option's word names.
    init?(_ word: ByteView) {
        if word.equalsIgnoringCase("ex") {
            self = .seconds
        } else if word.equalsIgnoringCase("px") {
            self = .milliseconds
        } else if word.equalsIgnoringCase("exat") {
            self = .secondsSinceEpoch
        } else if word.equalsIgnoringCase("pxat") {
            self = .millisecondsSinceEpoch
        } else {
            return nil
        }
    }

    /// The deadline that `text` says in this unit; must lie behind 1970.
    func deadline(
        _ text: ByteView, now: Deadline, command: String
    ) throws(CommandError) -> Deadline {
        guard var amount = Decimal.parse(text) else { throw .notAnInteger }
        if amount <= 0 { throw .invalidExpireTime(command) }
        if self == .seconds || self == .secondsSinceEpoch {
            if amount > Int64.max / 1000 { throw .invalidExpireTime(command) }
            amount *= 1000
        }
        if self == .seconds || self == .milliseconds {
            let (sum, isOver) = amount.addingReportingOverflow(now.millisecondsSinceEpoch)
            if isOver { throw .invalidExpireTime(command) }
            amount = sum
        }
        return Deadline(millisecondsSinceEpoch: amount)
    }
}
