/// ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES], and what came before it:
/// ZREVRANGE, ZRANGEBYSCORE, ZREVRANGEBYSCORE, ZRANGEBYLEX, ZREVRANGEBYLEX
///
/// The members of a range, in order. O(log n + members). Empty where the key is absent.
/// Errors: WRONGTYPE, bounds that are none, syntax.
import Bytes
import RESP

enum ZRangeCommands {
    static var zrange: CommandSpec {
        spec(
            "zrange", "1.2.0", "Return a range of members in a sorted set",
            "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
            .init(), nil, isShort: true)
    }

    static var zrevrange: CommandSpec {
        spec(
            "zrevrange", "1.2.0",
            "Return a range of members in a sorted set, by index, with scores ordered from high to low",
            "key start stop [WITHSCORES]", .init(kind: .rank, isReversed: true),
            "`ZRANGE` with the `REV` argument", isShort: true)
    }

    static var zrangebyscore: CommandSpec {
        spec(
            "zrangebyscore", "1.0.5", "Return a range of members in a sorted set, by score",
            "key min max [WITHSCORES] [LIMIT offset count]",
            .init(kind: .score, isReversed: false), "`ZRANGE` with the `BYSCORE` argument")
    }

    static var zrevrangebyscore: CommandSpec {
        spec(
            "zrevrangebyscore", "2.2.0",
            "Return a range of members in a sorted set, by score, with scores ordered from high to low",
            "key max min [WITHSCORES] [LIMIT offset count]",
            .init(kind: .score, isReversed: true),
            "`ZRANGE` with the `REV` and `BYSCORE` arguments")
    }

    static var zrangebylex: CommandSpec {
        spec(
            "zrangebylex", "2.8.9",
            "Return a range of members in a sorted set, by lexicographical range",
            "key min max [LIMIT offset count]", .init(kind: .member, isReversed: false),
            "`ZRANGE` with the `BYLEX` argument")
    }

    static var zrevrangebylex: CommandSpec {
        spec(
            "zrevrangebylex", "2.8.9",
            "Return a range of members in a sorted set, by lexicographical range, ordered from higher to lower strings.",
            "key max min [LIMIT offset count]", .init(kind: .member, isReversed: true),
            "`ZRANGE` with the `REV` and `BYLEX` arguments")
    }

    private static func spec(
        _ name: String, _ since: String, _ summary: String, _ syntax: String,
        _ form: ZRangeQuery.Form, _ replacement: String?, isShort: Bool = false
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -4, [.readonly], keys: [.read], group: .sortedSet, since: since,
            summary: summary,
            complexity: isShort
                ? "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned."
                : "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).",
            syntax: syntax,
            deprecation: replacement.map { Deprecation(since: "6.2.0", replacement: $0) }
        ) { engine, session, arguments, reply throws(CommandError) in
            let query = try ZRangeQuery(arguments, from: 2, form)
            guard let value = try engine.readSortedSet(arguments[1], session) else {
                reply.array(0)
                return
            }
            let ranks = query.ranks(in: value)
            reply.scoredHead(ranks.count, query.withScores)
            func show(_ member: ByteView, _ score: Double) -> Bool {
                reply.scored(member, score, query.withScores)
                return true
            }
            if query.isReversed {
                value.forEachBackwards(ranks: ranks, show)
            } else {
                value.forEach(ranks: ranks, show)
            }
        }
    }
}
