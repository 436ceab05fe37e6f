/// Keys whose deadline has passed: deleted when a command meets them, and by a sweep that finds all.
///
/// There is no index of deadlines: each segment and chunk keeps a lower bound of the deadlines in it
/// (Segment.swift, Table.swift), so a sweep looks only where something is due. It costs a look at each
/// chunk (one for some 10,000 keys) and finds every expired key, where sampling finds most.
///
/// Bounds are lowered by writes and set right by the sweep that looks; a key persisted or deleted leaves
/// them too low, which costs one look. Fields of hashes work the same within their table, and a hash's
/// soonest field counts in the bounds of the segment that the hash stands in.
import Bytes
import Records

extension Engine {
    /// Deletes the keys that reading commands found expired.
    func deleteExpired() {
        let keys = pendingExpiry
        pendingExpiry.removeAll(keepingCapacity: true)
        defer { toldExpired.removeAll() }
        if holdsChanges { return }
        for each in keys {
            each.key.withByteView { key in
                let table = keyspace.tables[each.database]
                guard let position = table.locate(key, hash: heap.sip.hash(key)),
                    isExpired(position.entry)
                else { return }
                expireNow(position, each.database)
            }
        }
        closeUnit()
    }

    /// Deletes an expired key and records that it is gone.
    func expireNow(_ position: Position, _ database: Int) {
        statistics.expiredKeys += 1
        discard(position, database, because: .expired)
    }

    /// Deletes a key outside of any command's effect (expiry, eviction), records and tells it.
    func discard(_ position: Position, _ database: Int, because reason: KeyspaceEvents) {
        let key = position.entry.key.array
        isDiscarding = true
        remove(position, database: database)
        isDiscarding = false
        key.withByteView { view in
            record(.delete(key: view), database: database)
            if reason == .evicted {
                notify(.evicted, "evicted", view, database)
            } else if toldExpired.isEmpty
                || toldExpired.remove(WatchedKey(database: database, key: key)) == nil
            {
                notify(.expired, "expired", view, database)
            }
        }
    }

    /// Sweeps for expired keys; called about ten times a second.
    ///
    /// - Parameter budgetNanoseconds: stops after this much time; the next call goes on there.
    /// - Returns: whether everything due was deleted.
    @discardableResult
    public func expireCycle(budgetNanoseconds: UInt64) -> Bool {
        guard expiresActively, !isLoading, !holdsChanges else { return true }
        defer { serveBlocked() }
        let (end, isEndless) = clock.monotonicNanoseconds.addingReportingOverflow(budgetNanoseconds)
        for database in 0..<keyspace.databaseCount where keyspace.hasDeadlines(database) {
            if !sweep(database, until: isEndless ? .max : end) { return false }
        }
        return true
    }

    private func sweep(_ database: Int, until end: UInt64) -> Bool {
        let table = keyspace.tables[database]
        var due: [[UInt8]] = []
        var hashes: [[UInt8]] = []
        var isDone = true
        var hash: UInt64 = 0
        // Chunks in order of their prefix; the table is not changed while `due` is filled.
        scan: while true {
            let chunk = table.chunk(hash)
            let prefixBits = chunk.prefixBits
            if chunk.soonest < now {
                var soonest = Deadline.distantFuture
                forEachSegment(of: chunk) { segment in
                    if due.count + hashes.count < 1024 {
                        collectDue(segment, &due, &hashes)
                    } else {
                        isDone = false
                    }
                    soonest = min(soonest, segment.soonest)
                }
                chunk.soonest = soonest
                for key in due { deleteDue(key, database) }
                for key in hashes where !expireFields(key, database, limit: 1024) {
                    isDone = false
                }
                closeUnit()
                due.removeAll(keepingCapacity: true)
                hashes.removeAll(keepingCapacity: true)
                if clock.monotonicNanoseconds > end { return false }
                if !isDone { return false }
            }
            if prefixBits == 0 { break scan }
            let prefix = hash >> UInt64(64 - prefixBits)
            if prefix == (1 << UInt64(prefixBits)) - 1 { break scan }
            hash = (prefix + 1) << UInt64(64 - prefixBits)
        }
        return isDone
    }

    /// Appends the expired keys of a segment to `due` and sets its bound right.
    private func collectDue(
        _ segment: Segment, _ due: inout [[UInt8]], _ hashes: inout [[UInt8]]
    ) {
        guard segment.soonest < now else { return }
        var soonest = Deadline.distantFuture
        for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
            let entry = segment.entry(slot)
            guard let first = entry.soonest else { continue }
            // What is due is deleted right after; should that fail to come, the bound still says so.
            if first < now {
                if isExpired(entry) {
                    due.append(entry.key.array)
                } else {
                    hashes.append(entry.key.array)
                }
            }
            soonest = min(soonest, first)
        }
        segment.soonest = soonest
    }

    /// Deletes fields of a hash whose deadline has passed; whether there are none left.
    private func expireFields(_ key: [UInt8], _ database: Int, limit: Int) -> Bool {
        key.withByteView { view in
            let table = keyspace.tables[database]
            guard let position = table.locate(view, hash: heap.sip.hash(view)),
                position.entry.hasFieldDeadlines
            else { return true }
            let writer = HashWriter(
                position, in: table, heap, settings.hashLimits, scratch, at: now)
            var removed = 0
            let isDone = writer.removeExpired(limit: limit) { field in
                removed += 1
                field.withSingleView {
                    record(.hashDelete(key: view, fields: $0), database: database)
                }
            }
            if removed > 0 {
                statistics.expiredFields += removed
                isDiscarding = true
                touch(view, database)
                isDiscarding = false
                notify(.hash, "hexpired", view, database)
            }
            if writer.count == 0 {
                isDiscarding = true
                remove(writer.position, database: database)
                isDiscarding = false
                notify(.generic, "del", view, database)
            }
            return isDone
        }
    }

    private func deleteDue(_ key: [UInt8], _ database: Int) {
        key.withByteView { view in
            let table = keyspace.tables[database]
            guard let position = table.locate(view, hash: heap.sip.hash(view)) else { return }
            expireNow(position, database)
            // The bounds that the deleted key held low are set right by the next look.
        }
    }
}

extension Table {
    /// Appends up to `limit` keys whose deadline is before `now` to `due`, and sets the bounds right.
    ///
    /// - Returns: whether these are all.
    func collectDue(before now: Deadline, limit: Int, _ due: inout [[UInt8]]) -> Bool {
        var isDone = true
        var soonestOfAll = Deadline.distantFuture
        forEachChunk(root: root, bits: rootBits) { chunk in
            if chunk.soonest < now {
                var soonest = Deadline.distantFuture
                forEachSegment(of: chunk) { segment in
                    if segment.soonest < now {
                        if due.count < limit {
                            segment.collectDue(before: now, &due)
                        } else {
                            isDone = false
                        }
                    }
                    soonest = min(soonest, segment.soonest)
                }
                chunk.soonest = soonest
            }
            soonestOfAll = min(soonestOfAll, chunk.soonest)
        }
        soonest = soonestOfAll
        return isDone
    }
}

extension Segment {
    /// Appends the keys whose deadline is before `now`; what is left is the new bound.
    fileprivate func collectDue(before now: Deadline, _ due: inout [[UInt8]]) {
        var soonest = Deadline.distantFuture
        for slot in 0..<Segment.capacity where isOccupied(slot) {
            guard let deadline = entry(slot).deadline else { continue }
            if deadline < now {
                due.append(entry(slot).key.array)
            } else {
                soonest = min(soonest, deadline)
            }
        }
        self.soonest = soonest
    }
}
