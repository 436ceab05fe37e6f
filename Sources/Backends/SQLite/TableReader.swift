/// Reads the tables into a dataset: key after key, each with the rows that hang off it.
///
/// All statements run in one read transaction of the caller's, so what is read is one state. Nothing is held but the
/// row at hand; SQLite lends its bytes.
///
/// Damage is not skipped: what SQLite finds malformed, a key of an unknown type, a collection without rows and a key
/// that is there twice end the reading with the key's name.
///
/// Threads: one at a time.
import Bytes
import Digest
import Persistence
import Records

/// Reads a file; see the header.
final class TableReader {
    private let connection: SQLiteConnection
    private let keys, meta: PreparedStatement
    private let fields, items, members, scores: PreparedStatement
    private let facts, entries, groups, consumers, pending: PreparedStatement
    private let now: Deadline
    private let key: [UInt8]?

    /// Over a file with our tables; `now` is when consumers were seen last, which is not kept.
    ///
    /// - Parameter key: the one to be read; nil: all.
    init(
        _ connection: SQLiteConnection, now: Deadline, key: [UInt8]? = nil
    ) throws(PersistenceError) {
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        self.connection = connection
        self.now = now
        self.key = key
        keys = try make(
            """
            SELECT db, key, type, deadline_ms, value, id FROM databases CROSS JOIN keys USING (space)
            \(key == nil ? "" : "WHERE key = ?1")
            """)
        // A file of an older version has no time of the digest, and is read before it is migrated.
        let hasTime = try connection.numbers("PRAGMA user_version").first ?? 0 > 1
        meta = try make(
            """
            SELECT sequence, committed_ms, server_id, is_closed, digest, digest_sequence,
            \(hasTime ? "digest_ms" : "NULL") FROM meta
            """)
        fields = try make("SELECT field, value, deadline_ms FROM hash_fields WHERE id = ?1")
        items = try make("SELECT value FROM list_items WHERE id = ?1 ORDER BY pos")
        members = try make("SELECT member FROM set_members WHERE id = ?1")
        scores = try make("SELECT member, score, odd FROM zset_members WHERE id = ?1")
        facts = try make(
            "SELECT last_ms, last_seq, deleted_ms, deleted_seq, added FROM stream_facts WHERE id = ?1"
        )
        entries = try make(
            "SELECT ms, seq, n, field, value FROM stream_fields WHERE id = ?1 ORDER BY ms, seq, n")
        groups = try make(
            "SELECT name, last_ms, last_seq, entries_read FROM stream_groups WHERE id = ?1")
        consumers = try make(
            "SELECT consumer FROM stream_consumers WHERE id = ?1 AND name = ?2 ORDER BY consumer")
        pending = try make(
            """
            SELECT consumer, ms, seq, delivered_ms, deliveries FROM stream_pending
            WHERE id = ?1 AND name = ?2 ORDER BY consumer, ms, seq
            """)
    }

    /// The row of `meta`.
    func readFacts() throws(PersistenceError) -> StoreFacts {
        guard try meta.step() else { throw corrupt("The table 'meta' is empty") }
        var found = StoreFacts()
        found.sequence = CommitTicket(bitPattern: meta.integer(0))
        found.committedMilliseconds = meta.integer(1)
        found.serverID = meta.bytes(2).text
        found.isClosed = meta.integer(3) != 0
        if !meta.isNull(4), !meta.isNull(6) {
            found.digest = (
                meta.bytes(4).text, CommitTicket(bitPattern: meta.integer(5)),
                Deadline(millisecondsSinceEpoch: meta.integer(6))
            )
        }
        meta.reset()
        return found
    }

    /// Hands the key that was asked for to `target`, from each database that has it.
    ///
    /// - Throws: as `read`.
    func readOne(into target: any ReplayTarget) throws(PersistenceError) {
        try (key ?? []).withByteView { (view) throws(PersistenceError) in
            keys.bind(1, view)
            try read(into: target, digest: nil) { _ in }
        }
    }

    /// Hands every key to `target`, and to `digest` where one is to be taken; `progress` hears of bytes of keys
    /// and strings.
    ///
    /// - Throws: `.corrupt`, `.conflict`, `.io`.
    func read(
        into target: any ReplayTarget, digest: DigestSink?, progress: (_ bytes: Int) -> Void
    ) throws(PersistenceError) {
        target.beginLoading()
        var (count, bytes) = (0, 0)
        while try keys.step() {
            bytes += keys.bytes(1).count + keys.bytes(4).count
            do {
                try readKey(into: target, digest)
            } catch let error as PersistenceError {
                keys.reset()
                throw error
            } catch {
                keys.reset()
                throw corrupt("\(error)")
            }
            count += 1
            if count & 0xfff == 0 { progress(bytes) }
        }
        if let twice = target.endLoading() { throw corrupt("A key is there twice", twice) }
        progress(bytes)
    }

