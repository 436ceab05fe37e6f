/// SETEX key seconds value
/// PSETEX key milliseconds value
///
/// Makes `key` a string that expires, whatever it was. O(1). Replies OK. Errors: not an integer, invalid
/// expire time.
import Bytes
import RESP
import Records

enum SetexCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "setex", arity: 4, [.write, .denyoom], keys: [.overwritten], group: .string,
            since: "2.0.0",
            summary: "Sets the string value of a key and its time to live in seconds.",
            syntax: "key seconds value"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, .seconds, "setex")
        }
    }

    static var psetex: CommandSpec {
        CommandSpec(
            "psetex", arity: 4, [.write, .denyoom], keys: [.overwritten], group: .string,
            since: "2.6.0",
            summary: "Sets the string value of a key and its time to live in milliseconds.",
            syntax: "key milliseconds value"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, .milliseconds, "psetex")
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter,
        _ unit: ExpiryUnit, _ name: String
    ) throws(CommandError) {
        let deadline = try unit.deadline(arguments[2], now: engine.now, command: name)
        let key = arguments[1]
        engine.setString(
            key, arguments[3], deadline: deadline, at: engine.locate(key, session), session)
        engine.notify(.string, "set", key, session.database)
        engine.notify(.generic, "expire", key, session.database)
        engine.record(
            .set(key: key, value: arguments[3], deadline: deadline), database: session.database)
        reply.ok()
    }
}
