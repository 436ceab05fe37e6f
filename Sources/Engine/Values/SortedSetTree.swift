/// A large sorted set: a table from member to score, and a tree of the members by score.
///
///     header   table (its bytes cover both), then the tree's
///
/// The table's entries have the member as key and the score's 8 bytes as value; the tree's elements are the
/// score and the address of the table's entry.
///
/// INVARIANT 1: the table and the tree hold the same members with the same scores; an element's entry is the
/// table's current one (where the table replaces an entry, the tree's element follows; splits and merges of
/// segments move addresses of entries only).
import Bytes
import Records

/// A member in the tree.
struct RankedMember: TreeElement {
    /// The score; never NaN.
    var score: Double
    /// The table's entry of the member.
    var address: UInt

    init(score: Double, entry: Entry) {
        self.score = score
        address = unsafe UInt(bitPattern: entry.raw)
    }

    var weight: Int { 1 }
    static var leafCapacity: Int { 62 }

    /// The table's entry.
    var entry: Entry {
        // SAFETY: the address was an entry's when the element was made; invariant 1 keeps it alive.
        unsafe Entry(raw: UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped)
    }

    /// The member's bytes.
    var member: ByteView { entry.key }
}

/// The address of a large sorted set's header.
@safe
struct SortedSetTree {
    let raw: UnsafeMutableRawPointer

    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    static let headerBytes = Table.headerBytes + 32

    /// Members by name.
    var table: Table { unsafe Table(raw: raw) }
    /// Members by score.
    var tree: OrderedTree<RankedMember> { unsafe OrderedTree(raw: raw + Table.headerBytes) }

    /// Frees everything; any thread, once.
    func freeEverything() {
        tree.freeNodes { _ in }
        table.freeEverything()
    }

    /// An empty sorted set.
    static func make(_ heap: Heap) -> SortedSetTree {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerBytes, alignment: 8)
        let table = unsafe Table.begin(at: raw, headerBytes: headerBytes, heap)
        let tree = unsafe OrderedTree<RankedMember>.begin(at: raw + Table.headerBytes, heap)
        table.bytes += tree.bytes
        return unsafe SortedSetTree(raw: raw)
    }

    /// A copy that shares nothing with this one.
    func deepCopy(_ heap: Heap) -> SortedSetTree {
        let copy = SortedSetTree.make(heap)
        let before = copy.tree.bytes
        tree.forEach { ranked in
            let entry = Entry.make(
                key: ranked.member, kind: .string, value: ranked.entry.value, deadline: nil)
            copy.table.insert(entry, hash: heap.sip.hash(ranked.member), heap)
            var end = copy.tree.endPath()
            copy.tree.insert(RankedMember(score: ranked.score, entry: entry), at: &end, heap)
        }
        copy.table.bytes += copy.tree.bytes - before
        return copy
    }
}
