/// Unions, intersections and differences of sorted sets and plain sets (whose members have the score 1).
///
/// The result is a list of members with scores, in order; the members lie in their sets (texts of integers: in a
/// keeper). Sums that would be NaN are 0, as in Redis. Smaller sets come first, for the order decides how
/// floating-point sums round.
import Bytes

/// One source.
enum AlgebraSource {
    case absent
    case sortedSet(SortedSetValue)
    case set(SetValue)

    var count: Int {
        switch self {
        case .absent: 0
        case .sortedSet(let value): value.count
        case .set(let value): value.count
        }
    }

    func score(of member: ByteView, _ heap: Heap) -> Double? {
        switch self {
        case .absent: nil
        case .sortedSet(let value): value.score(of: member, heap)
        case .set(let value): value.contains(member, heap) ? 1 : nil
        }
    }

    /// Hands every member to `visit`, until it answers false; an integer's text is valid during the visit only.
    func forEach(_ visit: (_ member: ByteView, _ score: Double) -> Bool) {
        switch self {
        case .absent: return
        case .sortedSet(let value): value.forEach(ranks: 0..<value.count, visit)
        case .set(let value):
            struct End: Error {}
            // What is thrown only ends the walk.
            try? value.forEachMember { (member) throws in
                if !visit(member, 1) { throw End() }
            }
        }
    }

    /// A view of `member`, which a visit handed out, that stays.
    func keep(_ member: ByteView, _ keeper: ViewKeeper) -> ByteView {
        if case .set(let value) = self { return keeper.keep(member, of: value) }
        return member
    }
}

/// How the scores of a member become one.
enum ScoreAggregate {
    case sum
    case minimum
    case maximum

    @inline(__always)
    func combine(_ score: Double, _ other: Double) -> Double {
        switch self {
        case .sum:
            let sum = score + other
            return sum.isNaN ? 0 : sum
        case .minimum: return other < score ? other : score
        case .maximum: return other > score ? other : score
        }
    }
}

/// A source with its weight.
struct WeightedSource {
    let source: AlgebraSource
    var weight = 1.0
}

/// What is done with the sources.
enum SortedSetAlgebra {
    case union
    case intersection
    case difference

    /// Members with scores, in order.
    typealias Members = [(member: ByteView, score: Double)]

    /// The result over `sources`.
    func members(
        of sources: [WeightedSource], _ aggregate: ScoreAggregate, _ heap: Heap,
        _ keeper: ViewKeeper
    ) -> Members {
        var members: Members = []
        switch self {
        case .union: members = SortedSetAlgebra.unite(sources, aggregate, keeper)
        case .intersection:
            SortedSetAlgebra.intersect(sources, aggregate, heap) { source, member, score in
                members.append((source.keep(member, keeper), score))
                return true
            }
        case .difference: members = SortedSetAlgebra.subtract(sources, heap, keeper)
        }
        members.sort {
            $0.score < $1.score || $0.score == $1.score && $0.member < $1.member
        }
        return members
    }

    /// The smallest first, those of one size as they came.
    private static func bySize(_ sources: [WeightedSource]) -> [WeightedSource] {
        sources.enumerated().sorted {
            ($0.element.source.count, $0.offset) < ($1.element.source.count, $1.offset)
        }.map(\.element)
    }

    private static func weighted(_ score: Double, _ weight: Double) -> Double {
        let product = score * weight
        return product.isNaN ? 0 : product
    }

    private static func unite(
        _ sources: [WeightedSource], _ aggregate: ScoreAggregate, _ keeper: ViewKeeper
    ) -> Members {
        var scores: [ByteView: Double] = [:]
        for each in bySize(sources) {
            each.source.forEach { member, score in
                let score = weighted(score, each.weight)
                if let old = scores[member] {
                    scores[member] = aggregate.combine(old, score)
                } else {
                    scores[each.source.keep(member, keeper)] = score
                }
                return true
            }
        }
        return scores.map { ($0.key, $0.value) }
    }

    /// Hands the members that all sources have to `visit`, until it answers false.
    static func intersect(
        _ sources: [WeightedSource], _ aggregate: ScoreAggregate, _ heap: Heap,
        _ visit: (_ source: AlgebraSource, _ member: ByteView, _ score: Double) -> Bool
    ) {
        let sources = bySize(sources)
        guard let first = sources.first else { return }
        let others = sources.dropFirst()
        first.source.forEach { member, score in
            var total = weighted(score, first.weight)
            for other in others {
                guard let score = other.source.score(of: member, heap) else { return true }
                total = aggregate.combine(total, score * other.weight)
            }
            return visit(first.source, member, total)
        }
    }

    private static func subtract(
        _ sources: [WeightedSource], _ heap: Heap, _ keeper: ViewKeeper
    ) -> Members {
        var members: Members = []
        guard let first = sources.first?.source else { return [] }
        let others = sources.dropFirst()
        first.forEach { member, score in
            if !others.contains(where: { $0.source.score(of: member, heap) != nil }) {
                members.append((first.keep(member, keeper), score))
            }
            return true
        }
        return members
    }
}
