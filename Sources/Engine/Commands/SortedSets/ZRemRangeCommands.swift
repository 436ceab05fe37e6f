/// ZREMRANGEBYRANK key start stop, ZREMRANGEBYSCORE key min max, ZREMRANGEBYLEX key min max
///
/// Takes the members of a range out; an emptied sorted set goes. O(log n + m log n); O(1) for all of them.
/// Replies how many they were. Errors: WRONGTYPE, bounds that are none.
import Bytes
import RESP
import Records

enum ZRemRangeCommands {
    static var byRank: CommandSpec {
        spec(
            "zremrangebyrank", "2.0.0",
            "Remove all members in a sorted set within the given indexes",
            "key start stop"
        ) { (low, high, find) throws(CommandError) in
            let range = try RankRange(low, high)
            return try find { range.ranks(of: $0.count) }
        }
    }

    static var byScore: CommandSpec {
        spec(
            "zremrangebyscore", "1.2.0",
            "Remove all members in a sorted set within the given scores", "key min max"
        ) { (low, high, find) throws(CommandError) in
            let range = try ScoreRange(low, high)
            return try find { range.ranks(in: $0) }
        }
    }

    static var byMember: CommandSpec {
        spec(
            "zremrangebylex", "2.8.9",
            "Remove all members in a sorted set between the given lexicographical range",
            "key min max"
        ) { (low, high, find) throws(CommandError) in
            let range = try MemberRange(low, high)
            return try find { range.ranks(in: $0) }
        }
    }

    /// Finds the sorted set and asks for ranks in it; 0 where it is absent.
    private typealias Find = ((SortedSetValue) -> Range<Int>) throws(CommandError) -> Int

    private static func spec(
        _ name: StaticString, _ since: String, _ summary: String, _ syntax: String,
        _ remove:
            @escaping (_ low: ByteView, _ high: ByteView, _ find: Find) throws(CommandError)
            -> Int
    ) -> CommandSpec {
        CommandSpec(
            "\(name)", arity: 4, [.write], keys: [KeySpec(["RW", "delete"])], group: .sortedSet,
            since: since, summary: summary,
            complexity:
                "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation.",
            syntax: syntax
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let removed = try remove(arguments[2], arguments[3]) { (ranks) throws(CommandError) in
                guard let position = try engine.locateSortedSet(key, session) else { return 0 }
                let range = ranks(SortedSetValue(position.entry))
                if !range.isEmpty { engine.removeRanks(range, at: position, key, name, session) }
                return range.count
            }
            reply.integer(removed)
        }
    }
}