    private func readKey(into target: any ReplayTarget, _ digest: DigestSink?) throws {
        let key = keys.bytes(1)
        let database = Int(keys.integer(0))
        guard (0..<target.databaseCount).contains(database) else {
            throw PersistenceError(
                .conflict,
                "There are keys in database \(database), of \(target.databaseCount) there are ('databases')",
                path: connection.path, remedy: "Start with '--databases \(database + 1)'")
        }
        let deadline = keys.optionalInteger(3).map { Deadline(millisecondsSinceEpoch: $0) }
        let outcome = try target.load(key, database: database, deadline: deadline) { sink in
            guard let digest else { return try fill(sink) }
            try digest.begin(database: database, key: key, deadline: deadline)
            try fill(TwoSinks(sink, digest))
            digest.end()
        }
        switch outcome {
        case .new: return
        case .replaced: throw corrupt("A key is there twice", key.array)
        case .empty: throw corrupt("A key has no elements", key.array)
        }
    }

    private func corrupt(_ what: String, _ key: [UInt8]? = nil) -> PersistenceError {
        let name = key.map { ": X'" + $0.prefix(100).map { Self.hex($0) }.joined() + "'" } ?? ""
        return PersistenceError(
            .corrupt, what + name, path: connection.path,
            remedy: "Look at it with sqlite3, mend a copy there, or restore a backup")
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }

    // MARK: Values

    private func fill(_ sink: any ValueSink) throws {
        guard let kind = Schema.Kind(rawValue: keys.integer(2)) else {
            throw corrupt("A key has the unknown type \(keys.integer(2))", keys.bytes(1).array)
        }
        if kind == .string { return try sink.string(keys.bytes(4)) }
        let id = keys.integer(5)
        switch kind {
        case .string: return
        case .hash:
            try sink.beginHash(expecting: 0)
            try each(fields, id) { row in
                let deadline = row.optionalInteger(2)
                return try sink.field(
                    row.bytes(0), value: row.bytes(1),
                    deadline: deadline.map { Deadline(millisecondsSinceEpoch: $0) })
            }
        case .list:
            try sink.beginList(expecting: 0)
            try each(items, id) { row in
                try sink.element(row.bytes(0))
                return true
            }
        case .set:
            try sink.beginSet(expecting: 0, isIntegers: false)
            try each(members, id) { row in try sink.member(row.bytes(0)) }
        case .sortedSet:
            try sink.beginSortedSet(expecting: 0)
            try each(scores, id) { row in
                let score = OddScore.score(row.real(1), row.optionalInteger(2))
                return try sink.member(row.bytes(0), score: score)
            }
        case .stream: try fillStream(sink, id)
        }
    }

    /// Runs `body` for every row of an id; false stands for a row that is there twice.
    private func each(
        _ statement: PreparedStatement, _ id: Int64, name: ByteView? = nil,
        _ body: (PreparedStatement) throws -> Bool
    ) throws {
        statement.bind(1, id)
        if let name { statement.bind(2, name) }
        defer { statement.reset() }
        while try statement.step() {
            if try !body(statement) {
                throw corrupt("An element is there twice", keys.bytes(1).array)
            }
        }
    }

    // MARK: Streams

    private func fillStream(_ sink: any ValueSink, _ id: Int64) throws {
        try sink.beginStream()
        var (length, first) = (0, StreamID.minimum)
        var last = StreamID.minimum
        var current: (id: StreamID, fields: [[UInt8]])?
        func finishEntry() throws {
            guard let entry = current else { return }
            try entry.fields.withByteViews { try sink.entry(entry.id, fields: $0) }
            if length == 0 { first = entry.id }
            length += 1
            last = entry.id
        }
        try each(entries, id) { row in
            let entry = row.streamID(0)
            if current?.id != entry {
                try finishEntry()
                current = (entry, [])
            }
            current?.fields.append(row.bytes(3).array)
            current?.fields.append(row.bytes(4).array)
            return true
        }
        try finishEntry()
        var known = StreamFacts(
            length: length, last: last, first: first, maximumDeleted: .minimum,
            entriesAdded: UInt64(length))
        var count = 0
        try each(facts, id) { row in
            count += 1
            known.last = row.streamID(0)
            known.maximumDeleted = row.streamID(2)
            known.entriesAdded = Biased.load(row.integer(4))
            return true
        }
        if count == 0 || known.last < last {
            throw corrupt("The figures of a stream are not its own", keys.bytes(1).array)
        }
        try sink.streamFacts(known)
        try fillGroups(sink, id)
    }

    private func fillGroups(_ sink: any ValueSink, _ id: Int64) throws {
        try each(groups, id) { row in
            let name = row.bytes(0)
            let isNew = try sink.beginGroup(
                name, last: row.streamID(1), entriesRead: row.integer(3))
            try fillConsumers(sink, id, name)
            return isNew
        }
    }

    /// Consumers and pending entries come in one order, so that each finds its own.
    private func fillConsumers(_ sink: any ValueSink, _ id: Int64, _ group: ByteView) throws {
        pending.bind(1, id)
        pending.bind(2, group)
        defer { pending.reset() }
        var hasPending = try pending.step()
        try each(consumers, id, name: group) { row in
            let name = row.bytes(0)
            let isNew = try sink.consumer(
                name, seenTime: now.millisecondsSinceEpoch, activeTime: -1)
            while hasPending && pending.bytes(0) == name {
                try sink.pending(
                    pending.streamID(1), time: pending.integer(3),
                    count: UInt64(clamping: pending.integer(4)))
                hasPending = try pending.step()
            }
            return isNew
        }
        if hasPending {
            throw corrupt("An entry is pending for nobody", keys.bytes(1).array)
        }
    }
}
