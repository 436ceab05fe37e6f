/// Streams: a row for each field of an entry, one for each group, consumer and pending entry, one for the figures.
///
/// Ids are stored 2^63 lower than they are: SQLite's numbers are signed, and their order must be the ids'.
import Bytes
import Persistence
import Records

/// The figures of a stream, written once a transaction.
struct StreamFigures {
    var last = StreamID.minimum
    var deleted = StreamID.minimum
    var added: UInt64 = 0
    var isDirty = false
}

/// Numbers without a sign in a column with one.
enum Biased {
    static func store(_ number: UInt64) -> Int64 { Int64(bitPattern: number ^ 1 << 63) }
    static func load(_ stored: Int64) -> UInt64 { UInt64(bitPattern: stored) ^ 1 << 63 }
}

extension PreparedStatement {
    /// Gives an id to the parameters `index` and the one behind it.
    func bind(_ index: Int32, _ id: StreamID) {
        bind(index, Biased.store(id.milliseconds))
        bind(index + 1, Biased.store(id.sequence))
    }

    /// The id in the column `index` and the one behind it.
    func streamID(_ index: Int32) -> StreamID {
        StreamID(Biased.load(integer(index)), Biased.load(integer(index + 1)))
    }
}

/// Statements on streams.
struct StreamStatements {
    let figures, setFigures, add, delete, nth, trim, trimAll: PreparedStatement
    let createGroup, setGroup, destroyGroup, group: PreparedStatement
    let destroyConsumers, destroyPending: PreparedStatement
    let createConsumer, deleteConsumer, deletePendingOf, acknowledge, claim: PreparedStatement

    init(_ connection: SQLiteConnection) throws(PersistenceError) {
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        figures = try make(
            "SELECT last_ms, last_seq, deleted_ms, deleted_seq, added FROM stream_facts WHERE id = ?1"
        )
        setFigures = try make(
            """
            INSERT INTO stream_facts VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET
            last_ms = ?2, last_seq = ?3, deleted_ms = ?4, deleted_seq = ?5, added = ?6
            """)
        add = try make("INSERT OR REPLACE INTO stream_fields VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        delete = try make("DELETE FROM stream_fields WHERE id = ?1 AND ms = ?2 AND seq = ?3")
        nth = try make(
            """
            SELECT ms, seq FROM stream_fields WHERE id = ?1 AND n = 0 ORDER BY ms, seq
            LIMIT 1 OFFSET ?2
            """)
        trim = try make("DELETE FROM stream_fields WHERE id = ?1 AND (ms, seq) < (?2, ?3)")
        trimAll = try make("DELETE FROM stream_fields WHERE id = ?1")
        let group = " WHERE id = ?1 AND name = ?2"
        createGroup = try make("INSERT OR REPLACE INTO stream_groups VALUES (?1, ?2, ?3, ?4, ?5)")
        setGroup = try make(
            "UPDATE stream_groups SET last_ms = ?3, last_seq = ?4, entries_read = ?5" + group)
        self.group = try make("SELECT last_ms, last_seq, entries_read FROM stream_groups" + group)
        destroyGroup = try make("DELETE FROM stream_groups" + group)
        destroyConsumers = try make("DELETE FROM stream_consumers" + group)
        destroyPending = try make("DELETE FROM stream_pending" + group)
        createConsumer = try make("INSERT OR IGNORE INTO stream_consumers VALUES (?1, ?2, ?3)")
        deleteConsumer = try make("DELETE FROM stream_consumers" + group + " AND consumer = ?3")
        deletePendingOf = try make("DELETE FROM stream_pending" + group + " AND consumer = ?3")
        acknowledge = try make(
            "DELETE FROM stream_pending" + group + " AND ms = ?3 AND seq = ?4")
        claim = try make(
            """
            INSERT INTO stream_pending VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (id, name, ms, seq) DO UPDATE
            SET consumer = ?5, delivered_ms = ?6, deliveries = ?7
            """)
    }
}

extension ChangeApplier {
    func applyToStream(
        _ code: ChangeCode, _ database: Int, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        let name = KeyName(space: try space(database), key: reader.view())
        let id = try make(name, .stream)
        switch code {
        case .streamAdd: try add(id, reader.id(), reader.views())
        case .streamDelete: try delete(id, reader.ids())
        case .streamTrim: try trim(id, reader.number())
        case .streamSetID:
            try changeFigures(id) { figures in
                figures.last = reader.id()
                figures.added = reader.word()
                figures.deleted = reader.id()
            }
        default:
            // A stream that a group made has figures, too.
            try changeFigures(id) { _ in }
            try applyToGroup(code, id, reader.view(), &reader)
        }
    }

