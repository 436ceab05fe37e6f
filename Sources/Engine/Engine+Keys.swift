/// The primitives through which commands see and change keys.
///
/// Each change touches the key for WATCH and leaves recording to the command, which knows the mutation's best
/// form; so a command is: locate, check the type, change, `record`, reply.
import Bytes
import Records

extension Engine {
    @inline(__always)
    var heap: Heap { keyspace.heap }

    @inline(__always)
    func table(_ session: Session) -> Table { keyspace.tables[session.database] }

    // MARK: Reading

    /// The entry of `key` for a reading command; an expired one counts as absent and is deleted after
    /// the command.
    ///
    /// - Parameter stamps: false for commands that look without using (TTL, TYPE).
    @inline(__always)
    func read(_ key: ByteView, _ session: Session, stamps: Bool = true) -> Entry? {
        let entry = peek(key, session)
        if let entry {
            statistics.keyspaceHits &+= 1
            if stamps && !session.leavesStamps { stampAccess(entry) }
        } else {
            noteMiss(key, session.database)
        }
        return entry
    }

    /// As `read`, but neither counted nor stamped (TTL, OBJECT, EXISTS).
    @inline(__always)
    func peek(_ key: ByteView, _ session: Session) -> Entry? {
        peek(key, database: session.database, isReplay: session.isReplay)
    }

    @inline(__always)
    func peek(_ key: ByteView, database: Int, isReplay: Bool) -> Entry? {
        guard let entry = keyspace.tables[database].find(key, hash: heap.sip.hash(key)) else {
            return nil
        }
        if entry.hasDeadline, !isReplay, isExpired(entry) {
            noteExpired(key, database)
            return nil
        }
        return entry
    }

    /// A reading command met an expired key, which is deleted after it; who listens is told now.
    @inline(never)
    private func noteExpired(_ key: ByteView, _ database: Int) {
        let place = WatchedKey(database: database, key: key.array)
        pendingExpiry.append(place)
        if settings.notifiedEvents.contains(.expired), toldExpired.insert(place).inserted {
            notify(.expired, "expired", key, database)
        }
    }

    /// Whether the deadline has passed. An entry without one never expires.
    @inline(__always)
    func isExpired(_ entry: Entry) -> Bool {
        guard let deadline = entry.deadline else { return false }
        return deadline < now
    }

    // MARK: Writing

    /// Where `key` is, for a writing command; an expired one is deleted first.
    @inline(__always)
    func locate(_ key: ByteView, _ session: Session) -> Position? {
        locate(key, database: session.database, isReplay: session.isReplay)
    }

    @inline(__always)
    func locate(_ key: ByteView, database: Int, isReplay: Bool) -> Position? {
        let table = keyspace.tables[database]
        guard let position = table.locate(key, hash: heap.sip.hash(key)) else { return nil }
        if position.entry.hasDeadline, !isReplay, isExpired(position.entry) {
            if !holdsChanges { expireNow(position, database) }
            return nil
        }
        return position
    }

    /// Makes `key` the string `value` with `deadline`, whatever it was; integers are stored as such.
    func setString(
        _ key: ByteView, _ value: ByteView, deadline: Deadline?, at position: Position?,
        _ session: Session
    ) {
        if let integer = value.count <= 20 ? Decimal.parse(value) : nil {
            setInteger(key, integer, deadline: deadline, at: position, session)
            return
        }
        let table = table(session)
        guard let position else {
            let entry = Entry.make(key: key, kind: .string, value: value, deadline: deadline)
            insertNew(entry, hash: heap.sip.hash(key), session.database)
            return
        }
        let place = table.writable(position, heap)
        let old = place.entry
        if old.kind == .string, old.value.count == value.count,
            old.hasDeadline == (deadline != nil),
            place.isOwned(heap)
        {
            old.overwriteValue(at: 0, with: value)
            if old.isGrown { old.isGrown = false }
            stampAccess(old)
            if let deadline {
                old.setDeadline(deadline)
                table.noteSoonest(deadline, place.hash)
            }
        } else {
            replaceValue(
                place, Entry.make(key: key, kind: .string, value: value, deadline: deadline), table)
        }
        touch(key, session.database)
    }

