/// Writes one sorted set at a writable place of a database's table.
///
/// A packed one becomes a table and a tree when a new member makes it too long, as Redis's does; changes of
/// scores never convert, nor do removals.
///
/// Redis's small sorted sets don't keep the sign of zero, its large ones do. So do ours; but a log is replayed
/// as it stands, for a set may have been large when it was recorded and be small on the way back there.
import Bytes
import Records

/// What a write did to a member.
enum SortedSetChange {
    /// It is new.
    case added
    /// It has another score now.
    case updated
    /// It has the score that was asked for already.
    case unchanged
    /// The caller wanted none.
    case declined
}

/// Writes one sorted set; several members may be written through one writer.
///
/// The set may be empty after a removal: the caller takes the key out then.
struct SortedSetWriter {
    let table: Table
    let heap: Heap
    let limits: CollectionLimits
    let scratch: ByteWriter
    let position: Position
    /// Whether also a packed set keeps the sign of zero.
    private let keepsSigns: Bool

    init(
        _ position: Position, in table: Table, _ heap: Heap, _ limits: CollectionLimits,
        _ scratch: ByteWriter, keepsSigns: Bool
    ) {
        self.keepsSigns = keepsSigns
        self.table = table
        self.heap = heap
        self.limits = limits
        self.scratch = scratch
        self.position = table.writable(position, heap)
    }

    /// What the set holds now.
    var value: SortedSetValue { SortedSetValue(position.entry) }

    /// Members now.
    var count: Int { value.count }

    /// Gives `member` a score, which is not NaN; whether it is new.
    @discardableResult
    func set(_ member: ByteView, _ score: Double) -> Bool {
        update(member) { _ in score } == .added
    }

    /// Gives `member` the score that `decide` makes of the one it has (nil: absent), unless that is nil.
    func update<E: Error>(
        _ member: ByteView, _ decide: (_ old: Double?) throws(E) -> Double?
    ) throws(E) -> SortedSetChange {
        if position.entry.kind == .packedSortedSet {
            let packed = PackedSortedSet(position.entry.value)
            let old = packed.find(member)?.item
            guard let score = try decide(old?.score) else { return .declined }
            precondition(!score.isNaN, "NaN has no place in an order")
            if let old {
                if old.score == score { return .unchanged }
                setPacked(packed, old, member, score)
                return .updated
            }
            let isTooLong = member.count > limits.maximumPackedSortedSetBytes
            if !isTooLong, packed.count < min(limits.maximumPackedSortedSet, 65535) {
                setPacked(packed, nil, member, score)
            } else {
                becomeTree()
                insert(member, score, hash: heap.sip.hash(member))
            }
            return .added
        }
        let hash = heap.sip.hash(member)
        let found = large.table.locate(member, hash: hash)
        let old = found?.entry.score
        guard let score = try decide(old) else { return .declined }
        precondition(!score.isNaN, "NaN has no place in an order")
        if old == score { return .unchanged }
        if let found {
            change { $0.change(found, to: score, heap) }
            return .updated
        }
        insert(member, score, hash: hash)
        return .added
    }

    /// Takes `member` out; whether it was there.
    func remove(_ member: ByteView) -> Bool {
        if position.entry.kind == .packedSortedSet {
            let packed = PackedSortedSet(position.entry.value)
            guard let item = packed.find(member)?.item else { return false }
            scratch.removeAll()
            packed.write(dropping: item.range, count: 1, to: scratch)
            replaceValue()
            return true
        }
        guard let found = large.table.locate(member, hash: heap.sip.hash(member)) else {
            return false
        }
        change { $0.remove(found, heap) }
        return true
    }

    /// Takes the members of these ranks (within 0 ..< `count`) out.
    func removeRanks(_ ranks: Range<Int>) {
        if ranks.isEmpty { return }
        precondition(ranks.lowerBound >= 0 && ranks.upperBound <= count, "no such ranks")
        if position.entry.kind == .packedSortedSet {
            let packed = PackedSortedSet(position.entry.value)
            let start = packed.offset(rank: ranks.lowerBound)
            let end = packed.offset(rank: ranks.upperBound)
            scratch.removeAll()
            packed.write(dropping: start..<end, count: ranks.count, to: scratch)
            replaceValue()
            return
        }
        change { large in
            for _ in 0..<ranks.count { large.remove(rank: ranks.lowerBound, heap) }
        }
    }

