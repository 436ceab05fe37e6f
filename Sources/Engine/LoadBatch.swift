/// Keys of a snapshot on their way into the databases, many at once: each needs a segment that is far from
/// the CPU, and the lines of all of them are asked for before the first is waited for.
import Bytes

/// Entries that were built and are in no table yet.
struct LoadBatch {
    private static let capacity = 32

    private struct Held {
        let entry: Entry
        let hash: UInt64
        let database: Int
    }

    private var entries: [Held] = []

    init() { entries.reserveCapacity(Self.capacity) }

    var isFull: Bool { entries.count >= Self.capacity }

    /// Takes an entry and asks for the memory that it will go to.
    mutating func add(_ entry: Entry, hash: UInt64, in database: Int, _ engine: Engine) {
        engine.keyspace.tables[database].segment(hash).prefetchPlace(hash)
        entries.append(Held(entry: entry, hash: hash, database: database))
    }

    /// Puts all in; answers the first key that took the place of another of its name.
    mutating func put(_ engine: Engine) -> [UInt8]? {
        var replaced: [UInt8]?
        // Counting a reference waits for the writes before it, which wait for memory: not in this loop.
        let (heap, tables) = (engine.heap, engine.keyspace.tables)
        for held in entries {
            let table = tables[held.database]
            let isNew = engine.putLoaded(
                held.entry, hash: held.hash, into: table, held.database, heap)
            if !isNew && replaced == nil { replaced = held.entry.key.array }
        }
        entries.removeAll(keepingCapacity: true)
        return replaced
    }
}

extension Engine {
    /// Puts in a key of a snapshot, whose hash is known; whether it was new. Nobody is told: nobody is served yet.
    func putLoaded(_ entry: Entry, hash: UInt64, in database: Int) -> Bool {
        putLoaded(entry, hash: hash, into: keyspace.tables[database], database, heap)
    }

    @inline(__always)
    fileprivate func putLoaded(
        _ entry: Entry, hash: UInt64, into table: Table, _ database: Int, _ heap: Heap
    ) -> Bool {
        let old = table.locate(entry.key, hash: hash)
        if let old { remove(old, database: database) }
        if entry.kind.isNested { table.bytes += entry.nested.bytes }
        table.insert(entry, hash: hash, heap)
        return old == nil
    }
}
