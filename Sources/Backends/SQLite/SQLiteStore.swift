/// The open database file: what the lanes do with it, one transaction a call.
///
/// The engine's thread makes it, then hands it from lane to lane: the backend sees to it that one job at a time uses
/// the connection (`sync` lane: transactions; `checkpoint` lane: a first load). The copying of the log into the file
/// has a connection of its own, so that commits go on beside it.
///
/// Memory first: a failed transaction is rolled back whole, and its buffers are applied again later.
///
/// INVARIANT 1: a transaction moves `meta.sequence` to that of the last change in it, or changes nothing.
/// INVARIANT 2: nobody else writes: `data_version` changes only where another program did, and then nothing is
/// written any more. It is looked at behind BEGIN IMMEDIATE, when no other program can write.
/// Threads: one at a time.
import Bytes
import Persistence
import Records

/// What stands in the row of `meta`.
struct StoreFacts: Sendable {
    var sequence: CommitTicket = 0
    var committedMilliseconds: Int64 = 0
    var serverID = ""
    var isClosed = false
    /// The digest recorded last, the sequence that it is of, and when its data was frozen.
    var digest: (text: String, sequence: CommitTicket, time: Deadline)?
}

/// The file, open for writing; see the header.
final class SQLiteStore: @unchecked Sendable {
    // BECAUSE: one thread at a time, see the header.
    let connection: SQLiteConnection
    let applier: ChangeApplier
    private let begin, commit, rollBack, dataVersion, setMeta: PreparedStatement
    private let setDigest, setOwner, setClosed: PreparedStatement
    private var knownDataVersion: Int64 = 0
    private var isFull = true

    /// Opens, makes or migrates the file at `path`.
    ///
    /// - Parameter keptLogBytes: what of the log file is kept when it is used again from its beginning.
    /// - Throws: `.unsupportedVersion`, `.unsupportedFormat`, `.corrupt`, `.io`.
    init(path: String, serverID: String, keptLogBytes: Int = WriteAheadLog.startBytes(limit: .max))
        throws(PersistenceError)
    {
        let connection = try SQLiteConnection(path)
        self.connection = connection
        // WAL frames of half the usual size; see Schema.
        try connection.execute("PRAGMA page_size = 2048")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        try connection.execute("PRAGMA wal_autocheckpoint = 0")
        try connection.execute("PRAGMA journal_size_limit = \(keptLogBytes)")
        try connection.execute("PRAGMA cache_size = -\(Self.cacheKilobytes)")
        try connection.execute("PRAGMA temp_store = MEMORY")
        try Schema.migrate(connection)
        applier = try ChangeApplier(connection)
        func make(_ sql: String) throws(PersistenceError) -> PreparedStatement {
            try PreparedStatement(connection, sql)
        }
        begin = try make("BEGIN IMMEDIATE")
        commit = try make("COMMIT")
        rollBack = try make("ROLLBACK")
        dataVersion = try make("PRAGMA data_version")
        setMeta = try make("UPDATE meta SET sequence = ?1, committed_ms = ?2, next_id = ?3")
        setDigest = try make("UPDATE meta SET digest = ?1, digest_sequence = ?2, digest_ms = ?3")
        setOwner = try make("UPDATE meta SET server_id = ?1, is_closed = 0")
        setClosed = try make("UPDATE meta SET is_closed = 1")
        knownDataVersion = try readDataVersion()
        // ORDER: this makes the log file, and its name lasts: SQLite syncs the folder behind the first full commit.
        try transaction { () throws(PersistenceError) in
            setOwner.bind(1, text: serverID)
            try setOwner.run()
        }
    }

    /// Pages kept in memory: the tree's inner pages and the leaves that are written again soon.
    static let cacheKilobytes = 128 << 10

    private func readDataVersion() throws(PersistenceError) -> Int64 {
        guard try dataVersion.step() else { return 0 }
        defer { dataVersion.reset() }
        return dataVersion.integer(0)
    }

