/// INCR key
/// DECR key
/// INCRBY key increment
/// DECRBY key decrement
///
/// Adds to the integer at `key`; an absent key is 0. The deadline stays. O(1), in place where the entry
/// is an integer already. Replies the sum. Errors: not an integer (the argument first), WRONGTYPE,
/// overflow. Recorded as its result.
import Bytes
import RESP
import Records

enum IncrCommand {
    static var spec: CommandSpec {
        command("incr", arity: 2, summary: "Adds one to the integer at a key.", syntax: "key") {
            engine, session, arguments, reply throws(CommandError) in
            try add(1, to: arguments[1], engine, session, reply)
        }
    }

    static var decr: CommandSpec {
        command("decr", arity: 2, summary: "Takes one from the integer at a key.", syntax: "key") {
            engine, session, arguments, reply throws(CommandError) in
            try add(-1, to: arguments[1], engine, session, reply)
        }
    }

    static var incrby: CommandSpec {
        command(
            "incrby", arity: 3, summary: "Adds a number to the integer at a key.",
            syntax: "key increment"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let delta = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            try add(delta, to: arguments[1], engine, session, reply)
        }
    }

    static var decrby: CommandSpec {
        command(
            "decrby", arity: 3, summary: "Takes a number from the integer at a key.",
            syntax: "key decrement"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let delta = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if delta == .min { throw .decrementOverflow }
            try add(-delta, to: arguments[1], engine, session, reply)
        }
    }

    private static func command(
        _ name: String, arity: Int, summary: String, syntax: String,
        handler: @escaping CommandHandler
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.write, .denyoom, .fast], keys: [.updated], group: .string,
            since: "1.0.0", summary: summary + " An absent key is taken for 0.", syntax: syntax,
            handler: handler)
    }

    @inline(__always)
    private static func add(
        _ delta: Int64, to key: ByteView, _ engine: Engine, _ session: Session,
        _ reply: ReplyWriter
    ) throws(CommandError) {
        let position = engine.locate(key, session)
        var old: Int64 = 0
        var deadline: Deadline?
        if let entry = position?.entry {
            old = try engine.integer(of: entry)
            deadline = entry.deadline
        }
        let (sum, isOver) = old.addingReportingOverflow(delta)
        if isOver { throw .overflow }
        engine.setInteger(key, sum, deadline: deadline, at: position, session)
        engine.notify(.string, "incrby", key, session.database)
        let text = engine.digits(sum)
        engine.record(
            deadline == nil
                ? .set(key: key, value: text, deadline: nil)
                : .setKeepingDeadline(key: key, value: text), database: session.database)
        reply.integer(Int(sum))
    }
}
