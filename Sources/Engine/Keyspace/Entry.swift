/// One key and its value in a single allocation: the atom of the keyspace.
///
/// Why raw memory and not a class: an object costs 16 bytes of header and a reference count that
/// background readers and the engine would fight for. Entries have no count at all; who may still see
/// one is decided by generations (see Generations.swift).
///
///      0  kind            what the value is and how it is stored (`EntryKind`)
///      1  flags           bit 0: long lengths, bit 1: has a deadline, bit 2: grown in place, bit 3: fields have deadlines
///      2  stamp[3]        when or how often it was used (LRU, LFU); no part of the value
///      5  key length      (short form: up to 255)
///      6  value length    2 bytes (short form: up to 65,535)
///     [8  key length, value length    4 bytes each, in the long form]
///     [+  deadline        8 bytes, where flag bit 1 is set]
///      +  key bytes
///      +  value bytes     the string; the integer (8 bytes); packed items; a header's address
///
/// INVARIANT 1: an entry that a frozen view may see is never written, its stamp apart (views don't read it).
/// INVARIANT 2: lengths and flags are fixed when the entry is made, except by `resizingValue`.
import Bytes
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What an entry holds, and how.
enum EntryKind: UInt8 {
    /// A string of bytes.
    case string = 0
    /// A string that is the canonical spelling of a 64-bit integer.
    case integer = 1
    /// A hash whose fields lie one behind the other in the value bytes.
    case packedHash = 2
    /// A hash in a table of its own; the value is the table's address.
    case tableHash = 3
    /// A list whose elements lie one behind the other in the value bytes.
    case packedList = 4
    /// A list in chunks; the value is the address of a tree's header.
    case chunkList = 5
    /// A set of integers, sorted, in the value bytes.
    case intSet = 6
    /// A set whose members lie one behind the other in the value bytes.
    case packedSet = 7
    /// A set in a table of its own.
    case tableSet = 8
    /// A sorted set whose members lie in order in the value bytes.
    case packedSortedSet = 9
    /// A sorted set in a table and a tree.
    case treeSortedSet = 10
    /// A stream.
    case stream = 11
    /// A consumer group, in the table of a stream's groups.
    case streamGroup = 12
    /// A consumer, in the table of a group's consumers.
    case streamConsumer = 13

    /// Whether the value is the address of a header (Nested.swift).
    @inline(__always)
    var isNested: Bool {
        // One test for tableHash, chunkList, tableSet, treeSortedSet, and the three of streams.
        (0b0011_1101_0010_1000 >> UInt16(rawValue)) & 1 != 0
    }

    /// Bytes of a header of a nested kind.
    var headerBytes: Int {
        switch self {
        case .tableHash, .tableSet: Table.headerBytes
        case .chunkList: ListTree.headerBytes
        case .treeSortedSet: SortedSetTree.headerBytes
        case .stream, .streamGroup, .streamConsumer: StreamValue.headerBytes(self)
        default: 0
        }
    }
}

/// The address of an entry; copies of it are not counted.
@safe
struct Entry: Equatable {
    let raw: UnsafeMutableRawPointer

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    @inline(__always)
    static func == (left: Entry, right: Entry) -> Bool { unsafe left.raw == right.raw }

    private static let longForm: UInt8 = 1
    private static let deadlineFlag: UInt8 = 2
    private static let grownFlag: UInt8 = 4
    private static let fieldDeadlinesFlag: UInt8 = 8

    // MARK: Making and freeing

    /// An entry whose value bytes are yet to be written.
    @inline(__always)
    static func make(
        key: ByteView, kind: EntryKind, valueCount: Int, deadline: Deadline?
    ) -> Entry {
        precondition(
            valueCount <= Int(UInt32.max) && key.count <= Int(UInt32.max), "entry too large")
        let isLong = key.count > 255 || valueCount > 65535
        let header = (isLong ? 16 : 8) + (deadline == nil ? 0 : 8)
        // SAFETY: malloc answers nil only when memory is exhausted: there is no going on then.
        guard let raw = unsafe malloc(header + key.count + valueCount) else {
            fatalMemoryExhaustion()
        }
        var flags: UInt8 = 0
        if isLong {
            flags |= longForm
            unsafe raw.storeBytes(of: UInt32(key.count), toByteOffset: 8, as: UInt32.self)
            unsafe raw.storeBytes(of: UInt32(valueCount), toByteOffset: 12, as: UInt32.self)
        }
        if let deadline {
            flags |= deadlineFlag
            unsafe raw.storeBytes(
                of: deadline.millisecondsSinceEpoch, toByteOffset: header - 8, as: Int64.self)
        }
        let shortKey = isLong ? 0 : UInt64(key.count)
        let shortValue = isLong ? 0 : UInt64(valueCount)
        let word =
            UInt64(kind.rawValue) | UInt64(flags) << 8 | shortKey << 40 | shortValue << 48
        unsafe raw.storeBytes(of: word.littleEndian, as: UInt64.self)
        unsafe key.withUnsafePointer { base, count in
            _ = unsafe memcpy(raw + header, base, count)
        }
        return unsafe Entry(raw: raw)
    }

