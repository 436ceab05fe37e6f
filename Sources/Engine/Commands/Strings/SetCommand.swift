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
            keys: [
                KeySpec(
                    ["RW", "access", "update", "variable_flags"],
                    notes: "RW and ACCESS due to the optional `GET` argument",
                    variant: .init(words: ["get"], from: 3, flags: ["OW", "update"]))
            ], group: .string, since: "1.0.0",
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
                engine.notify(.string, "set", key, session.database)
                engine.record(
                    .set(key: key, value: value, deadline: nil), database: session.database)
                reply.ok()
                return
            }
            let options = try StringOptions(arguments, from: 3, isSet: true)
            try run(engine, session, key, value, options, reply)
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ key: ByteView, _ value: ByteView,
        _ options: StringOptions, _ reply: ReplyWriter
    ) throws(CommandError) {
        let said = try options.deadline(now: engine.now, command: "set")
        let position = engine.locate(key, session)
        let isBlocked =
            options.onlyIfAbsent && position != nil || options.onlyIfPresent && position == nil
        if options.answersOld {
            engine.noteRead(position, key, session)
            if let position { try reply.string(position.entry) } else { reply.null() }
        } else if isBlocked {
            reply.null()
        }
        if isBlocked { return }
        if let said, said <= engine.now, !session.isReplay {
            // Already past: the key is gone at once, and that is what is recorded.
            if let position {
                engine.remove(position, database: session.database)
            } else {
                engine.notify(.new, "new", key, session.database)
            }
            engine.notify(.string, "set", key, session.database)
            engine.notify(.generic, "expire", key, session.database)
            engine.notify(.expired, "expired", key, session.database)
            engine.record(.delete(key: key), database: session.database)
        } else {
            let deadline = options.keepsDeadline ? position?.entry.deadline : said
            engine.setString(key, value, deadline: deadline, at: position, session)
            engine.notify(.string, "set", key, session.database)
            if said != nil { engine.notify(.generic, "expire", key, session.database) }
            engine.record(
                .set(key: key, value: value, deadline: deadline), database: session.database)
        }
        if !options.answersOld { reply.ok() }
    }
}