    // MARK: Packed

    private func setPacked(
        _ packed: PackedSortedSet, _ old: PackedSortedSet.Item?, _ member: ByteView,
        _ given: Double
    ) {
        let score = given == 0 && !keepsSigns ? 0 : given
        let offset = packed.offset(of: member, score)
        scratch.removeAll()
        if let old, position.isOwned(heap) {
            if offset == old.range.lowerBound || offset == old.range.upperBound {
                PackedSortedSet.append(score: score, to: scratch)
                position.entry.overwriteValue(at: old.range.lowerBound, with: scratch.view)
                return
            }
            packed.write(
                dropping: old.range, inserting: member, score, at: offset, to: scratch)
            position.entry.overwriteValue(at: 0, with: scratch.view)
            return
        }
        packed.write(dropping: old?.range, inserting: member, score, at: offset, to: scratch)
        replaceValue()
    }

    /// The scratch's bytes become the value.
    private func replaceValue() {
        let old = position.entry
        let new = Entry.make(
            key: old.key, kind: .packedSortedSet, value: scratch.view, deadline: old.deadline)
        new.setStamp(old.stamp)
        table.replace(position, with: new, heap)
    }

    /// Moves the members of a packed set to a table and a tree, as Redis's SORT does.
    func spread() {
        if position.entry.kind == .packedSortedSet { becomeTree() }
    }

    /// Moves the members to a table and a tree.
    private func becomeTree() {
        let old = position.entry
        let large = SortedSetTree.make(heap)
        SortedSetValue(old).forEach { large.append($0, $1, heap) }
        let nested = unsafe Nested(raw: large.raw)
        let new = Entry.make(
            key: old.key, kind: .treeSortedSet, nested: nested, deadline: old.deadline)
        new.setStamp(old.stamp)
        table.bytes += nested.bytes
        table.replace(position, with: new, heap)
    }

    // MARK: Large

    private var large: SortedSetTree { unsafe SortedSetTree(raw: position.entry.nested.raw) }

    private func insert(_ member: ByteView, _ score: Double, hash: UInt64) {
        change { $0.insert(member, score, hash: hash, heap) }
    }

    /// Makes the header the live side's own, lets `body` change what it leads to, and keeps the account.
    private func change(_ body: (SortedSetTree) -> Void) {
        let nested = table.ownNested(position, heap)
        let before = nested.bytes
        body(unsafe SortedSetTree(raw: nested.raw))
        table.bytes += nested.bytes - before
    }
}

/// Makes a sorted set that no table holds yet.
enum SortedSetBuilder {
    /// The entry of these members, which are different and in order.
    static func build(
        _ members: some Collection<(member: ByteView, score: Double)>, _ key: ByteView,
        _ heap: Heap, _ limits: CollectionLimits, _ scratch: ByteWriter
    ) -> Entry {
        let isPacked =
            members.count <= min(limits.maximumPackedSortedSet, 65535)
            && members.allSatisfy { $0.member.count <= limits.maximumPackedSortedSetBytes }
        if isPacked {
            scratch.removeAll()
            PackedSortedSet.append(count: members.count, to: scratch)
            for each in members {
                // Small sets keep no sign of zero.
                PackedSortedSet.append(each.member, each.score == 0 ? 0 : each.score, to: scratch)
            }
            return Entry.make(
                key: key, kind: .packedSortedSet, value: scratch.view, deadline: nil)
        }
        let large = SortedSetTree.make(heap)
        for each in members { large.append(each.member, each.score, heap) }
        return unsafe Entry.make(
            key: key, kind: .treeSortedSet, nested: Nested(raw: large.raw), deadline: nil)
    }
}
