/// A copy-on-write hash table by extendible hashing: of a database's keys, or of a large hash's fields.
///
///     header -> root: 2^rootBits chunk addresses, chosen by the leading bits of the hash
///               chunk: 2^directoryBits segment addresses, chosen by the next bits
///               segment: up to 64 entries (Segment.swift)
///
/// Only a full segment splits (in two, by one more bit), only its chunk's directory doubles (up to 256),
/// only a full chunk splits, and the root doubles rarely: no insertion ever waits for a rehash. The
/// shape is Dash's (Lu et al., VLDB 2020); the copies are ours: a write under a live view copies the root,
/// one chunk and one segment once each, then writes in place.
///
///     header   0 root   8 rootBits   16 count   24 bytes   32 deadlines   40 soonest   48 nestedDeadlines
///     root     0 birth  8 chunk addresses
///     chunk    0 birth  8 prefixBits u8, 9 directoryBits u8   16 soonest   24 segment addresses
///
/// INVARIANT 1: all 2^(rootBits - prefixBits) root places of a chunk's prefix hold that chunk; the same for a
/// segment within its chunk.
/// INVARIANT 2: a chunk's `soonest` is a lower bound of its segments' (live side only).
/// INVARIANT 3: the header belongs to one entry (or database); a view keeps the root, never the header of
/// a live table.
import Bytes
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The address of a table's header.
@safe
struct Table: Equatable {
    let raw: UnsafeMutableRawPointer

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    @inline(__always)
    static func == (left: Table, right: Table) -> Bool { unsafe left.raw == right.raw }

    static let headerBytes = 56

    /// An empty table with one segment.
    static func make(_ heap: Heap) -> Table {
        unsafe begin(
            at: .allocate(byteCount: headerBytes, alignment: 8), headerBytes: headerBytes, heap)
    }

    /// Makes the header at `raw` that of an empty table; `headerBytes` are accounted to it.
    static func begin(at raw: UnsafeMutableRawPointer, headerBytes: Int, _ heap: Heap) -> Table {
        _ = unsafe memset(raw, 0, Table.headerBytes)
        let table = unsafe Table(raw: raw)
        let chunk = Chunk.make(prefixBits: 0, directoryBits: 0, birth: heap.current)
        chunk.set(0, Segment.make(prefix: 0, depth: 0, birth: heap.current))
        let root = Root.make(bits: 0, birth: heap.current)
        root.set(0, chunk)
        table.root = root
        table.soonest = .distantFuture
        table.account(headerBytes + Root.bytes(0) + chunk.bytes + Segment.bytes, heap)
        return table
    }

    func freeHeader() { unsafe raw.deallocate() }

    // MARK: The header's fields

    @inline(__always)
    var root: Root {
        get { unsafe Root(raw: raw.load(as: UnsafeMutableRawPointer.self)) }
        nonmutating set {
            unsafe raw.storeBytes(of: newValue.raw, as: UnsafeMutableRawPointer.self)
        }
    }

    @inline(__always)
    var rootBits: Int {
        get { unsafe raw.load(fromByteOffset: 8, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 8, as: Int.self) }
    }

    /// Entries in the table.
    @inline(__always)
    var count: Int {
        get { unsafe raw.load(fromByteOffset: 16, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 16, as: Int.self) }
    }

    /// Bytes of its nodes and entries, tables within included.
    @inline(__always)
    var bytes: Int {
        get { unsafe raw.load(fromByteOffset: 24, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 24, as: Int.self) }
    }

    /// Entries that have a deadline.
    @inline(__always)
    var deadlines: Int {
        get { unsafe raw.load(fromByteOffset: 32, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 32, as: Int.self) }
    }

    /// No deadline in the table is earlier (a lower bound; live side only).
    @inline(__always)
    var soonest: Deadline {
        get {
            unsafe Deadline(
                millisecondsSinceEpoch: raw.load(fromByteOffset: 40, as: Int64.self))
        }
        nonmutating set {
            unsafe raw.storeBytes(
                of: newValue.millisecondsSinceEpoch, toByteOffset: 40, as: Int64.self)
        }
    }

    /// Entries that are hashes with field deadlines.
    @inline(__always)
    var nestedDeadlines: Int {
        get { unsafe raw.load(fromByteOffset: 48, as: Int.self) }
        nonmutating set { unsafe raw.storeBytes(of: newValue, toByteOffset: 48, as: Int.self) }
    }

    @inline(__always)
    func account(_ more: Int, _ heap: Heap) {
        bytes &+= more
        heap.liveBytes &+= more
    }

    // MARK: Reading

    @inline(__always)
    func chunk(_ hash: UInt64) -> Chunk { root.chunk(top(hash, rootBits)) }

    @inline(__always)
    func segment(_ hash: UInt64) -> Segment { chunk(hash).segment(hash) }

