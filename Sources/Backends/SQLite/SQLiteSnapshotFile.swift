/// A database as a snapshot: the backend's tables, in one file without a log beside it.
///
/// SQLite opens and writes it itself, so `SnapshotWriting.fileSystem` sees only the last sync. Read is any file of
/// the backend's, also one whose log is still beside it.
import Bytes
import Digest
import Persistence
import Records

/// Reads and writes databases; see the file's header.
struct SQLiteSnapshotFile: SnapshotFileFormat {
    let name = SQLiteBackend.descriptor.name
    let fileExtensions = ["db", "sqlite"]
    let ratios = SnapshotRatios(fileForMemory: 1.5, memoryForFile: 2)
    let companionSuffixes = ["-wal", "-shm", "-journal"]

    func recognises(_ front: ByteView, isNamedSo: Bool) -> Bool {
        front.starts(with: ByteView("SQLite format 3"))
    }

    func write(
        _ view: any FrozenDataset, _ task: SnapshotWriting
    ) throws(PersistenceError) -> (report: DigestReport, bytes: Int) {
        let disk = task.fileSystem
        for suffix in [""] + companionSuffixes where try disk.status(task.path + suffix) != nil {
            try disk.unlink(task.path + suffix)
        }
        // SQLite's other files get the permissions of this one.
        let made = try disk.open(task.path, .create)
        made.close()
        let walk = SnapshotWalk(view, token: task.token)
        try load(walk, task)
        let file = try disk.open(task.path, .update)
        defer { file.close() }
        try file.sync()
        return (walk.report, try file.size())
    }

    /// The database is closed when this returns.
    private func load(_ walk: SnapshotWalk, _ task: SnapshotWriting) throws(PersistenceError) {
        let store = try SQLiteStore(path: task.path, serverID: task.header.serverID)
        try store.load(walk, sequence: task.header.sequence, now: task.header.frozenAt)
        try store.finish()
        // One file that stands for itself, also where nothing may be written beside it.
        try store.connection.execute("PRAGMA journal_mode = DELETE")
    }

    func read(
        _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> SnapshotContents {
        let connection = try open(source)
        let reader = try TableReader(connection, now: source.now)
        let facts = try reader.readFacts()
        let total = try source.fileSystem.status(source.path)?.size ?? 0
        let (progress, token) = (source.progress, source.token)
        try reader.read(into: target, digest: nil) { bytes in
            progress(RecoveryProgress(loadedBytes: min(bytes, total), totalBytes: total))
        }
        try connection.execute("COMMIT")
        if token.isCancelled { throw SnapshotOutput.cancelled }
        var contents = SnapshotContents()
        contents.header.serverID = facts.serverID
        contents.header.sequence = facts.sequence
        contents.header.frozenAt = Deadline(millisecondsSinceEpoch: facts.committedMilliseconds)
        contents.keys = target.keyCount
        if let digest = facts.digest, digest.sequence == facts.sequence {
            contents.digest = Array(digest.text.utf8).withByteView { Hash256(hex: $0) }
            contents.header.frozenAt = digest.time
        }
        return contents
    }

    private func open(_ source: SnapshotSource) throws(PersistenceError) -> SQLiteConnection {
        let connection = try SQLiteConnection(source.path, isReadOnly: true)
        guard try Schema.holdsTables(connection) else {
            throw PersistenceError(
                .unsupportedFormat, "The database has none of our tables", path: source.path)
        }
        try connection.execute("BEGIN")
        return connection
    }

    func find(
        _ key: [UInt8], database: Int?, _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool {
        let connection = try open(source)
        let reader = try TableReader(connection, now: source.now, key: key)
        try reader.readOne(into: OneKeyTarget(target, key, database: database))
        try connection.execute("COMMIT")
        return true
    }

    func digest(
        _ source: SnapshotSource, _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        let token = source.token
        let target = DigestTarget { token.isCancelled }
        return (try read(source, into: target), target.report)
    }
}
