/// ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]
///
/// The destination becomes a sorted set of the range's members, or goes where there are none. O(log n + members
/// log members). Replies how many they are. Errors: WRONGTYPE, bounds that are none, syntax.
import Bytes
import RESP
import Records

enum ZRangeStoreCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "zrangestore", arity: -5, [.write, .denyoom],
            keys: [KeySpec(["OW", "update"]), KeySpec(["RO", "access"], first: 2)],
            group: .sortedSet, since: "6.2.0",
            summary: "Store a range of members from sorted set into another key",
            complexity:
                "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
            syntax: "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let query = try ZRangeQuery(arguments, from: 3, .init(allowsScores: false))
            var members: [(member: ByteView, score: Double)] = []
            if let value = try engine.readSortedSet(arguments[2], session) {
                let ranks = query.ranks(in: value)
                members.reserveCapacity(ranks.count)
                value.forEach(ranks: ranks) { member, score in
                    members.append((member, score))
                    return true
                }
                dropSigns(&members, query, engine.settings.limits)
            }
            engine.storeSortedSet(arguments[1], members, "zrangestore", session)
            reply.integer(members.count)
        }
    }

    /// Redis begins with a small sorted set, which keeps no sign of zero, unless it knows from ranks that the
    /// result is large; members put in before it grew large have lost theirs.
    private static func dropSigns(
        _ members: inout [(member: ByteView, score: Double)], _ query: ZRangeQuery,
        _ limits: CollectionLimits
    ) {
        if query.isByRank && members.count > limits.maximumPackedSortedSet { return }
        var left = limits.maximumPackedSortedSet
        for step in members.indices {
            let index = query.isReversed ? members.count - 1 - step : step
            let isLong = members[index].member.count > limits.maximumPackedSortedSetBytes
            if left == 0 || isLong { return }
            if members[index].score == 0 { members[index].score = 0 }
            left -= 1
        }
    }
}