    /// Runs `body` in a transaction; rolls it back where it throws.
    func transaction(_ body: () throws(PersistenceError) -> Void) throws(PersistenceError) {
        try begin.run()
        do throws(PersistenceError) {
            if try readDataVersion() != knownDataVersion {
                throw PersistenceError(
                    .conflict, "Another program has written to the database", path: connection.path,
                    remedy:
                        "Nothing is written any more. Restart the server to load the database as it is "
                        + "now, or save what is in memory elsewhere (PERSIST MIGRATE, SNAPSHOT)")
            }
            try body()
            try commit.run()
        } catch {
            undo()
            throw error
        }
    }

    /// Rolls an open transaction back; what the applier had made ready for it is forgotten.
    func undo() {
        do throws(PersistenceError) {
            if connection.isInTransaction { try rollBack.run() }
            try applier.reload()
        } catch {
            // What made the transaction fail is told; this follows from it, and the next attempt meets it again.
            return
        }
    }

    /// Begins a transaction, which `endTransaction` or `undo` ends.
    func beginTransaction() throws(PersistenceError) { try begin.run() }
    /// Commits.
    func endTransaction() throws(PersistenceError) { try commit.run() }

    /// How hard commits are: FULL waits for the platter, NORMAL only for the system.
    func setFull(_ isFull: Bool) throws(PersistenceError) {
        if isFull == self.isFull { return }
        try connection.execute("PRAGMA synchronous = \(isFull ? "FULL" : "NORMAL")")
        self.isFull = isFull
    }

    /// Applies changes in one transaction; answers how many rows of keys and elements it changed.
    func write(
        _ buffers: [ChangeBuffer], now: Deadline
    ) throws(PersistenceError) -> Int {
        let before = begin.totalChanges
        var rows = 0
        try transaction { () throws(PersistenceError) in
            for buffer in buffers { try applier.apply(buffer) }
            try applier.finish()
            rows = begin.totalChanges - before
            try applier.sweep()
            try setMeta(sequence: buffers.last?.lastSequence ?? 0, now)
        }
        return rows
    }

    /// Whether rows wait to be removed though no change comes.
    var hasAbandoned: Bool { applier.hasAbandoned }

    /// Removes some of what nothing points at any more.
    func sweep() throws(PersistenceError) {
        try transaction { () throws(PersistenceError) in try applier.sweep() }
    }

    func setMeta(sequence: CommitTicket, _ now: Deadline) throws(PersistenceError) {
        setMeta.bind(1, Int64(bitPattern: sequence))
        setMeta.bind(2, now.millisecondsSinceEpoch)
        setMeta.bind(3, applier.nextID)
        try setMeta.run()
    }

    /// Records a digest in a transaction of its own.
    func record(
        digest: String, sequence: CommitTicket, time: Deadline
    ) throws(PersistenceError) {
        try transaction { () throws(PersistenceError) in
            try setDigest(digest, sequence, time)
        }
    }

    func setDigest(
        _ digest: String, _ sequence: CommitTicket, _ time: Deadline
    ) throws(PersistenceError) {
        setDigest.bind(1, text: digest)
        setDigest.bind(2, Int64(bitPattern: sequence))
        setDigest.bind(3, time.millisecondsSinceEpoch)
        try setDigest.run()
    }

    /// Marks a clean end, and copies the log into the file.
    func finish() throws(PersistenceError) {
        try setFull(true)
        try transaction { () throws(PersistenceError) in try setClosed.run() }
        _ = try WriteAheadLog.copy(connection, .truncate)
    }
}

/// SQLite's log beside the file.
enum WriteAheadLog {
    /// From this size on it is copied into the file. A bigger log holds more writes to one page, of which only the last
    /// is copied; a smaller one is read faster after a crash. A quarter of a small limit.
    static func startBytes(limit: Int) -> Int { min(128 << 20, limit / 4) }

    /// How far the copying goes.
    enum Mode: String {
        /// As far as readers and writers let it.
        case passive = "PASSIVE"
        /// All of it, and the log is cut to nothing.
        case truncate = "TRUNCATE"
    }

    /// Copies the log into the file and syncs both; whether all of it was copied.
    static func copy(
        _ connection: SQLiteConnection, _ mode: Mode
    ) throws(PersistenceError) -> Bool {
        let answer = try connection.numbers("PRAGMA wal_checkpoint(\(mode.rawValue))")
        return answer.count == 3 && answer[0] == 0 && answer[1] == answer[2]
    }
}
