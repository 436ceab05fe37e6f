/// The append-only file: every mutation as a Redis command, in commit groups, in Redis 7's layout.
///
/// This file holds the state and the verbs of the hot path; the extensions hold the rest:
/// `+Sync` (fsync and the tickets), `+Failure` (failing disks), `+Checkpoint` (rewrites), `+History`
/// (replaced files), `+Restore`/`+Start` (the way up), `+Status` (INFO). FORMAT.md has the bytes.
///
/// INVARIANT 1: `durable <= released` under every policy but always, where they are equal once raised;
/// both only rise.
/// INVARIANT 2: what is above `durable` is in `queue` (kept), so a file that a sync failed on can be
/// written anew.
/// INVARIANT 3: `files` are the increments that hold something not yet durable, in order, and the one
/// in use at the end. A durable sequence never lies behind a file that isn't wholly durable.
/// INVARIANT 4: one manifest is written at a time (`isManifestBusy`); failover, checkpoint and
/// history take turns.
///
/// Closures of background jobs hold the backend strongly until they have run: a weak reference anywhere
/// would make every retain of it slow (its count moves to a side table), ten times a recorded mutation.
///
/// Threads: the engine's, but for `restore` (see the protocol).
import Bytes
import Persistence
import Records

/// Keeps data in an append-only file; see the file's header.
public final class AppendOnlyFileBackend: PersistenceBackend {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "aof", abilities: [.journal, .compaction],
        summary: "append-only file in Redis 7's layout, every group checked: durability")

    let environment: BackendEnvironment
    let directory: DataDirectory
    let places: LogPlaces
    var settings: BackendSettings
    let writer: GroupWriter
    let queue: CommitQueue
    var manifest = Manifest()
    var files: [LogFile] = []
    var recovered: RecoveredLog?

    /// Tickets up to here may be shown.
    public internal(set) var released: CommitTicket = 0
    /// Tickets up to here are on the platter.
    public internal(set) var durable: CommitTicket = 0

    var health = Health.fine
    var sync = SyncState()
    var rewrite = RewriteState()
    var isManifestBusy = false
    var isClosed = false
    var lastTickNanoseconds: UInt64 = 0
    var lastRetryNanoseconds: UInt64 = 0
    var lastHistoryLook: UInt64 = 0
    var nextIncrement = 1
    var nextBase = 1
    /// Whether the manifest on disk is `manifest`; false after a failed replacement.
    var isManifestCertain = true
    /// Files that a failed attempt left behind and an uncertain manifest may still name.
    var abandoned: [String] = []

    /// How the disk does.
    enum Health {
        /// Writes are taken.
        case fine
        /// write(2) fails; retried from `tick`.
        case writeFailing(PersistenceError)
        /// A sync failed: the files in `files` are not trusted; a new increment is due.
        case distrusted(PersistenceError)
    }

    /// A backend over `directory`, which it holds until `close`.
    public init(
        environment: BackendEnvironment, settings: BackendSettings, directory: DataDirectory
    ) {
        self.environment = environment
        self.settings = settings
        self.directory = directory
        self.places = LogPlaces(settings)
        self.writer = GroupWriter(clock: environment.clock, salt: Salt(bits: 0), sequence: 0)
        self.queue = CommitQueue(writer: writer)
    }

    /// Opens a unit.
    public func beginUnit() { writer.beginUnit() }

    /// Records one change.
    public func record(_ mutation: Mutation, database: Int) {
        writer.record(mutation, database: database)
    }

    /// Closes the unit.
    public func endUnit() { writer.endUnit() }

    /// Hands what was recorded to the system.
    public func commit() -> CommitTicket {
        let ticket = writer.sequence
        if ticket == queue.writtenSequence { return ticket }
        writer.closeGroup()
        if case .fine = health {
            flush()
        } else {
            announceFailure(through: ticket)
        }
        return ticket
    }

    /// Writes what is closed; on success tickets move on, on failure writes are refused.
    func flush() {
        guard let file = files.last else { return }
        do {
            try queue.flush(to: file)
        } catch {
            writeFailed(error)
            return
        }
        if case .writeFailing = health { writeHealed() }
        noteWritten()
    }

    /// Why writes are refused.
    public var refusal: WriteRefusal? {
        switch health {
        case .fine: nil
        case .writeFailing(let error), .distrusted(let error):
            WriteRefusal(
                reason: error.errno == 0 ? error.message : SystemErrorText.text(error.errno))
        }
    }

    /// Whether the queue is at its bound, in bytes or (under everysec) in age.
    public var isCongested: Bool {
        if queue.keptBytes > settings.maximumQueueBytes { return true }
        guard settings.syncPolicy == .everysec, sync.dirtySince != 0, !skipsSyncNow else {
            return false
        }
        return lastTickNanoseconds > sync.dirtySince + 2_000_000_000
    }

    /// Syncs that are due, retries, history.
    public func tick(nowNanoseconds: UInt64) {
        lastTickNanoseconds = nowNanoseconds
        if isClosed { return }
        switch health {
        case .fine: syncIfDue(now: nowNanoseconds)
        case .writeFailing:
            retryWrite(now: nowNanoseconds)
            // What was written before the failure still gets its sync.
            if case .distrusted = health { break }
            syncIfDue(now: nowNanoseconds)
        case .distrusted: retryFailover(now: nowNanoseconds)
        }
        settleManifest(now: nowNanoseconds)
        trimHistoryIfDue(now: nowNanoseconds)
    }

    /// Settings changed at run time.
    public func apply(_ settings: BackendSettings) {
        let old = self.settings
        self.settings = settings
        // What names files is fixed for the life of the backend.
        self.settings.directory = old.directory
        self.settings.appendFileName = old.appendFileName
        self.settings.appendDirectoryName = old.appendDirectoryName
        writer.writesTimestamps = settings.writesTimestamps
        if settings.syncPolicy == .always { syncIfIdle() }
    }
}