    /// Makes `key` an integer.
    func setInteger(
        _ key: ByteView, _ value: Int64, deadline: Deadline?, at position: Position?,
        _ session: Session
    ) {
        let word = UInt64(bitPattern: value)
        guard let position else {
            let entry = Entry.make(key: key, kind: .integer, word: word, deadline: deadline)
            insertNew(entry, hash: heap.sip.hash(key), session.database)
            return
        }
        let table = table(session)
        let place = table.writable(position, heap)
        let old = place.entry
        if old.kind == .integer, old.deadline == deadline, place.isOwned(heap) {
            old.setWord(word)
            stampAccess(old)
        } else {
            replaceValue(
                place, Entry.make(key: key, kind: .integer, word: word, deadline: deadline), table)
        }
        touch(key, session.database)
    }

    /// Puts in an entry whose key is absent.
    ///
    /// - Parameter isNew: false where a command replaces what the key held: nobody is told of a new key.
    func insertNew(_ entry: Entry, hash: UInt64, _ database: Int, isNew: Bool = true) {
        stampNew(entry)
        keyspace.tables[database].insert(entry, hash: hash, heap)
        touch(entry.key, database)
        if isNew { notify(.new, "new", entry.key, database) }
        signalReady(entry.key, database)
    }

    /// Replaces the entry at a writable position, and what a table of the old one held goes too.
    func replaceValue(_ place: Position, _ entry: Entry, _ table: Table) {
        let old = place.entry
        entry.setStamp(old.stamp)
        stampAccess(entry)
        retireNested(old, table)
        table.replace(place, with: entry, heap)
    }

    private func retireNested(_ entry: Entry, _ table: Table) {
        guard entry.kind.isNested else { return }
        if entry.kind == .stream { signalGone(entry.key, table) }
        let nested = entry.nested
        let bytes = nested.bytes
        table.bytes -= bytes
        // Views may see some of its nodes even where the entry is the live side's own.
        heap.retire(.nested(nested, entry.kind), bytes: bytes, isPrivate: false)
    }

    /// Takes the key at `position` out; nothing is recorded.
    func remove(_ position: Position, database: Int) {
        let table = keyspace.tables[database]
        let place = table.writable(position, heap)
        touch(place.entry.key, database)
        retireNested(place.entry, table)
        table.remove(place, heap)
    }

    /// Gives the key at `position` another deadline (nil: none); answers where it is now.
    @discardableResult
    func setDeadline(_ deadline: Deadline?, at position: Position, database: Int) -> Position {
        let table = keyspace.tables[database]
        let place = table.writable(position, heap)
        let old = place.entry
        touch(old.key, database)
        if old.deadline == deadline { return place }
        if let deadline, old.hasDeadline, place.isOwned(heap) {
            old.setDeadline(deadline)
            table.noteSoonest(deadline, place.hash)
            return place
        }
        let new: Entry
        if old.kind.isNested {
            // Another entry leads to the same header, or to its copy where a view keeps the old one.
            new = Entry.make(
                key: old.key, kind: old.kind, nested: handOver(place), deadline: deadline)
        } else {
            new = Entry.make(key: old.key, kind: old.kind, value: old.value, deadline: deadline)
        }
        new.adoptMarks(of: old)
        table.replace(place, with: new, heap)
        return place
    }

    /// The header of the nested value at a writable position, for an entry that takes the place of the one
    /// there.
    func handOver(_ place: Position) -> Nested {
        let entry = place.entry
        let nested = entry.nested
        if place.isOwned(heap) { return nested }
        let copy = nested.copyHeader(entry.kind, heap)
        unsafe heap.retire(.header(nested.raw), bytes: entry.kind.headerBytes, isPrivate: false)
        return copy
    }

    /// The time by which fields have expired for a session: never for one that replays a log.
    @inline(__always)
    func fieldTime(_ session: Session) -> Deadline { session.isReplay ? .distantPast : now }

    /// Writes the fields of the hash at `position`.
    func hashWriter(_ position: Position, _ session: Session) -> HashWriter {
        HashWriter(
            position, in: table(session), heap, settings.hashLimits, scratch, at: fieldTime(session)
        )
    }

    // MARK: Who is told

    /// Tells those who watch the key, or keep a copy of it, that it changed.
    @inline(__always)
    func touch(_ key: ByteView, _ database: Int) {
        if isObserved { touchObserved(key, database) }
    }

    @inline(never)
    private func touchObserved(_ key: ByteView, _ database: Int) {
        if !watchers.isEmpty { touchWatched(key, database) }
        onKeyChange?(key, !isDiscarding)
    }

    /// A reading command found no key.
    @inline(__always)
    func noteMiss(_ key: ByteView, _ database: Int) {
        statistics.keyspaceMisses &+= 1
        notify(.keyMiss, "keymiss", key, database)
    }
}
