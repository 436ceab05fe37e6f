/// ZCARD key, ZCOUNT key min max (by score), ZLEXCOUNT key min max (by bytes, where all scores are equal)
///
/// How many members there are, and how many in a range; 0 where the key is absent. O(1), O(log n).
/// Errors: WRONGTYPE, bounds that are none.
import Bytes
import RESP

enum ZCountCommands {
    static var zcard: CommandSpec {
        CommandSpec(
            "zcard", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .sortedSet,
            since: "1.2.0", summary: "Get the number of members in a sorted set", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.integer(try engine.readSortedSet(arguments[1], session)?.count ?? 0)
        }
    }

    static var zcount: CommandSpec {
        CommandSpec(
            "zcount", arity: 4, [.readonly, .fast], keys: [.read], group: .sortedSet,
            since: "2.0.0",
            summary: "Count the members in a sorted set with scores within the given values",
            complexity: "O(log(N)) with N being the number of elements in the sorted set.",
            syntax: "key min max"
        ) { engine, session, arguments, reply throws(CommandError) in
            let range = try ScoreRange(arguments[2], arguments[3])
            let value = try engine.readSortedSet(arguments[1], session)
            reply.integer(value.map { range.ranks(in: $0).count } ?? 0)
        }
    }

    static var zlexcount: CommandSpec {
        CommandSpec(
            "zlexcount", arity: 4, [.readonly, .fast], keys: [.read], group: .sortedSet,
            since: "2.8.9",
            summary:
                "Count the number of members in a sorted set between a given lexicographical range",
            complexity: "O(log(N)) with N being the number of elements in the sorted set.",
            syntax: "key min max"
        ) { engine, session, arguments, reply throws(CommandError) in
            let range = try MemberRange(arguments[2], arguments[3])
            let value = try engine.readSortedSet(arguments[1], session)
            reply.integer(value.map { range.ranks(in: $0).count } ?? 0)
        }
    }
}
