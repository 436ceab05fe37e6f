/// A whole dataset that comes from elsewhere: in the place of this one, or into it.
///
/// While the files are being replaced by those of another dataset nothing may be recorded (`holdsChanges`): commands
/// that write wait elsewhere, and what the engine does on its own (expiry, eviction) waits here. An expired key
/// counts as absent meanwhile, as always.
import Bytes
import Records

extension Engine {
    /// Puts another keyspace in the place of this one; nothing is recorded. O(1) but for the watched keys.
    ///
    /// WATCH, client-side caching and blocked clients hear of it as of FLUSHALL and of the keys that are there then.
    ///
    /// - Returns: the keyspace that was there, which takes long to free.
    public func replace(with other: Keyspace) -> Keyspace {
        precondition(other.databaseCount == keyspace.databaseCount, "databases don't match")
        let all = Array(0..<keyspace.databaseCount)
        for database in all { touchDatabase(database) }
        let old = keyspace
        keyspace = other
        for database in all { touchDatabase(database) }
        pendingExpiry.removeAll()
        toldExpired.removeAll()
        onFlush?()
        signalAll(all)
        return old
    }

    /// Puts every key of another keyspace in, over keys of the same name, as one unit of what is recorded.
    ///
    /// Keys of the other one that are past their deadline are left out, and stand in nobody's way.
    ///
    /// - Returns: keys that came, and how many of them took another's place.
    /// - Complexity: O(N) in the other keyspace.
    public func merge(_ other: Keyspace) -> (keys: Int, replaced: Int) {
        precondition(other.databaseCount <= keyspace.databaseCount, "databases don't match")
        var (keys, replaced) = (0, 0)
        for database in 0..<other.databaseCount {
            other.tables[database].forEachEntry { entry in
                if isExpired(entry) { return }
                keys += 1
                if put(copyOf: entry, in: database) { replaced += 1 }
            }
        }
        closeUnit()
        return (keys, replaced)
    }

    /// Whether another key went for it.
    private func put(copyOf entry: Entry, in database: Int) -> Bool {
        let table = keyspace.tables[database]
        let isThere = table.locate(entry.key, hash: heap.sip.hash(entry.key)) != nil
        if isThere { record(.delete(key: entry.key), database: database) }
        copyKey(entry, to: entry.key, in: database)
        notify(.generic, "restore", entry.key, database)
        recordMaking(of: entry, database)
        return isThere
    }

    /// Serves blocked clients whose keys have become ready outside of a command.
    public func serveReadyClients() {
        serveBlocked()
        closeUnit()
    }
}
