/// A whole dataset into empty tables: what a change of engine begins with.
///
/// In transactions of bounded size, so that the log stays small; the last one sets the sequence and records the
/// digest. Until then nothing says that the file counts.
import Bytes
import Persistence
import Records

extension SQLiteStore {
    /// Rows written between two commits of a load.
    private static let rowsPerTransaction = 100_000

    /// Writes everything that `walk` visits, as of `sequence`.
    ///
    /// - Throws: `.io`; `SnapshotOutput.cancelled`.
    func load(
        _ walk: SnapshotWalk, sequence: CommitTicket, now: Deadline
    ) throws(PersistenceError) {
        try setFull(false)
        do {
            try beginTransaction()
            var rows = 0
            for database in 0..<walk.view.databaseCount
            where walk.view.keyCount(database: database) > 0 {
                let space = try applier.space(database)
                try walk.forEachEntry(database: database) { entry in
                    rows += try insert(entry, space, walk)
                    if rows < Self.rowsPerTransaction { return }
                    rows = 0
                    try endTransaction()
                    _ = try WriteAheadLog.copy(connection, .passive)
                    try beginTransaction()
                }
            }
            let digest = walk.report.digest.root.hex
            try setDigest(digest, sequence, walk.view.frozenAt)
            try setMeta(sequence: sequence, now)
            try endTransaction()
            _ = try WriteAheadLog.copy(connection, .truncate)
        } catch let error as PersistenceError {
            undo()
            throw error
        } catch {
            undo()
            throw PersistenceError(.io, "\(error)", path: connection.path)
        }
    }

    /// Puts everything that `walk` visits in the place of all that the tables hold, in one transaction.
    ///
    /// The log grows by all of it, and is copied into the file afterwards.
    ///
    /// - Throws: `.io`, `.conflict`; `SnapshotOutput.cancelled`. The tables are as they were then.
    func replace(
        with walk: SnapshotWalk, sequence: CommitTicket, now: Deadline
    ) throws(PersistenceError) {
        try setFull(true)
        try transaction { () throws(PersistenceError) in
            try applier.flushAll()
            do {
                for database in 0..<walk.view.databaseCount
                where walk.view.keyCount(database: database) > 0 {
                    let space = try applier.space(database)
                    try walk.forEachEntry(database: database) { entry in
                        _ = try insert(entry, space, walk)
                    }
                }
            } catch let error as PersistenceError {
                throw error
            } catch {
                throw PersistenceError(.io, "\(error)", path: connection.path)
            }
            try setDigest(walk.report.digest.root.hex, sequence, walk.view.frozenAt)
            try setMeta(sequence: sequence, now)
        }
        // Another program's reader may keep the log: then it is copied like any other.
        _ = try? WriteAheadLog.copy(connection, .truncate)
    }

    /// Writes a key; answers how many rows it took.
    private func insert(
        _ entry: FrozenEntry, _ space: Int64, _ walk: SnapshotWalk
    ) throws -> Int {
        let name = KeyName(space: space, key: entry.key)
        let deadline = entry.deadline?.millisecondsSinceEpoch
        func string(_ value: ByteView) throws -> Int {
            let statement = applier.keys.write
            applier.bind(statement, name)
            statement.bind(3, deadline)
            statement.bind(4, value)
            try statement.run()
            return 1
        }
        func collection(_ kind: Schema.Kind) throws -> Int64 {
            let id = applier.newID()
            let statement = applier.keys.insert
            applier.bind(statement, name)
            statement.bind(3, kind.rawValue)
            statement.bind(4, deadline)
            statement.bind(5, id)
            try statement.run()
            return id
        }
        switch entry.value {
        case .string(let value): return try string(value)
        case .integer(let value): return try Decimal.text(value).withByteView { try string($0) }
        case .hash(let hash): return try insert(hash, collection(.hash), walk)
        case .list(let list): return try insert(list, collection(.list))
        case .set(let set):
            let id = try collection(.set)
            let statement = applier.elements.addMember
            try set.forEachMember { member in
                statement.bind(1, id)
                statement.bind(2, member)
                try statement.run()
            }
            return set.count + 1
        case .sortedSet(let set):
            let id = try collection(.sortedSet)
            let statement = applier.elements.setScore
            try set.forEachMember { member, score in
                statement.bind(1, id)
                statement.bind(2, member)
                statement.bind(3, score)
                statement.bind(4, OddScore.of(score))
                try statement.run()
            }
            return set.count + 1
        case .stream(let stream): return try insert(stream, collection(.stream))
        }
    }

    private func insert(_ hash: any FrozenHash, _ id: Int64, _ walk: SnapshotWalk) throws -> Int {
        let statement = applier.elements.setField
        try hash.forEachField { field, value, deadline in
            if !walk.isLive(deadline) { return }
            statement.bind(1, id)
            statement.bind(2, field)
            statement.bind(3, value)
            statement.bind(4, deadline?.millisecondsSinceEpoch)
            try statement.run()
        }
        return hash.count + 1
    }

    private func insert(_ list: any FrozenList, _ id: Int64) throws -> Int {
        let statement = applier.lists.insert
        var position = -Int64(list.count / 2) * ChangeApplier.listStep
        try list.forEachElement { element in
            statement.bind(1, id)
            statement.bind(2, position)
            statement.bind(3, element)
            try statement.run()
            position += ChangeApplier.listStep
        }
        return list.count + 1
    }

    // MARK: Streams

    private func insert(_ stream: any FrozenStream, _ id: Int64) throws -> Int {
        let statements = applier.streams
        let facts = stream.facts
        statements.setFigures.bind(1, id)
        statements.setFigures.bind(2, facts.last)
        statements.setFigures.bind(4, facts.maximumDeleted)
        statements.setFigures.bind(6, Biased.store(facts.entriesAdded))
        try statements.setFigures.run()
        var rows = 2
        try stream.forEachEntry { entry, fields in
            for place in 0..<(fields.count / 2) {
                statements.add.bind(1, id)
                statements.add.bind(2, entry)
                statements.add.bind(4, place)
                statements.add.bind(5, fields[2 * place])
                statements.add.bind(6, fields[2 * place + 1])
                try statements.add.run()
                rows += 1
            }
        }
        try stream.forEachGroup { rows += try insert($0, id) }
        return rows
    }

    private func insert(_ group: any FrozenStreamGroup, _ id: Int64) throws -> Int {
        let statements = applier.streams
        statements.createGroup.bind(1, id)
        statements.createGroup.bind(2, group.name)
        statements.createGroup.bind(3, group.last)
        statements.createGroup.bind(5, group.entriesRead)
        try statements.createGroup.run()
        var rows = 1
        try group.forEachConsumer { consumer in
            statements.createConsumer.bind(1, id)
            statements.createConsumer.bind(2, group.name)
            statements.createConsumer.bind(3, consumer.name)
            try statements.createConsumer.run()
            rows += 1
        }
        try group.forEachPending { pending in
            statements.claim.bind(1, id)
            statements.claim.bind(2, group.name)
            statements.claim.bind(3, pending.id)
            statements.claim.bind(5, pending.consumer)
            statements.claim.bind(6, pending.time)
            statements.claim.bind(7, Int64(clamping: pending.count))
            try statements.claim.run()
            rows += 1
        }
        return rows
    }
}
