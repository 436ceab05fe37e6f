/// ZUNION, ZINTER, ZDIFF numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]
/// ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE destination numkeys key ... (the same, without WITHSCORES)
/// ZINTERCARD numkeys key [key ...] [LIMIT limit]
///
/// Sources are sorted sets and plain sets. ZDIFF takes neither weights nor an aggregate. Replies the members in
/// order; STORE how many the destination has, which goes where there are none. O(members log members).
/// Errors: WRONGTYPE, numbers, syntax.
import Bytes
import RESP
import Records

enum ZAlgebraCommands {
    static var zunion: CommandSpec { look("zunion", "Add multiple sorted sets", .union) }

    static var zinter: CommandSpec {
        look("zinter", "Intersect multiple sorted sets", .intersection)
    }

    static var zdiff: CommandSpec { look("zdiff", "Subtract multiple sorted sets", .difference) }

    static var zunionstore: CommandSpec {
        store(
            "zunionstore", "2.0.0",
            "Add multiple sorted sets and store the resulting sorted set in a new key", .union)
    }

    static var zinterstore: CommandSpec {
        store(
            "zinterstore", "2.0.0",
            "Intersect multiple sorted sets and store the resulting sorted set in a new key",
            .intersection)
    }

    static var zdiffstore: CommandSpec {
        store(
            "zdiffstore", "6.2.0",
            "Subtract multiple sorted sets and store the resulting sorted set in a new key",
            .difference)
    }

    static var zintercard: CommandSpec {
        CommandSpec(
            "zintercard", arity: -3, [.readonly, .movablekeys],
            keys: [.counted(["RO", "access"], at: 1)], group: .sortedSet, since: "7.0.0",
            summary: "Intersect multiple sorted sets and return the cardinality of the result",
            complexity:
                "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.",
            syntax: "numkeys key [key ...] [LIMIT limit]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let request = try AlgebraRequest(
                engine, session, arguments, at: 1, [.limit], name: "zintercard")
            var count = 0
            SortedSetAlgebra.intersect(request.sources, .sum, engine.heap) { _, _, _ in
                count += 1
                return request.limit == 0 || count < request.limit
            }
            reply.integer(count)
        }
    }

    private static let arguments = "[WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]"

    private static func look(
        _ name: String, _ summary: String, _ operation: SortedSetAlgebra
    ) -> CommandSpec {
        let words: AlgebraRequest.Words =
            operation == .difference ? [.scores] : [.scores, .weights]
        return CommandSpec(
            name, arity: -3, [.readonly, .movablekeys],
            keys: [.counted(["RO", "access"], at: 1)], group: .sortedSet, since: "6.2.0",
            summary: summary, complexity: complexity(operation),
            syntax: operation == .difference
                ? "numkeys key [key ...] [WITHSCORES]"
                : "numkeys key [key ...] \(arguments) [WITHSCORES]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let request = try AlgebraRequest(
                engine, session, arguments, at: 1, words, name: name)
            let keeper = ViewKeeper()
            withExtendedLifetime(keeper) {
                let members = operation.members(
                    of: request.sources, request.aggregate, engine.heap, keeper)
                reply.scoredHead(members.count, request.withScores)
                for each in members {
                    reply.scored(each.member, each.score, request.withScores)
                }
            }
        }
    }

    private static func store(
        _ name: StaticString, _ since: String, _ summary: String, _ operation: SortedSetAlgebra
    ) -> CommandSpec {
        CommandSpec(
            "\(name)", arity: -4, [.write, .denyoom, .movablekeys],
            keys: [KeySpec(["OW", "update"]), .counted(["RO", "access"], at: 2)],
            group: .sortedSet, since: since, summary: summary, complexity: complexity(operation),
            syntax: operation == .difference
                ? "destination numkeys key [key ...]"
                : "destination numkeys key [key ...] \(arguments)"
        ) { engine, session, arguments, reply throws(CommandError) in
            let request = try AlgebraRequest(
                engine, session, arguments, at: 2, operation == .difference ? [] : [.weights],
                name: "\(name)")
            let keeper = ViewKeeper()
            withExtendedLifetime(keeper) {
                let members = operation.members(
                    of: request.sources, request.aggregate, engine.heap, keeper)
                engine.storeSortedSet(arguments[1], members, name, session)
                reply.integer(members.count)
            }
        }
    }

    private static func complexity(_ operation: SortedSetAlgebra) -> String {
        switch operation {
        case .union:
            "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set."
        case .intersection:
            "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set."
        case .difference:
            "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set."
        }
    }
}

/// The arguments of these commands.
struct AlgebraRequest {
    /// Words that a command understands.
    struct Words: OptionSet {
        let rawValue: Int
        static let weights = Words(rawValue: 1)
        static let scores = Words(rawValue: 2)
        static let limit = Words(rawValue: 4)
    }

    private(set) var sources: [WeightedSource] = []
    private(set) var aggregate = ScoreAggregate.sum
    private(set) var withScores = false
    /// 0: none.
    private(set) var limit = 0

    /// Reads the number of keys at `place`, the keys, and the words behind them.
    init(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, at place: Int,
        _ words: Words, name: String
    ) throws(CommandError) {
        guard let number = Decimal.parse(arguments[place]) else { throw .notAnInteger }
        if number < 1 {
            throw CommandError("ERR at least 1 input key is needed for '\(name)' command")
        }
        if number > arguments.count - place - 1 { throw .syntax }
        let end = place + 1 + Int(number)
        for index in (place + 1)..<end {
            sources.append(WeightedSource(source: try engine.readSource(arguments[index], session)))
        }
        try parse(arguments, from: end, words)
    }

    private mutating func parse(
        _ arguments: ByteViews, from start: Int, _ words: Words
    ) throws(CommandError) {
        var index = start
        while index < arguments.count {
            let word = arguments[index]
            let left = arguments.count - index
            if words.contains(.weights), left > sources.count, word.equalsIgnoringCase("weights") {
                for source in sources.indices {
                    guard let weight = Score.parse(arguments[index + 1 + source]) else {
                        throw CommandError("ERR weight value is not a float")
                    }
                    sources[source].weight = weight
                }
                index += 1 + sources.count
            } else if words.contains(.weights), left > 1, word.equalsIgnoringCase("aggregate") {
                aggregate = try AlgebraRequest.aggregate(arguments[index + 1])
                index += 2
            } else if words.contains(.scores), word.equalsIgnoringCase("withscores") {
                withScores = true
                index += 1
            } else if words.contains(.limit), left > 1, word.equalsIgnoringCase("limit") {
                guard let number = Decimal.parse(arguments[index + 1]), number >= 0 else {
                    throw CommandError("ERR LIMIT can't be negative")
                }
                limit = Int(number)
                index += 2
            } else {
                throw .syntax
            }
        }
    }

    private static func aggregate(_ word: ByteView) throws(CommandError) -> ScoreAggregate {
        if word.equalsIgnoringCase("sum") { return .sum }
        if word.equalsIgnoringCase("min") { return .minimum }
        if word.equalsIgnoringCase("max") { return .maximum }
        throw .syntax
    }
}

extension Engine {
    /// The sorted set or plain set at `key`.
    fileprivate func readSource(
        _ key: ByteView, _ session: Session
    ) throws(CommandError) -> AlgebraSource {
        guard let entry = read(key, session) else { return .absent }
        if entry.kind.isSortedSet { return .sortedSet(SortedSetValue(entry)) }
        if entry.kind.isSet { return .set(SetValue(entry)) }
        throw .wrongType
    }
}
