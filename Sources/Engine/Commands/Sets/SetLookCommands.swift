/// SISMEMBER key member, SMISMEMBER key member [member ...], SCARD key, SMEMBERS key
///
/// Whether members are in a set (O(1) each), how many there are (O(1)), all of them (O(n)). An absent key is
/// an empty set. Errors: WRONGTYPE.
import Bytes
import RESP

enum SetLookCommands {
    static var sismember: CommandSpec {
        CommandSpec(
            "sismember", arity: 3, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .set,
            since: "1.0.0", summary: "Determine if a given value is a member of a set",
            syntax: "key member"
        ) { engine, session, arguments, reply throws(CommandError) in
            let set = try engine.readSet(arguments[1], session)
            reply.integer(set?.contains(arguments[2], engine.heap) == true ? 1 : 0)
        }
    }

    static var smismember: CommandSpec {
        CommandSpec(
            "smismember", arity: -3, [.readonly, .fast], keys: [.read], group: .set,
            since: "6.2.0",
            summary: "Returns the membership associated with the given elements for a set",
            complexity: "O(N) where N is the number of elements being checked for membership",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let set = try engine.readSet(arguments[1], session)
            reply.array(arguments.count - 2)
            for member in arguments.dropFirst(2) {
                reply.integer(set?.contains(member, engine.heap) == true ? 1 : 0)
            }
        }
    }

    static var scard: CommandSpec {
        CommandSpec(
            "scard", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .set,
            since: "1.0.0", summary: "Get the number of members in a set", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.integer(try engine.readSet(arguments[1], session)?.count ?? 0)
        }
    }

    static var smembers: CommandSpec {
        CommandSpec(
            "smembers", arity: 2, [.readonly], keys: [.read], group: .set, since: "1.0.0",
            summary: "Get all the members in a set",
            complexity: "O(N) where N is the set cardinality.", syntax: "key",
            tips: ["nondeterministic_output_order"]
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let set = try engine.readSet(arguments[1], session) else {
                reply.set(0)
                return
            }
            reply.set(set.count)
            set.forEach { reply.bulk($0) }
        }
    }
}