    /// An entry with these value bytes.
    @inline(__always)
    static func make(key: ByteView, kind: EntryKind, value: ByteView, deadline: Deadline?) -> Entry
    {
        let entry = make(key: key, kind: kind, valueCount: value.count, deadline: deadline)
        unsafe value.withUnsafePointer { base, count in
            _ = unsafe memcpy(entry.valuePointer, base, count)
        }
        return entry
    }

    /// An entry that holds 8 bytes: an integer, or the address of a table.
    @inline(__always)
    static func make(key: ByteView, kind: EntryKind, word: UInt64, deadline: Deadline?) -> Entry {
        let entry = make(key: key, kind: kind, valueCount: 8, deadline: deadline)
        unsafe entry.valuePointer.storeBytes(of: word, as: UInt64.self)
        return entry
    }

    /// Gives the memory back; what a table's address leads to is not freed with it.
    @inline(__always)
    func free() { unsafe releaseMemory(raw) }

    /// The entry with `valueCount` value bytes, the first ones kept, the rest undefined; this one is
    /// used up. Long values get slack behind them, so that appending to them is cheap.
    func resizingValue(to valueCount: Int) -> Entry {
        let fixed = headerCount + keyCount
        guard isLong == (keyCount > 255 || valueCount > 65535) else {
            let other = Entry.make(key: key, kind: kind, valueCount: valueCount, deadline: deadline)
            let kept = value[0..<min(value.count, valueCount)]
            other.overwriteValue(at: 0, with: kept)
            other.adoptMarks(of: self)
            free()
            return other
        }
        var grown = self
        if isLong {
            precondition(valueCount <= Int(UInt32.max), "entry too large")
            if unsafe Allocator.usableSize(raw) < fixed + valueCount {
                let slack = min(valueCount, 1 << 20)
                unsafe grown = Entry(raw: reallocate(raw, fixed + valueCount + slack))
            }
            unsafe grown.raw.storeBytes(of: UInt32(valueCount), toByteOffset: 12, as: UInt32.self)
        } else {
            unsafe grown = Entry(raw: reallocate(raw, fixed + valueCount))
            unsafe grown.raw.storeBytes(of: UInt16(valueCount), toByteOffset: 6, as: UInt16.self)
        }
        return grown
    }

    // MARK: Reading

    @inline(__always)
    var kind: EntryKind {
        let code = unsafe raw.load(as: UInt8.self)
        guard let kind = EntryKind(rawValue: code) else { preconditionFailure("no entry there") }
        return kind
    }

    @inline(__always)
    private var flags: UInt8 { unsafe raw.load(fromByteOffset: 1, as: UInt8.self) }

    @inline(__always)
    private var isLong: Bool { flags & Entry.longForm != 0 }

    @inline(__always)
    var hasDeadline: Bool { flags & Entry.deadlineFlag != 0 }

    /// Whether APPEND or SETRANGE made the string what it is: OBJECT ENCODING calls it `raw` then.
    @inline(__always)
    var isGrown: Bool {
        get { flags & Entry.grownFlag != 0 }
        nonmutating set {
            let others = flags & ~Entry.grownFlag
            unsafe raw.storeBytes(
                of: newValue ? others | Entry.grownFlag : others, toByteOffset: 1, as: UInt8.self)
        }
    }

    /// Whether fields of the hash have deadlines; the table of the hash knows the soonest.
    @inline(__always)
    var hasFieldDeadlines: Bool {
        get { flags & Entry.fieldDeadlinesFlag != 0 }
        nonmutating set {
            let others = flags & ~Entry.fieldDeadlinesFlag
            unsafe raw.storeBytes(
                of: newValue ? others | Entry.fieldDeadlinesFlag : others, toByteOffset: 1,
                as: UInt8.self)
        }
    }

    /// Nothing of the entry has an earlier deadline, neither itself nor a field; nil: nothing has any.
    @inline(__always)
    var soonest: Deadline? {
        if flags & (Entry.deadlineFlag | Entry.fieldDeadlinesFlag) == 0 { return nil }
        guard hasFieldDeadlines else { return deadline }
        return min(deadline ?? .distantFuture, table.soonest)
    }

    /// Takes over what another entry of the same value is marked with: stamp, growth, field deadlines.
    func adoptMarks(of other: Entry) {
        setStamp(other.stamp)
        if other.isGrown { isGrown = true }
        if other.hasFieldDeadlines { hasFieldDeadlines = true }
    }

    @inline(__always)
    private var headerCount: Int {
        let flags = flags
        return 8 + Int(flags & Entry.longForm) << 3 + Int(flags & Entry.deadlineFlag) << 2
    }

