/// Ranges of sorted sets as commands write them: of scores, of members, of ranks. All become ranges of ranks.
///
///     scores    1.5   (1.5 (excluded)   -inf   +inf
///     members   [abc  (abc (excluded)   - (the lowest)   + (the highest); for members of one score
///     ranks     0 ... n-1 from the lowest score, negative ones from the end
import Bytes

/// A range of scores.
struct ScoreRange {
    let low: Double
    let excludesLow: Bool
    let high: Double
    let excludesHigh: Bool

    init(_ low: ByteView, _ high: ByteView) throws(CommandError) {
        (self.low, excludesLow) = try ScoreRange.bound(low)
        (self.high, excludesHigh) = try ScoreRange.bound(high)
    }

    private static func bound(_ text: ByteView) throws(CommandError) -> (Double, Bool) {
        let isExcluded = text.count > 0 && text[0] == UInt8(ascii: "(")
        let number = isExcluded ? text.dropFirst(1) : text
        if let score = Decimal.parse(number) { return (Double(score), isExcluded) }
        guard let score = FloatText.parseLoosely(number) else { throw .scoreRange }
        return (score, isExcluded)
    }

    /// The ranks of the members with such scores. O(log n).
    func ranks(in value: SortedSetValue) -> Range<Int> {
        let start = value.prefix { excludesLow ? $1 <= low : $1 < low }
        let end = value.prefix { excludesHigh ? $1 < high : $1 <= high }
        return start..<max(start, end)
    }
}

/// A range of members by their bytes, for sets whose members have one score.
struct MemberRange {
    private enum Bound {
        case lowest
        case highest
        case including(ByteView)
        case excluding(ByteView)
    }

    private let low: Bound
    private let high: Bound

    init(_ low: ByteView, _ high: ByteView) throws(CommandError) {
        self.low = try MemberRange.bound(low)
        self.high = try MemberRange.bound(high)
    }

    private static func bound(_ text: ByteView) throws(CommandError) -> Bound {
        guard text.count > 0 else { throw .memberRange }
        switch text[0] {
        case UInt8(ascii: "["): return .including(text.dropFirst(1))
        case UInt8(ascii: "("): return .excluding(text.dropFirst(1))
        case UInt8(ascii: "-") where text.count == 1: return .lowest
        case UInt8(ascii: "+") where text.count == 1: return .highest
        default: throw .memberRange
        }
    }

    private func isBelow(_ member: ByteView) -> Bool {
        switch low {
        case .lowest: false
        case .highest: true
        case .including(let bound): member < bound
        case .excluding(let bound): member.compare(bound) <= 0
        }
    }

    private func isNotAbove(_ member: ByteView) -> Bool {
        switch high {
        case .lowest: false
        case .highest: true
        case .including(let bound): member.compare(bound) <= 0
        case .excluding(let bound): member < bound
        }
    }

    /// The ranks of these members. O(log n).
    func ranks(in value: SortedSetValue) -> Range<Int> {
        let start = value.prefix { member, _ in isBelow(member) }
        let end = value.prefix { member, _ in isNotAbove(member) }
        return start..<max(start, end)
    }
}

/// A range of ranks.
struct RankRange {
    let start: Int
    let stop: Int

    init(_ start: ByteView, _ stop: ByteView) throws(CommandError) {
        guard let start = Decimal.parse(start), let stop = Decimal.parse(stop) else {
            throw .notAnInteger
        }
        self.start = Int(start)
        self.stop = Int(stop)
    }

    /// Those of `count` ranks that it holds, counted from the other end where it is `reversed`.
    func ranks(of count: Int, reversed: Bool = false) -> Range<Int> {
        let first = max(0, start < 0 ? start + count : start)
        let last = min(count - 1, stop < 0 ? stop + count : stop)
        if first > last { return 0..<0 }
        return reversed ? (count - 1 - last)..<(count - first) : first..<(last + 1)
    }
}

/// `LIMIT offset count`.
struct RangeLimit {
    var offset = 0
    /// Negative: all.
    var count = -1

    /// The part of `ranks` that is left, counted from their end where `reversed`.
    func ranks(of ranks: Range<Int>, reversed: Bool) -> Range<Int> {
        guard offset >= 0, offset < ranks.count else { return 0..<0 }
        let left = ranks.count - offset
        let kept = count < 0 ? left : min(count, left)
        if reversed {
            let end = ranks.upperBound - offset
            return (end - kept)..<end
        }
        let start = ranks.lowerBound + offset
        return start..<(start + kept)
    }
}
