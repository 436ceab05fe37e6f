/// How a large sorted set finds and changes its members: the table and the tree in step.
///
/// On the engine's thread only. `table.bytes` is kept true for both; who owns the header moves the difference up.
import Bytes
import Records

extension SortedSetTree {
    /// The place of a member with this score, or where it would stand.
    @inline(__always)
    func path(to score: Double, _ member: ByteView) -> TreePath {
        tree.path { ranked in
            ranked.score < score || ranked.score == score && ranked.member < member
        }
    }

    /// Puts in a member that is absent.
    func insert(_ member: ByteView, _ score: Double, hash: UInt64, _ heap: Heap) {
        let entry = Entry.make(key: member, kind: .string, word: score.bitPattern, deadline: nil)
        table.insert(entry, hash: hash, heap)
        let before = tree.bytes
        var path = path(to: score, member)
        tree.insert(RankedMember(score: score, entry: entry), at: &path, heap)
        table.bytes += tree.bytes - before
    }

    /// Puts in a member that is absent and belongs behind all others.
    func append(_ member: ByteView, _ score: Double, _ heap: Heap) {
        let entry = Entry.make(key: member, kind: .string, word: score.bitPattern, deadline: nil)
        table.insert(entry, hash: heap.sip.hash(member), heap)
        let before = tree.bytes
        var end = tree.endPath()
        tree.insert(RankedMember(score: score, entry: entry), at: &end, heap)
        table.bytes += tree.bytes - before
    }

    /// Gives the member at a place of the table another score.
    func change(_ found: Position, to score: Double, _ heap: Heap) {
        let before = tree.bytes
        let old = found.entry
        var path = path(to: old.score, old.key)
        let isThere = tree.settle(&path)
        precondition(isThere && tree.element(path).entry == old, "table and tree disagree")
        let place = table.writable(found, heap)
        var entry = old
        if place.isOwned(heap) {
            old.setWord(score.bitPattern)
        } else {
            // A view sees the old entry, which stays readable until the view is gone.
            entry = Entry.make(
                key: old.key, kind: .string, word: score.bitPattern, deadline: nil)
            table.replace(place, with: entry, heap)
        }
        let changed = RankedMember(score: score, entry: entry)
        if staysInPlace(path, score) {
            tree.set(changed, at: &path, heap)
        } else {
            tree.remove(at: path, heap)
            var target = self.path(to: score, entry.key)
            tree.insert(changed, at: &target, heap)
        }
        table.bytes += tree.bytes - before
    }

    /// Whether the element at `path` would keep its neighbours in its leaf with another score; false where
    /// they would have to be looked for.
    private func staysInPlace(_ path: TreePath, _ score: Double) -> Bool {
        let leaf = path.nodes[0]
        let place = path.places[0]
        guard place > 0, place + 1 < leaf.count else { return false }
        return OrderedTree<RankedMember>.element(leaf, place - 1).score < score
            && score < OrderedTree<RankedMember>.element(leaf, place + 1).score
    }

    /// Takes the member at a place of the table out.
    func remove(_ found: Position, _ heap: Heap) {
        let entry = found.entry
        var path = path(to: entry.score, entry.key)
        let isThere = tree.settle(&path)
        precondition(isThere && tree.element(path).entry == entry, "table and tree disagree")
        let before = tree.bytes
        tree.remove(at: path, heap)
        table.bytes += tree.bytes - before
        table.remove(table.writable(found, heap), heap)
    }

    /// Takes the member of a rank out.
    func remove(rank: Int, _ heap: Heap) {
        let before = tree.bytes
        let entry = tree.remove(at: tree.path(rank: rank).path, heap).entry
        table.bytes += tree.bytes - before
        let hash = heap.sip.hash(entry.key)
        guard let found = table.locate(entry.key, hash: hash) else {
            preconditionFailure("table and tree disagree")
        }
        table.remove(table.writable(found, heap), heap)
    }
}

extension Entry {
    /// The score of a member's entry.
    @inline(__always)
    var score: Double { Double(bitPattern: word) }
}
