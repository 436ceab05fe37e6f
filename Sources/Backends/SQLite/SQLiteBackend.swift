/// SQLite: every element a row, written behind the memory in transactions that the stock `sqlite3` can read meanwhile.
///
///     record        the change goes as bytes into the open buffer; nothing is allocated
///     commit        where no transaction is under way, one begins: all that was recorded, on the sync lane
///     finish        on the engine's thread: tickets move on, the next transaction begins
///
/// So a transaction holds whatever came while the one before it ran: the slower the disk, the more writes to one
/// element become one row. Within it repeated writes are one (`ChangeApplier`); a unit is never split.
///
/// Tickets. Under `always` a transaction is committed with synchronous=FULL, and its tickets are released, durable,
/// when it has ended. Under `everysec` and `no` it is committed with synchronous=NORMAL, which is a write(2) to
/// the log: its tickets are released then, and the log is synced once a second, or every 30 seconds.
///
/// This file holds the state and the verbs of the hot path; `+Write` the transactions, `+Sync` the log, `+Checkpoint`
/// digests and loads, `+Query` questions, `+Restore` the way up, `+Close` the way down and the figures. FORMAT.md has the tables.
///
/// INVARIANT 1: `written <= sequence`, `durable <= written`; all three only rise.
/// INVARIANT 2: what is above `written` stands in `sealed` and `open`; it is dropped when its transaction has ended.
/// INVARIANT 3: one job at a time uses `store` (`isBusy`).
///
/// Threads: the engine's, but for `restore` (see the protocol).
import Bytes
import Persistence
import Records

/// Keeps data in an SQLite database; see the file's header.
public final class SQLiteBackend: PersistenceBackend {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "sqlite", abilities: [.journal, .compaction, .queries],
        summary:
            "SQLite database with a row an element, readable while the server runs: questions, other programs"
    )
    /// The database's file name.
    static let fileName = "data.db"

    let environment: BackendEnvironment
    let directory: DataDirectory
    let path: String
    var settings: BackendSettings

    var store: SQLiteStore?
    /// The log file beside the database, to be synced.
    var log: (any FileHandle)?
    /// The connection that copies the log into the file.
    var copier: SQLiteConnection?
    /// What `restore` found.
    var recovered = StoreFacts()

    var open = ChangeBuffer()
    var sealed: [ChangeBuffer] = []
    var spare: [ChangeBuffer] = []
    private var sealedBytes = 0
    private var hasOpenUnit = false
    /// Of the last change recorded.
    var sequence: CommitTicket = 0
    /// Of the last change in a transaction that has ended.
    var written: CommitTicket = 0
    /// Tickets up to here may be shown.
    public internal(set) var released: CommitTicket = 0
    /// Tickets up to here are on the platter.
    public internal(set) var durable: CommitTicket = 0

    var health = Health.fine
    var isBusy = false
    /// The file holds nothing yet: the coming checkpoint loads it.
    var awaitsLoad = false
    var isClosed = false
    var sync = LogSync()
    var digest = DigestState()
    var figures = WriteFigures()
    var barriers: [Barrier] = []
    var settling: [(through: CommitTicket, finish: (PersistenceError?) -> Void)] = []
    var questions = Questions()
    var lastTickNanoseconds: UInt64 = 0
    var lastRetryNanoseconds: UInt64 = 0

    /// How the disk does.
    enum Health {
        /// Writes are taken.
        case fine
        /// A transaction failed; it is tried again.
        case failing(PersistenceError)
        /// The log could not be synced: it is copied into the file, and cut, before anything is written again.
        case distrusted(PersistenceError)
        /// Another program's reader keeps the log from being used again, and it is at its bound.
        case logFull
        /// Another program has written: nothing is written any more.
        case outsider(PersistenceError)
    }

    /// A backend over `directory`, which it holds until `close`.
    public init(
        environment: BackendEnvironment, settings: BackendSettings, directory: DataDirectory
    ) {
        self.environment = environment
        self.settings = settings
        self.directory = directory
        path = settings.directory + "/" + Self.fileName
    }

    /// The log's path.
    var logPath: String { path + "-wal" }

    /// Opens a unit.
    public func beginUnit() { hasOpenUnit = true }

    /// Records one change.
    public func record(_ mutation: Mutation, database: Int) {
        sequence &+= 1
        open.append(mutation, database: database)
        open.lastSequence = sequence
    }

    /// Bytes from which on a buffer takes no further unit: it bounds a transaction.
    private static let sealBytes = 4 << 20

    /// Closes the unit.
    public func endUnit() {
        hasOpenUnit = false
        if open.bytes.count >= Self.sealBytes { seal() }
    }

    /// Hands what was recorded to the lane.
    public func commit() -> CommitTicket {
        if sequence == written { return sequence }
        if sync.dirtySince == 0 { sync.dirtySince = environment.clock.monotonicNanoseconds }
        switch health {
        case .fine, .logFull: launch()
        case .failing, .distrusted, .outsider: announceFailure(through: sequence)
        }
        return sequence
    }

    /// Closes the open buffer; not within a unit.
    func seal() {
        if hasOpenUnit || open.bytes.count == 0 { return }
        sealedBytes += open.bytes.count
        sealed.append(open)
        open = spare.popLast() ?? ChangeBuffer()
    }

    /// Forgets the first buffers, which are in a transaction that has ended.
    func drop(_ count: Int) {
        for buffer in sealed.prefix(count) {
            sealedBytes -= buffer.bytes.count
            if spare.count < 4 {
                buffer.bytes.removeAll(keepingUpTo: 1 << 20)
                spare.append(buffer)
            }
        }
        sealed.removeFirst(count)
    }

    /// Bytes that wait for their transaction, or are in one.
    var keptBytes: Int { sealedBytes + open.bytes.count }

    /// Why writes are refused.
    public var refusal: WriteRefusal? {
        switch health {
        case .fine: nil
        case .failing(let error), .distrusted(let error):
            WriteRefusal(
                reason: error.errno == 0 ? error.message : SystemErrorText.text(error.errno))
        case .logFull:
            WriteRefusal(
                reason:
                    "a reader of \(Self.fileName) in another program has been open for so long that the "
                    + "write-ahead log has grown to its limit")
        case .outsider(let error): WriteRefusal(reason: error.message)
        }
    }

    /// Whether the queue is at its bound, in bytes or (under everysec) in age.
    public var isCongested: Bool {
        if keptBytes > settings.maximumQueueBytes { return true }
        guard settings.syncPolicy == .everysec, sync.dirtySince != 0, !awaitsLoad else {
            return false
        }
        return lastTickNanoseconds > sync.dirtySince + 2_000_000_000
    }

    /// Nothing has to be rewritten: rows are changed in place.
    public var wantsCheckpoint: Bool { false }

    /// Syncs that are due, retries, what nothing points at any more.
    public func tick(nowNanoseconds: UInt64) {
        lastTickNanoseconds = nowNanoseconds
        if isClosed { return }
        switch health {
        case .fine:
            syncIfDue(now: nowNanoseconds)
            sweepIfIdle()
        case .failing, .distrusted, .logFull: retry(now: nowNanoseconds)
        case .outsider: return
        }
    }

    /// Settings changed at run time.
    public func apply(_ settings: BackendSettings) {
        let directory = self.settings.directory
        self.settings = settings
        self.settings.directory = directory
    }
}
