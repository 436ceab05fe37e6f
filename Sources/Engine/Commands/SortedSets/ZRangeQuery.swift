/// What all commands that read a range share: the words behind the key, and the ranks they come to.
///
/// A command fixes what its name says (ZREVRANGEBYSCORE: by score, reversed) and leaves the rest to its
/// arguments, as ZRANGE does.
import Bytes

/// A range that a command asks for.
struct ZRangeQuery {
    /// What the bounds are.
    enum Kind {
        case rank
        case score
        case member
    }

    /// What a command's name fixes; nil: its arguments say.
    struct Form {
        var kind: Kind?
        var isReversed: Bool?
        var allowsScores = true
    }

    private enum Bounds {
        case rank(RankRange)
        case score(ScoreRange)
        case member(MemberRange)
    }

    let isReversed: Bool
    let withScores: Bool
    private let limit: RangeLimit
    private let bounds: Bounds

    /// Reads the bounds at `start`, and the options behind them.
    init(_ arguments: ByteViews, from start: Int, _ form: Form) throws(CommandError) {
        var kind = form.kind
        var isReversed = form.isReversed
        var withScores = false
        var limit = RangeLimit()
        var index = start + 2
        while index < arguments.count {
            let word = arguments[index]
            if form.allowsScores, word.equalsIgnoringCase("withscores") {
                withScores = true
            } else if word.equalsIgnoringCase("limit"), index + 2 < arguments.count {
                guard let offset = Decimal.parse(arguments[index + 1]),
                    let count = Decimal.parse(arguments[index + 2])
                else { throw .notAnInteger }
                limit = RangeLimit(offset: Int(offset), count: Int(count))
                index += 2
            } else if form.isReversed == nil, isReversed == nil, word.equalsIgnoringCase("rev") {
                isReversed = true
            } else if kind == nil, word.equalsIgnoringCase("bylex") {
                kind = .member
            } else if kind == nil, word.equalsIgnoringCase("byscore") {
                kind = .score
            } else {
                throw .syntax
            }
            index += 1
        }
        if limit.count != -1 && kind ?? .rank == .rank {
            throw CommandError(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
            )
        }
        if withScores && kind == .member {
            throw CommandError(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX")
        }
        self.isReversed = isReversed ?? false
        self.withScores = withScores
        self.limit = limit
        let (first, second) = (arguments[start], arguments[start + 1])
        // Reversed ranges of scores and members are written from the highest down.
        let (low, high) = self.isReversed ? (second, first) : (first, second)
        switch kind ?? .rank {
        case .rank: bounds = .rank(try RankRange(first, second))
        case .score: bounds = .score(try ScoreRange(low, high))
        case .member: bounds = .member(try MemberRange(low, high))
        }
    }

    /// Whether the bounds are ranks.
    var isByRank: Bool {
        if case .rank = bounds { return true }
        return false
    }

    /// The ranks it comes to, from the lowest score whatever the direction. O(log n).
    func ranks(in value: SortedSetValue) -> Range<Int> {
        switch bounds {
        case .rank(let range): range.ranks(of: value.count, reversed: isReversed)
        case .score(let range): limit.ranks(of: range.ranks(in: value), reversed: isReversed)
        case .member(let range): limit.ranks(of: range.ranks(in: value), reversed: isReversed)
        }
    }
}
