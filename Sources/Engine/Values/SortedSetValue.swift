/// A sorted set, whichever way it is stored: packed in its entry, or in a table and a tree.
///
/// Reading is here; `SortedSetWriter` changes. Ranks begin at 0 with the lowest score; members of one score
/// stand by their bytes. Ranges of scores and of members are ranges of ranks: `prefix` finds their ends.
import Bytes
import Records

/// The members of one sorted set entry; valid until the next write.
struct SortedSetValue: FrozenSortedSet {
    let entry: Entry

    init(_ entry: Entry) { self.entry = entry }

    var isPacked: Bool { entry.kind == .packedSortedSet }

    private var packed: PackedSortedSet { PackedSortedSet(entry.value) }
    private var large: SortedSetTree { unsafe SortedSetTree(raw: entry.nested.raw) }

    /// The table of a large one, for scans.
    var table: Table { large.table }

    /// Members of the set.
    var count: Int { isPacked ? packed.count : large.tree.weight }

    // MARK: Members

    /// The score of `member`, nil where it is absent. O(1).
    func score(of member: ByteView, _ heap: Heap) -> Double? {
        if isPacked { return packed.find(member)?.item.score }
        return large.table.find(member, hash: heap.sip.hash(member))?.score
    }

    /// The rank of `member` from the lowest score, and its score. O(log n).
    func rank(of member: ByteView, _ heap: Heap) -> (rank: Int, score: Double)? {
        if isPacked { return packed.find(member).map { ($0.rank, $0.item.score) } }
        let large = large
        guard let entry = large.table.find(member, hash: heap.sip.hash(member)) else { return nil }
        let score = entry.score
        return (large.tree.rank(large.path(to: score, member)), score)
    }

    /// The member of a rank, 0 ..< `count`. O(log n).
    func member(at rank: Int) -> (member: ByteView, score: Double) {
        precondition(rank >= 0 && rank < count, "no member has this rank")
        if isPacked {
            let packed = packed
            guard let item = packed.item(at: packed.offset(rank: rank)) else {
                preconditionFailure("fewer members than counted")
            }
            return (item.member, item.score)
        }
        let tree = large.tree
        let ranked = tree.element(tree.path(rank: rank).path)
        return (ranked.member, ranked.score)
    }

    /// A member, each as likely as any other; nil in an empty set.
    func randomMember(
        using random: inout some RandomNumberGenerator
    ) -> (member: ByteView, score: Double)? {
        let count = count
        return count == 0 ? nil : member(at: Int.random(in: 0..<count, using: &random))
    }

    /// How many members, from the lowest on, `isBefore` holds for; it must hold for no member behind one for
    /// which it doesn't. O(log n).
    func prefix(where isBefore: (_ member: ByteView, _ score: Double) -> Bool) -> Int {
        if isPacked {
            let packed = packed
            var place = PackedSortedSet.start
            var rank = 0
            while let item = packed.item(at: place), isBefore(item.member, item.score) {
                place = item.range.upperBound
                rank += 1
            }
            return rank
        }
        let tree = large.tree
        return tree.rank(tree.path { isBefore($0.member, $0.score) })
    }

    // MARK: Walks

    /// Hands the members of these ranks (within 0 ..< `count`) to `visit`, by rising rank, until it answers
    /// false. O(log n + members).
    func forEach<E: Error>(
        ranks: Range<Int>, _ visit: (_ member: ByteView, _ score: Double) throws(E) -> Bool
    ) throws(E) {
        if ranks.isEmpty { return }
        var left = ranks.count
        if isPacked {
            let packed = packed
            var place = packed.offset(rank: ranks.lowerBound)
            while left > 0, let item = packed.item(at: place) {
                if try !visit(item.member, item.score) { return }
                place = item.range.upperBound
                left -= 1
            }
            return
        }
        let tree = large.tree
        var path = tree.path(rank: ranks.lowerBound).path
        var isThere = tree.settle(&path)
        while isThere && left > 0 {
            let ranked = tree.element(path)
            if try !visit(ranked.member, ranked.score) { return }
            left -= 1
            isThere = tree.next(&path)
        }
    }

    /// The same by falling rank, from the range's last.
    func forEachBackwards<E: Error>(
        ranks: Range<Int>, _ visit: (_ member: ByteView, _ score: Double) throws(E) -> Bool
    ) throws(E) {
        if ranks.isEmpty { return }
        if isPacked {
            // Packed items are read forwards only: their places are noted first.
            let packed = packed
            var places: [Int] = []
            places.reserveCapacity(ranks.count)
            var place = packed.offset(rank: ranks.lowerBound)
            while places.count < ranks.count, let item = packed.item(at: place) {
                places.append(place)
                place = item.range.upperBound
            }
            for place in places.reversed() {
                guard let item = packed.item(at: place) else { return }
                if try !visit(item.member, item.score) { return }
            }
            return
        }
        let tree = large.tree
        var left = ranks.count
        var path = tree.path(rank: ranks.upperBound - 1).path
        var isThere = tree.settle(&path)
        while isThere && left > 0 {
            let ranked = tree.element(path)
            if try !visit(ranked.member, ranked.score) { return }
            left -= 1
            isThere = tree.previous(&path)
        }
    }

    /// Hands all members to `visit`, by rising rank.
    func forEach(_ visit: (_ member: ByteView, _ score: Double) -> Void) {
        forEach(ranks: 0..<count) { member, score in
            visit(member, score)
            return true
        }
    }

    /// Hands the members with scores from `low` through `high` to `visit`, until it answers false.
    func forEach(
        scores low: Double, through high: Double,
        _ visit: (_ member: ByteView, _ score: Double) -> Bool
    ) {
        let start = prefix { $1 < low }
        forEach(ranks: start..<count) { member, score in
            score <= high && visit(member, score)
        }
    }

    /// Hands every member to `visit`; see `FrozenSortedSet`.
    func forEachMember(_ visit: (_ member: ByteView, _ score: Double) throws -> Void) throws {
        try forEach(ranks: 0..<count) { (member, score) throws in
            try visit(member, score)
            return true
        }
    }
}