    private func changeFigures(
        _ id: Int64, _ body: (inout StreamFigures) -> Void
    ) throws(PersistenceError) {
        if facts[id] == nil {
            var figures = StreamFigures(isDirty: true)
            let statement = streams.figures
            statement.bind(1, id)
            while try statement.step() {
                figures = StreamFigures(
                    last: statement.streamID(0), deleted: statement.streamID(2),
                    added: Biased.load(statement.integer(4)))
            }
            facts[id] = figures
        }
        let before = facts[id]
        body(&facts[id, default: StreamFigures()])
        let after = facts[id]
        if before?.last != after?.last || before?.added != after?.added
            || before?.deleted != after?.deleted
        {
            facts[id]?.isDirty = true
        }
    }

    func write(_ figures: StreamFigures, _ id: Int64) throws(PersistenceError) {
        let statement = streams.setFigures
        statement.bind(1, id)
        statement.bind(2, figures.last)
        statement.bind(4, figures.deleted)
        statement.bind(6, Biased.store(figures.added))
        try statement.run()
    }

    private func add(
        _ id: Int64, _ entry: StreamID, _ fields: [ByteView]
    ) throws(PersistenceError) {
        let statement = streams.add
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            statement.bind(1, id)
            statement.bind(2, entry)
            statement.bind(4, index / 2)
            statement.bind(5, fields[index])
            statement.bind(6, fields[index + 1])
            try statement.run()
        }
        try changeFigures(id) { figures in
            figures.last = max(figures.last, entry)
            figures.added += 1
        }
    }

    private func delete(_ id: Int64, _ entries: [StreamID]) throws(PersistenceError) {
        for entry in entries {
            streams.delete.bind(1, id)
            streams.delete.bind(2, entry)
            try streams.delete.run()
            if streams.delete.changes == 0 { continue }
            try changeFigures(id) { $0.deleted = max($0.deleted, entry) }
        }
    }

    private func trim(_ id: Int64, _ count: Int) throws(PersistenceError) {
        streams.nth.bind(1, id)
        streams.nth.bind(2, count)
        guard try streams.nth.step() else {
            streams.trimAll.bind(1, id)
            return try streams.trimAll.run()
        }
        let boundary = streams.nth.streamID(0)
        streams.nth.reset()
        streams.trim.bind(1, id)
        streams.trim.bind(2, boundary)
        try streams.trim.run()
    }

    // MARK: Groups

    private func applyToGroup(
        _ code: ChangeCode, _ id: Int64, _ group: ByteView, _ reader: inout ChangeReader
    ) throws(PersistenceError) {
        func run(_ statement: PreparedStatement) throws(PersistenceError) {
            statement.bind(1, id)
            statement.bind(2, group)
            try statement.run()
        }
        switch code {
        case .createGroup, .setGroup:
            let statement = code == .createGroup ? streams.createGroup : streams.setGroup
            statement.bind(3, reader.id())
            statement.bind(5, reader.number())
            try run(statement)
        case .destroyGroup:
            try run(streams.destroyGroup)
            try run(streams.destroyConsumers)
            try run(streams.destroyPending)
        case .createConsumer:
            streams.createConsumer.bind(3, reader.view())
            try run(streams.createConsumer)
        case .deleteConsumer:
            let consumer = reader.view()
            for statement in [streams.deleteConsumer, streams.deletePendingOf] {
                statement.bind(3, consumer)
                try run(statement)
            }
        case .acknowledge:
            for entry in reader.ids() {
                streams.acknowledge.bind(3, entry)
                try run(streams.acknowledge)
            }
        case .claim:
            let consumer = reader.view()
            streams.createConsumer.bind(3, consumer)
            try run(streams.createConsumer)
            streams.claim.bind(3, reader.id())
            streams.claim.bind(5, consumer)
            streams.claim.bind(6, reader.number())
            streams.claim.bind(7, Int64(clamping: reader.word()))
            try run(streams.claim)
            try raise(id, group, to: reader.id())
        default: preconditionFailure("a change of something else")
        }
    }

    /// The group has delivered up to an entry at least.
    private func raise(
        _ id: Int64, _ group: ByteView, to last: StreamID
    ) throws(PersistenceError) {
        streams.group.bind(1, id)
        streams.group.bind(2, group)
        guard try streams.group.step() else { return }
        let known = streams.group.streamID(0)
        let read = streams.group.integer(2)
        streams.group.reset()
        if known >= last { return }
        streams.setGroup.bind(1, id)
        streams.setGroup.bind(2, group)
        streams.setGroup.bind(3, last)
        streams.setGroup.bind(5, read)
        try streams.setGroup.run()
    }
}
