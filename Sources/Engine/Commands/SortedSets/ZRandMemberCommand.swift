/// ZRANDMEMBER key [count [WITHSCORES]]
///
/// Random members: one; `count` different ones; or, for a negative count, that many which may repeat. O(log n) a
/// member. Replies nil (one) or an empty array where the key is absent. Errors: WRONGTYPE, syntax, range.
import Bytes
import RESP

enum ZRandMemberCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "zrandmember", arity: -2, [.readonly], keys: [.read], group: .sortedSet,
            since: "6.2.0", summary: "Get one or multiple random elements from a sorted set",
            complexity: "O(N) where N is the number of elements returned",
            syntax: "key [count [WITHSCORES]]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count == 2 {
                let value = try engine.readSortedSet(arguments[1], session)
                if let (member, _) = value?.randomMember(using: &engine.random) {
                    reply.bulk(member)
                } else {
                    reply.null()
                }
                return
            }
            guard let count = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if count == .min { throw .outOfRange(-.max, .max) }
            let withScores = arguments.count == 4
            if arguments.count > 4 || withScores && !arguments[3].equalsIgnoringCase("withscores") {
                throw .syntax
            }
            if withScores && count.magnitude > UInt64(Int64.max / 2) {
                throw CommandError("ERR value is out of range")
            }
            guard let value = try engine.readSortedSet(arguments[1], session) else {
                reply.array(0)
                return
            }
            if count < 0 {
                reply.scoredHead(Int(-count), withScores)
                for _ in 0..<(-count) {
                    guard let (member, score) = value.randomMember(using: &engine.random) else {
                        return
                    }
                    reply.scored(member, score, withScores)
                }
            } else {
                distinct(value, Int(count), withScores, engine, reply)
            }
        }
    }

    private static func distinct(
        _ value: SortedSetValue, _ count: Int, _ withScores: Bool, _ engine: Engine,
        _ reply: ReplyWriter
    ) {
        let total = value.count
        let wanted = min(count, total)
        reply.scoredHead(wanted, withScores)
        if wanted == 0 { return }
        if wanted * 3 > total || value.isPacked {
            // Most are wanted: choose while walking (each subset as likely as any other).
            var left = total
            var need = wanted
            value.forEach { member, score in
                if need > 0, Int.random(in: 0..<left, using: &engine.random) < need {
                    reply.scored(member, score, withScores)
                    need -= 1
                }
                left -= 1
            }
            return
        }
        var seen = Set<Int>()
        while seen.count < wanted {
            let rank = Int.random(in: 0..<total, using: &engine.random)
            if seen.insert(rank).inserted {
                let (member, score) = value.member(at: rank)
                reply.scored(member, score, withScores)
            }
        }
    }
}
