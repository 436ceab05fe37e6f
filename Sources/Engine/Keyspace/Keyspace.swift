/// All databases: tables over one heap, and the O(1) copy of everything.
///
/// The engine's thread owns the keyspace; a frozen view of it may be read anywhere.
import Bytes
import Records

/// The databases of a server.
public final class Keyspace {
    let heap: Heap
    /// The databases' tables; a plain run of addresses, for an array would be counted on every look.
    let tables: TableList

    /// Empty databases.
    public init(databases: Int = 16) {
        heap = Heap()
        tables = TableList(count: max(1, databases), heap)
    }

    deinit {
        // A view may outlive the keyspace: then the heap's limbo is the view's to free, with the heap.
        if heap.hasViews {
            for index in 0..<tables.count {
                heap.retire(.table(tables[index]), bytes: tables[index].bytes, isPrivate: false)
            }
        } else {
            for index in 0..<tables.count { tables[index].freeEverything() }
        }
        tables.free()
    }

    /// Databases, empty ones included.
    public var databaseCount: Int { tables.count }

    /// Keys in a database, those past their deadline included.
    public func keyCount(database: Int) -> Int { tables[database].count }

    /// Keys with a deadline in a database.
    public func deadlineCount(database: Int) -> Int { tables[database].deadlines }

    /// Whether keys of a database, or fields of its hashes, have deadlines.
    func hasDeadlines(_ database: Int) -> Bool {
        tables[database].deadlines > 0 || tables[database].nestedDeadlines > 0
    }

    /// Keys in all databases.
    public var keyCount: Int { (0..<tables.count).reduce(0) { $0 + tables[$1].count } }

    /// Bytes that the live side holds: nodes, entries and what hangs off them.
    public var liveBytes: Int { heap.liveBytes }

    /// Bytes that only frozen views hold.
    public var frozenBytes: Int { heap.frozenBytes }

    /// Bytes copied since the start because a view was alive.
    public var copiedBytes: Int { heap.copiedBytes }

    /// Where memory that takes long to free goes: a function that frees it on another thread.
    public func disposeElsewhere(_ run: @escaping (@escaping @Sendable () -> Void) -> Void) {
        heap.dispose = { garbage in run { garbage.free() } }
    }

    /// Freezes everything as it is now. O(1).
    public func freeze(at now: Deadline) -> FrozenKeyspace {
        FrozenKeyspace(self, frozenAt: now)
    }

    /// Frees what views gone by now alone held; cheap when none went.
    @inline(__always)
    public func collect() { heap.collect() }

    /// Empties a database; its memory is freed elsewhere when it is large. O(1).
    func flush(database: Int) {
        let old = tables[database]
        tables.set(database, Table.make(heap))
        heap.retire(.table(old), bytes: old.bytes, isPrivate: false)
    }

    /// Exchanges two databases. O(1).
    func swap(_ first: Int, _ second: Int) {
        let table = tables[first]
        tables.set(first, tables[second])
        tables.set(second, table)
    }
}

/// The tables of all databases; not counted, freed by its keyspace.
@safe
struct TableList {
    private let base: UnsafeMutablePointer<Table>
    let count: Int

    init(count: Int, _ heap: Heap) {
        self.count = count
        unsafe base = .allocate(capacity: count)
        for index in 0..<count { unsafe (base + index).initialize(to: Table.make(heap)) }
    }

    @inline(__always)
    subscript(index: Int) -> Table {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such database")
        return unsafe base[index]
    }

    func set(_ index: Int, _ table: Table) {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "no such database")
        unsafe base[index] = table
    }

    func free() { unsafe base.deallocate() }
}

/// A point-in-time view of a keyspace; see `FrozenDataset`.
public final class FrozenKeyspace: FrozenDataset, @unchecked Sendable {
    // BECAUSE: what the roots lead to is never written while this view lives (Heap's invariant 1).
    private struct FrozenTable {
        let root: Root
        let rootBits: Int
        let count: Int
        let deadlines: Int
    }

    private let heap: Heap
    private let generation: UInt64
    private let tables: [FrozenTable]
    /// When the view was taken.
    public let frozenAt: Deadline

    init(_ keyspace: Keyspace, frozenAt: Deadline) {
        heap = keyspace.heap
        generation = heap.freeze()
        tables = (0..<keyspace.tables.count).map { index in
            let table = keyspace.tables[index]
            return FrozenTable(
                root: table.root, rootBits: table.rootBits, count: table.count,
                deadlines: table.deadlines)
        }
        self.frozenAt = frozenAt
    }

    deinit { heap.release(generation) }

    /// Databases, empty ones included.
    public var databaseCount: Int { tables.count }

    /// Keys of a database.
    public func keyCount(database: Int) -> Int { tables[database].count }

    /// Hands every entry of a database to `visit`, by rising hash.
    public func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        let table = tables[database]
        try forEachChunk(root: table.root, bits: table.rootBits) { (chunk) throws in
            try forEachSegment(of: chunk) { (segment) throws in
                // Each entry is a miss of every cache, so all are asked for at once.
                for slot in 0..<Segment.capacity { segment.prefetchEntry(slot) }
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    let entry = segment.entry(slot)
                    try visit(
                        FrozenEntry(
                            key: entry.key, deadline: entry.deadline, value: entry.frozenValue))
                }
            }
        }
    }
}

extension Entry {
    /// The value as frozen views hand it out.
    var frozenValue: FrozenValue {
        switch kind {
        case .string: .string(value)
        case .integer: .integer(integer)
        case .packedHash, .tableHash: .hash(HashValue(self))
        case .packedList, .chunkList: .list(ListValue(self))
        case .intSet, .packedSet, .tableSet: .set(SetValue(self))
        case .packedSortedSet, .treeSortedSet: .sortedSet(SortedSetValue(self))
        case .stream: .stream(StreamValue(self))
        case .streamGroup, .streamConsumer: preconditionFailure("no key's value")
        }
    }
}
