/// MSET key value [key value ...]
///
/// Makes each key the string behind it, without a deadline. O(keys). Replies OK. Errors: a key without
/// a value.
///
/// MSETNX key value [key value ...]
///
/// The same, if none of the keys is there. Replies 1; 0 where one was, and nothing is changed.
import Bytes
import RESP
import Records

enum MsetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "mset", arity: -3, [.write, .denyoom],
            keys: [KeySpec(["OW", "update"], last: -1, step: 2)], group: .string, since: "1.0.1",
            summary: "Sets the string values of several keys at once.",
            complexity: "O(N) where N is the number of keys to set.",
            syntax: "key value [key value ...]",
            tips: ["request_policy:multi_shard", "response_policy:all_succeeded"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count.isMultiple(of: 2) { throw .wrongArity("mset") }
            setAll(engine, session, arguments)
            reply.ok()
        }
    }

    static var msetnx: CommandSpec {
        CommandSpec(
            "msetnx", arity: -3, [.write, .denyoom],
            keys: [KeySpec(["OW", "insert"], last: -1, step: 2)], group: .string, since: "1.0.1",
            summary: "Sets the string values of several keys if none of them exists.",
            complexity: "O(N) where N is the number of keys to set.",
            syntax: "key value [key value ...]",
            tips: ["request_policy:multi_shard", "response_policy:agg_min"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count.isMultiple(of: 2) { throw .wrongArity("msetnx") }
            for index in stride(from: 1, to: arguments.count, by: 2)
            where engine.locate(arguments[index], session) != nil {
                reply.integer(0)
                return
            }
            setAll(engine, session, arguments)
            reply.integer(1)
        }
    }

    @inline(__always)
    private static func setAll(_ engine: Engine, _ session: Session, _ arguments: ByteViews) {
        var index = 1
        while index < arguments.count {
            let key = arguments[index]
            engine.setString(
                key, arguments[index + 1], deadline: nil, at: engine.locate(key, session), session)
            engine.notify(.string, "set", key, session.database)
            index += 2
        }
        engine.record(.setMany(pairs: arguments.dropFirst(1)), database: session.database)
    }
}
