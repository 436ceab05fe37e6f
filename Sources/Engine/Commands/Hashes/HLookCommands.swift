/// HEXISTS key field, HLEN key, HSTRLEN key field
///
/// Whether a field is there; how many are; how long a value is (0 where absent). O(1). Errors: WRONGTYPE.
import Bytes
import RESP

enum HLookCommands {
    static var hexists: CommandSpec {
        CommandSpec(
            "hexists", arity: 3, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .hash,
            since: "2.0.0", summary: "Determines whether a field exists in a hash.",
            syntax: "key field"
        ) { engine, session, arguments, reply throws(CommandError) in
            let hash = try engine.readHash(arguments[1], session)
            reply.integer(hash?.value(of: arguments[2], engine.heap) == nil ? 0 : 1)
        }
    }

    static var hlen: CommandSpec {
        CommandSpec(
            "hlen", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .hash,
            since: "2.0.0", summary: "Returns the number of fields in a hash.", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.integer(try engine.readHash(arguments[1], session)?.count ?? 0)
        }
    }

    static var hstrlen: CommandSpec {
        CommandSpec(
            "hstrlen", arity: 3, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .hash,
            since: "3.2.0", summary: "Returns the length of the value of a field.",
            syntax: "key field"
        ) { engine, session, arguments, reply throws(CommandError) in
            let hash = try engine.readHash(arguments[1], session)
            reply.integer(hash?.value(of: arguments[2], engine.heap)?.count ?? 0)
        }
    }
}
