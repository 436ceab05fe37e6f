/// ZRANK key member [WITHSCORE], ZREVRANK (from the highest score)
///
/// The rank of a member, from 0; nil where it is absent. O(log n). WITHSCORE (Redis 7.2) replies the rank and
/// the score. Errors: WRONGTYPE, syntax.
import Bytes
import RESP

enum ZRankCommands {
    static var zrank: CommandSpec {
        spec("zrank", "Determine the index of a member in a sorted set") { rank, _ in rank }
    }

    static var zrevrank: CommandSpec {
        spec(
            "zrevrank",
            "Determine the index of a member in a sorted set, with scores ordered from high to low"
        ) { rank, count in count - 1 - rank }
    }

    private static func spec(
        _ name: String, _ summary: String, _ place: @escaping (_ rank: Int, _ count: Int) -> Int
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -3, [.readonly, .fast], keys: [.read], group: .sortedSet, since: "2.0.0",
            summary: summary, complexity: "O(log(N))", syntax: "key member [WITHSCORE]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 4 { throw .wrongArity(name) }
            let withScore = arguments.count == 4
            if withScore && !arguments[3].equalsIgnoringCase("withscore") { throw .syntax }
            guard let value = try engine.readSortedSet(arguments[1], session),
                let (rank, score) = value.rank(of: arguments[2], engine.heap)
            else {
                withScore ? reply.nullArray() : reply.null()
                return
            }
            if withScore { reply.array(2) }
            reply.integer(place(rank, value.count))
            if withScore { reply.double(score) }
        }
    }
}
