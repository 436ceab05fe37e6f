/// Values too large for their entry: the entry's word is the address of a header, and the header leads
/// to tables and trees.
///
///     every header   0 root   8 height or bits   16 count   24 bytes   ... what its kind adds
///
/// `bytes` is everything below the entry, the header included; whoever changes a part moves the difference up
/// (`Engine.changeNested`), so a whole value is retired in O(1) with its true size.
///
/// INVARIANT 1: a header belongs to one entry. A view keeps its header; the live side that writes under a view
/// gets a copy (`own`), and both lead to shared nodes.
import Bytes
import Records

/// The address of a nested value's header.
@safe
struct Nested {
    let raw: UnsafeMutableRawPointer

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    /// Items: fields, members, elements, entries.
    @inline(__always)
    var count: Int { unsafe raw.load(fromByteOffset: 16, as: Int.self) }

    /// Bytes of everything below the entry.
    @inline(__always)
    var bytes: Int {
        get { unsafe raw.load(fromByteOffset: 24, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 24, as: Int.self) }
    }

    /// Another header over the same nodes, for the live side.
    func copyHeader(_ kind: EntryKind, _ heap: Heap) -> Nested {
        let count = kind.headerBytes
        let copy = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 8)
        unsafe copy.copyMemory(from: raw, byteCount: count)
        heap.liveBytes += count
        heap.copiedBytes += count
        return unsafe Nested(raw: copy)
    }

    func freeHeader() { unsafe raw.deallocate() }

    /// Frees header, nodes and what they lead to; any thread, once.
    func freeEverything(_ kind: EntryKind) {
        switch kind {
        case .tableHash, .tableSet: unsafe Table(raw: raw).freeEverything()
        case .chunkList: unsafe ListTree(raw: raw).freeEverything()
        case .treeSortedSet: unsafe SortedSetTree(raw: raw).freeEverything()
        case .stream, .streamGroup, .streamConsumer:
            unsafe StreamValue.freeEverything(raw, kind)
        case .string, .integer, .packedHash, .packedList, .intSet, .packedSet, .packedSortedSet:
            preconditionFailure("a value without a header")
        }
    }

    /// A deep copy that shares nothing.
    func deepCopy(_ kind: EntryKind, _ heap: Heap) -> Nested {
        switch kind {
        case .tableHash, .tableSet:
            return unsafe Nested(raw: Table(raw: raw).deepCopy(heap).raw)
        case .chunkList: return unsafe Nested(raw: ListTree(raw: raw).deepCopy(heap).raw)
        case .treeSortedSet:
            return unsafe Nested(raw: SortedSetTree(raw: raw).deepCopy(heap).raw)
        case .stream, .streamGroup, .streamConsumer:
            return unsafe Nested(raw: StreamValue.deepCopy(raw, kind, heap))
        case .string, .integer, .packedHash, .packedList, .intSet, .packedSet, .packedSortedSet:
            preconditionFailure("a value without a header")
        }
    }
}

extension Entry {
    /// The header that an entry of a nested kind leads to.
    @inline(__always)
    var nested: Nested {
        // SAFETY: the word was stored from a header's address when the entry was made.
        unsafe Nested(raw: UnsafeMutableRawPointer(bitPattern: UInt(word)).unsafelyUnwrapped)
    }

    /// The table of a `.tableHash` or `.tableSet` entry.
    @inline(__always)
    var table: Table { unsafe Table(raw: nested.raw) }

    /// An entry that leads to a header.
    static func make(key: ByteView, kind: EntryKind, nested: Nested, deadline: Deadline?) -> Entry {
        unsafe make(
            key: key, kind: kind, word: UInt64(UInt(bitPattern: nested.raw)), deadline: deadline)
    }

    /// The same for a table's header.
    static func make(key: ByteView, kind: EntryKind, table: Table, deadline: Deadline?) -> Entry {
        make(key: key, kind: kind, nested: unsafe Nested(raw: table.raw), deadline: deadline)
    }
}

extension Table {
    /// The header of the nested value at a writable position, the live side's own; the entry is replaced where
    /// a view sees it.
    func ownNested(_ position: Position, _ heap: Heap) -> Nested {
        let old = position.entry
        if position.isOwned(heap) { return old.nested }
        let shared = old.nested
        let copy = shared.copyHeader(old.kind, heap)
        let new = Entry.make(key: old.key, kind: old.kind, nested: copy, deadline: old.deadline)
        new.adoptMarks(of: old)
        let kind = old.kind
        replace(position, with: new, heap)
        unsafe heap.retire(.header(shared.raw), bytes: kind.headerBytes, isPrivate: false)
        return copy
    }

    /// Lets `body` change the nested value at a position, and keeps this table's account of it.
    func changeNested<R>(
        _ position: Position, _ heap: Heap, _ body: (Nested) -> R
    ) -> R {
        let nested = ownNested(writable(position, heap), heap)
        let before = nested.bytes
        defer { bytes += nested.bytes - before }
        return body(nested)
    }
}
