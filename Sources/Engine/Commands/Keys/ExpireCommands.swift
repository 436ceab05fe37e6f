/// EXPIRE key seconds, PEXPIRE key milliseconds, EXPIREAT key unix-time-seconds and
/// PEXPIREAT key unix-time-milliseconds, each with [NX | XX | GT | LT]
///
/// Gives a key a deadline. O(1). Replies 1, or 0 where the key is absent or the option kept it from
/// happening. A deadline that has passed deletes the key. Errors: no integer, invalid expire time,
/// unsupported option, options that exclude each other.
import Bytes
import RESP
import Records

enum ExpireCommands {
    static var expire: CommandSpec {
        spec(
            "expire", .seconds, "1.0.0", "Sets the expiration time of a key in seconds.", "seconds")
    }
    static var pexpire: CommandSpec {
        spec(
            "pexpire", .milliseconds, "2.6.0",
            "Sets the expiration time of a key in milliseconds.", "milliseconds")
    }
    static var expireat: CommandSpec {
        spec(
            "expireat", .secondsSinceEpoch, "1.2.0",
            "Sets the expiration time of a key to a Unix timestamp.", "unix-time-seconds")
    }
    static var pexpireat: CommandSpec {
        spec(
            "pexpireat", .millisecondsSinceEpoch, "2.6.0",
            "Sets the expiration time of a key to a Unix timestamp in milliseconds.",
            "unix-time-milliseconds")
    }

    private static func spec(
        _ name: String, _ unit: ExpiryUnit, _ since: String, _ summary: String, _ word: String
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -3, [.write, .fast], keys: [KeySpec(["RW", "update"])], group: .generic,
            since: since, summary: summary, syntax: "key \(word) [NX | XX | GT | LT]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let condition = try Condition(arguments)
            let deadline = try unit.anyDeadline(arguments[2], now: engine.now, command: name)
            guard let position = engine.locate(arguments[1], session),
                condition.allows(deadline, instead: position.entry.deadline)
            else {
                reply.integer(0)
                return
            }
            let key = arguments[1]
            if deadline <= engine.now && !session.isReplay {
                engine.remove(position, database: session.database)
                engine.notify(.generic, "del", key, session.database)
                engine.record(.delete(key: key), database: session.database)
            } else {
                engine.setDeadline(deadline, at: position, database: session.database)
                engine.notify(.generic, "expire", key, session.database)
                engine.record(.expire(key: key, deadline: deadline), database: session.database)
            }
            reply.integer(1)
        }
    }

    /// NX, XX, GT, LT.
    private struct Condition {
        var onlyIfNone = false
        var onlyIfSome = false
        var onlyIfLater = false
        var onlyIfSooner = false

        init(_ arguments: ByteViews) throws(CommandError) {
            for word in arguments.dropFirst(3) {
                if word.equalsIgnoringCase("nx") {
                    onlyIfNone = true
                } else if word.equalsIgnoringCase("xx") {
                    onlyIfSome = true
                } else if word.equalsIgnoringCase("gt") {
                    onlyIfLater = true
                } else if word.equalsIgnoringCase("lt") {
                    onlyIfSooner = true
                } else {
                    throw CommandError(
                        bytes: Array("ERR Unsupported option ".utf8) + CommandError.shown(word))
                }
            }
            if onlyIfNone && (onlyIfSome || onlyIfLater || onlyIfSooner) {
                throw CommandError(
                    "ERR NX and XX, GT or LT options at the same time are not compatible")
            }
            if onlyIfLater && onlyIfSooner {
                throw CommandError("ERR GT and LT options at the same time are not compatible")
            }
        }

        /// Whether the new deadline may take the old one's place; none counts as the latest.
        func allows(_ new: Deadline, instead old: Deadline?) -> Bool {
            if onlyIfNone && old != nil { return false }
            if onlyIfSome && old == nil { return false }
            if onlyIfLater { return old.map { new > $0 } ?? false }
            if onlyIfSooner { return old.map { new < $0 } ?? true }
            return true
        }
    }
}

extension ExpiryUnit {
    /// The deadline that `text` says in this unit, past ones included.
    func anyDeadline(
        _ text: ByteView, now: Deadline, command: String
    ) throws(CommandError) -> Deadline {
        guard var amount = Decimal.parse(text) else { throw .notAnInteger }
        if self == .seconds || self == .secondsSinceEpoch {
            if amount > Int64.max / 1000 || amount < Int64.min / 1000 {
                throw .invalidExpireTime(command)
            }
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
