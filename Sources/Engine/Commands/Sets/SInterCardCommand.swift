/// SINTERCARD numkeys key [key ...] [LIMIT limit]
///
/// How many members all of the sets have; counting stops at `limit` (0: none). O(the smallest set x sets).
/// Errors: WRONGTYPE, numbers, syntax.
import Bytes
import RESP

enum SInterCardCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "sintercard", arity: -3, [.readonly, .movablekeys],
            keys: [.counted(["RO", "access"], at: 1)], group: .set, since: "7.0.0",
            summary: "Intersect multiple sets and return the cardinality of the result",
            complexity:
                "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
            syntax: "numkeys key [key ...] [LIMIT limit]"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let number = Decimal.parse(arguments[1]), number > 0 else {
                throw CommandError("ERR numkeys should be greater than 0")
            }
            guard number <= arguments.count - 2 else {
                throw CommandError("ERR Number of keys can't be greater than number of args")
            }
            let end = 2 + Int(number)
            var limit: Int64 = 0
            var index = end
            while index < arguments.count {
                guard arguments[index].equalsIgnoringCase("limit"), index + 1 < arguments.count
                else { throw .syntax }
                guard let value = Decimal.parse(arguments[index + 1]), value >= 0 else {
                    throw CommandError("ERR LIMIT can't be negative")
                }
                limit = value
                index += 2
            }
            let sets = try engine.readSets(arguments[2..<end], session)
            let there = sets.compactMap { $0 }.sorted { $0.count < $1.count }
            guard there.count == sets.count, let smallest = there.first else {
                reply.integer(0)
                return
            }
            var count = 0
            smallest.forEach { member in
                if limit > 0 && count >= limit { return }
                if there.dropFirst().allSatisfy({ $0.contains(member, engine.heap) }) { count += 1 }
            }
            reply.integer(count)
        }
    }
}