    /// The entry of `key`, nil where it is absent.
    @inline(__always)
    func find(_ key: ByteView, hash: UInt64) -> Entry? {
        let segment = segment(hash)
        let slot = segment.find(key, hash: hash)
        return slot < 0 ? nil : segment.entry(slot)
    }

    /// Where `key` is, nil where it is absent.
    @inline(__always)
    func locate(_ key: ByteView, hash: UInt64) -> Position? {
        let segment = segment(hash)
        let slot = segment.find(key, hash: hash)
        return slot < 0 ? nil : Position(segment: segment, slot: slot, hash: hash)
    }

    // MARK: Writing

    /// The segment of `hash`, private to the live side, its path too.
    @inline(__always)
    func writableSegment(_ hash: UInt64, _ heap: Heap) -> Segment {
        heap.hasViews ? privateSegment(hash, heap) : segment(hash)
    }

    /// `position` in a segment that may be written; the slot stays the same.
    @inline(__always)
    func writable(_ position: Position, _ heap: Heap) -> Position {
        guard heap.hasViews else { return position }
        return Position(
            segment: privateSegment(position.hash, heap), slot: position.slot, hash: position.hash)
    }

    /// Puts in a new entry, whose key is absent.
    func insert(_ entry: Entry, hash: UInt64, _ heap: Heap) {
        var segment = writableSegment(hash, heap)
        while segment.count == Segment.capacity {
            split(segment, hash, heap)
            segment = self.segment(hash)
        }
        segment.insert(entry, hash: hash)
        count &+= 1
        account(entry.allocatedBytes, heap)
        noteDeadline(of: entry, hash)
    }

    /// Replaces the entry at a writable position by another of the same key.
    ///
    /// The old one is retired (without the table it may lead to), unless it was used up by the caller.
    @inline(__always)
    func replace(_ position: Position, with entry: Entry, _ heap: Heap) {
        let old = position.entry
        let isPrivate = position.isOwned(heap)
        let oldBytes = old.allocatedBytes
        forgetDeadline(of: old)
        position.segment.replace(position.slot, with: entry)
        account(entry.allocatedBytes, heap)
        bytes &-= oldBytes
        heap.retire(.entry(old), bytes: oldBytes, isPrivate: isPrivate)
        noteDeadline(of: entry, position.hash)
    }

    /// Puts back an entry that the caller resized in place (`resizingValue`).
    func putResized(_ position: Position, _ entry: Entry, formerBytes: Int, _ heap: Heap) {
        position.segment.replace(position.slot, with: entry)
        account(entry.allocatedBytes - formerBytes, heap)
    }

    /// Takes the entry at a writable position out and retires it (without the table it may lead to).
    func remove(_ position: Position, _ heap: Heap) {
        let old = position.entry
        let isPrivate = position.isOwned(heap)
        let oldBytes = old.allocatedBytes
        forgetDeadline(of: old)
        position.segment.remove(position.slot)
        count &-= 1
        bytes &-= oldBytes
        heap.retire(.entry(old), bytes: oldBytes, isPrivate: isPrivate)
        if position.segment.count <= 16 { mergeIfSparse(position.segment, position.hash, heap) }
    }

    /// Keeps the lower bounds and the count of deadlines true for an entry just put in.
    @inline(__always)
    func noteDeadline(of entry: Entry, _ hash: UInt64) {
        guard let soonest = entry.soonest else { return }
        if entry.hasDeadline { deadlines &+= 1 }
        if entry.hasFieldDeadlines { nestedDeadlines &+= 1 }
        noteSoonest(soonest, hash)
    }

    /// Keeps the counts of deadlines true for an entry that goes.
    @inline(__always)
    private func forgetDeadline(of entry: Entry) {
        if entry.hasDeadline { deadlines &-= 1 }
        if entry.hasFieldDeadlines { nestedDeadlines &-= 1 }
    }

    /// Lowers the bounds on the way to `hash` to `deadline`.
    func noteSoonest(_ deadline: Deadline, _ hash: UInt64) {
        if deadline < soonest { soonest = deadline }
        let chunk = chunk(hash)
        if deadline < chunk.soonest { chunk.soonest = deadline }
        let segment = chunk.segment(hash)
        if deadline < segment.soonest { segment.soonest = deadline }
    }
}

/// A place in a table; good until the table's structure changes.
struct Position {
    let segment: Segment
    let slot: Int
    let hash: UInt64

    @inline(__always)
    var entry: Entry { segment.entry(slot) }

    /// Whether no view sees the entry, so that it may be written in place.
    @inline(__always)
    func isOwned(_ heap: Heap) -> Bool {
        !heap.hasViews || segment.owned & (1 << UInt64(slot)) != 0
    }
}

/// The leading `bits` bits of a hash as a number.
@inline(__always)
func top(_ hash: UInt64, _ bits: Int) -> Int {
    // Two shifts, for a shift by 64 is no shift of the CPU's.
    Int(truncatingIfNeeded: (hash &>> 1) &>> UInt64(63 &- bits))
}