    @inline(__always)
    private var keyCount: Int {
        isLong
            ? unsafe Int(raw.load(fromByteOffset: 8, as: UInt32.self))
            : unsafe Int(raw.load(fromByteOffset: 5, as: UInt8.self))
    }

    @inline(__always)
    private var valueCount: Int {
        isLong
            ? unsafe Int(raw.load(fromByteOffset: 12, as: UInt32.self))
            : unsafe Int(raw.load(fromByteOffset: 6, as: UInt16.self))
    }

    /// The key.
    @inline(__always)
    var key: ByteView {
        unsafe ByteView(
            base: UnsafePointer((raw + headerCount).assumingMemoryBound(to: UInt8.self)),
            count: keyCount)
    }

    /// When the key expires; nil: never.
    @inline(__always)
    var deadline: Deadline? {
        guard hasDeadline else { return nil }
        return unsafe Deadline(
            millisecondsSinceEpoch: raw.loadUnaligned(
                fromByteOffset: headerCount - 8, as: Int64.self))
    }

    @inline(__always)
    private var valuePointer: UnsafeMutableRawPointer { unsafe raw + headerCount + keyCount }

    /// The value bytes as they are stored.
    @inline(__always)
    var value: ByteView {
        unsafe ByteView(
            base: UnsafePointer(valuePointer.assumingMemoryBound(to: UInt8.self)),
            count: valueCount)
    }

    /// The 8 bytes that `make(key:kind:word:deadline:)` stored.
    @inline(__always)
    var word: UInt64 { unsafe valuePointer.loadUnaligned(as: UInt64.self) }

    /// The integer of an `.integer` entry.
    @inline(__always)
    var integer: Int64 { Int64(bitPattern: word) }

    /// Bytes that the allocator set aside for the entry (computed as glibc rounds; a long one may have
    /// slack behind it, so it is asked for).
    @inline(__always)
    var allocatedBytes: Int {
        if isLong { return unsafe Allocator.usableSize(raw) + 8 }
        return max(32, (headerCount + keyCount + valueCount + 8 + 15) & ~15)
    }

    // MARK: Writing in place (invariant 1: only where no view can see)

    /// Replaces the 8 bytes of an integer or an address.
    @inline(__always)
    func setWord(_ word: UInt64) { unsafe valuePointer.storeBytes(of: word, as: UInt64.self) }

    /// Replaces the deadline of an entry that has one.
    @inline(__always)
    func setDeadline(_ deadline: Deadline) {
        precondition(hasDeadline, "no room for a deadline")
        unsafe raw.storeBytes(
            of: deadline.millisecondsSinceEpoch, toByteOffset: headerCount - 8, as: Int64.self)
    }

    /// Writes `bytes` over the value from `offset` on; they must fit.
    @inline(__always)
    func overwriteValue(at offset: Int, with bytes: ByteView) {
        precondition(offset >= 0 && bytes.count <= valueCount - offset, "value overwrite too long")
        unsafe bytes.withUnsafePointer { base, count in
            _ = unsafe memmove(valuePointer + offset, base, count)
        }
    }

    /// Fills `count` bytes of the value from `offset` on with NUL.
    func clearValue(at offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && count <= valueCount - offset, "clear too long")
        _ = unsafe memset(valuePointer + offset, 0, count)
    }

    // MARK: The access stamp

    /// When or how often the entry was used: 24 bits, whose meaning the eviction policy decides.
    @inline(__always)
    var stamp: UInt32 {
        let low = unsafe UInt32(raw.load(fromByteOffset: 2, as: UInt8.self))
        let middle = unsafe UInt32(raw.load(fromByteOffset: 3, as: UInt8.self))
        let high = unsafe UInt32(raw.load(fromByteOffset: 4, as: UInt8.self))
        return low | middle << 8 | high << 16
    }

    /// Sets the stamp; allowed on entries that views see, for views don't look at it.
    @inline(__always)
    func setStamp(_ stamp: UInt32) {
        unsafe raw.storeBytes(of: UInt8(truncatingIfNeeded: stamp), toByteOffset: 2, as: UInt8.self)
        unsafe raw.storeBytes(
            of: UInt8(truncatingIfNeeded: stamp >> 8), toByteOffset: 3, as: UInt8.self)
        unsafe raw.storeBytes(
            of: UInt8(truncatingIfNeeded: stamp >> 16), toByteOffset: 4, as: UInt8.self)
    }
}

@inline(__always)
private func releaseMemory(_ raw: UnsafeMutableRawPointer) { unsafe free(raw) }

private func reallocate(_ raw: UnsafeMutableRawPointer, _ count: Int) -> UnsafeMutableRawPointer {
    guard let place = unsafe realloc(raw, count) else { fatalMemoryExhaustion() }
    return unsafe place
}

/// Memory is exhausted and nothing sensible can be done: the process ends, as Redis's does.
@inline(never)
func fatalMemoryExhaustion() -> Never { preconditionFailure("out of memory") }
