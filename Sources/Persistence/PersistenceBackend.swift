/// The seam between the engine and a way of keeping data; written as a checklist for a new backend.
///
/// A backend is one folder under `Sources/Backends/` and one line in `BackendCatalog`. It is a
/// plain class that lives on the engine's thread: every method here is called there, except where
/// `restore` runs on the loading thread before the engine starts (never at the same time). Slow work
/// (fsync, rewriting, compressing) goes through the `BackgroundRunner` of its environment, takes frozen
/// views and byte buffers along, and reports back through the runner's `finish` step on the engine's thread.
///
/// The life of a backend: make (opens the directory under an exclusive lock; changes nothing on disk)
/// -> `restore` (validates every file before anything changes) -> `start` (may write now)
/// -> (`record`* `commit` | `checkpoint` | `tick`)* -> `close`.
///
/// Tickets: `commit` hands over all that was recorded since the last one and answers with a
/// ticket, the sequence number of the last mutation handed over. A reply that shows a write leaves when
/// `released >= ticket`. Which that is depends on the fsync policy: under `always` after the sync, under
/// `everysec` and `no` after write(2) succeeded. Progress that happens later arrives through `Environment.progress`.
import Bytes
import Records

/// How data is kept; see the file's header for the order and threads of the calls.
public protocol PersistenceBackend: AnyObject {
    /// The name in configuration and `CURRENT`, and what the backend can do.
    static var descriptor: BackendDescriptor { get }
    /// The descriptor of the backend that this object is, or stands for now.
    var descriptor: BackendDescriptor { get }

    /// Feeds everything on disk into `target`, streaming.
    ///
    /// Runs on the loading thread. Changes nothing on disk before every file was validated; after
    /// that it may cut an unsynced tail, and says so in the report.
    ///
    /// - Throws: `.corrupt`, `.unsupportedVersion`, `.unsupportedFormat`, `.io` with file and offset.
    func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport

    /// Makes the backend ready to record; called once, on the engine's thread, after `restore`.
    func start() throws(PersistenceError)
    /// Makes the backend ready to record beside another one, in a directory that `CURRENT` says is the other's.
    ///
    /// In place of `restore` and `start`, on the engine's thread. Nothing of this engine is there; what comes
    /// first is the `checkpoint` of a view that holds everything up to `ticket`.
    func start(after ticket: CommitTicket) throws(PersistenceError)

    /// Opens a unit: the mutations up to `endUnit` are kept whole or not at all (one command, or a MULTI).
    func beginUnit()
    /// Records one change of `database` inside the open unit. No I/O, no allocation in the common case.
    func record(_ mutation: Mutation, database: Int)
    /// Closes the unit; an empty one costs nothing.
    func endUnit()

    /// Hands what was recorded to the system and answers the ticket of the last mutation so far.
    func commit() -> CommitTicket

    /// Tickets up to here may be shown to clients.
    var released: CommitTicket { get }
    /// Tickets up to here were durable on disk when last known.
    var durable: CommitTicket { get }
    /// Why writes must be refused before they execute; nil while all is well.
    var refusal: WriteRefusal? { get }
    /// Whether writers must wait now because the queue of unsynced bytes or its age is at its bound.
    var isCongested: Bool { get }

    /// Writes a full snapshot of `view` in the background (for a log: a rewrite).
    ///
    /// - Parameter finish: called on the engine's thread with the result.
    /// - Throws: when one is already running, or it can't begin.
    func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError)
    /// Stops a running checkpoint; the old files stay in force.
    func cancelCheckpoint()
    /// The engine froze a view for the coming `checkpoint`: what is recorded from now on is not in it.
    ///
    /// Called directly before `checkpoint`, with nothing recorded in between.
    func willFreeze() throws(PersistenceError)

    /// Puts `view`, which is no state of what was recorded, in the place of everything that is kept.
    ///
    /// Called where `willFreeze` and `checkpoint` may be; nothing is recorded until `finish`. When that hears of success
    /// the view is in force and durable, and what is recorded from then on follows it. A crash before that leaves what
    /// was there or the view, whole. After a failure a journal holds what it held; the file of an engine that
    /// saves snapshots may hold either, until the next checkpoint, which is for the caller to begin. `cancelCheckpoint` ends it while it can still be given up.
    func replace(
        with view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError)

    /// Called about ten times a second with the monotonic time: syncs that are due, retries after
    /// errors, history that may go.
    func tick(nowNanoseconds: UInt64)
    /// Whether the log has grown past the rewrite thresholds (with back-off after failures).
    var wantsCheckpoint: Bool { get }

    /// Makes all that was committed durable now, whatever the policy, and calls `finish` when it is.
    ///
    /// On the engine's thread, never within the call. Without a journal there is nothing to do: a checkpoint
    /// is what makes data last there.
    func settle(_ finish: @escaping (PersistenceError?) -> Void)
    /// Reads again what the files hold of everything committed so far, on a thread of the caller's choice and
    /// while recording goes on; nil where each checkpoint is read back before it counts.
    func readback() -> Readback?

    /// Settings changed at run time.
    func apply(_ settings: BackendSettings)

    /// Everything durable, the closing mark written, the lock released. Blocks.
    func close() throws(PersistenceError)

    /// Figures for INFO; field names as Redis has them where Redis has them.
    func status() -> BackendStatus
}

/// Feeds what files hold into an empty target; throws where they don't hold all of it.
public typealias Readback = @Sendable (any ReplayTarget) throws(PersistenceError) -> Void

extension PersistenceBackend {
    /// What this one is; an object may stand for another backend.
    public var descriptor: BackendDescriptor { Self.descriptor }
    /// Where a checkpoint is all that counts, one of another view does it.
    public func replace(
        with view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        try willFreeze()
        try checkpoint(view, finish: finish)
    }
    /// Nothing to do without a journal.
    public func readback() -> Readback? { nil }
}

/// The sequence number of a mutation; the first recorded after an empty start is 1.
public typealias CommitTicket = UInt64

/// Name and abilities of a backend.
public struct BackendDescriptor: Sendable, Hashable {
    /// What a backend can do.
    public struct Abilities: OptionSet, Sendable, Hashable {
        /// The set's bits.
        public let rawValue: UInt8
        /// A set of abilities.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Every commit reaches the disk; false for those that only save snapshots.
        public static let journal = Abilities(rawValue: 1)
        /// Has something to compact: BGREWRITEAOF means something.
        public static let compaction = Abilities(rawValue: 2)
        /// Answers questions: it is a `QueryableBackend`.
        public static let queries = Abilities(rawValue: 4)
        /// Keeps data by saving it whole: SAVE, BGSAVE and the `save` points mean something, and what
        /// was written since the last save is lost in a crash.
        public static let snapshots = Abilities(rawValue: 8)
    }

    /// The name in configuration and in `CURRENT`.
    public let name: String
    /// What it can do.
    public let abilities: Abilities
    /// What it is made for, in one line.
    public let summary: String

    /// A descriptor.
    public init(name: String, abilities: Abilities, summary: String) {
        self.name = name
        self.abilities = abilities
        self.summary = summary
    }
}

/// Why writes are refused: the text of the -MISCONF error.
public struct WriteRefusal: Sendable, Hashable {
    /// What can't be written.
    public enum Kind: Sendable, Hashable {
        /// The log: `MISCONF Errors writing to the AOF file: <reason>`.
        case log
        /// A snapshot, and `stop-writes-on-bgsave-error` says that writes end with it.
        case snapshot
    }

    /// What can't be written.
    public let kind: Kind
    /// The reason in the system's words.
    public let reason: String
    /// A refusal.
    public init(_ kind: Kind = .log, reason: String) {
        self.kind = kind
        self.reason = reason
    }
}

/// What a finished checkpoint wrote.
public struct CheckpointReport: Sendable {
    /// Keys written.
    public var keys: Int
    /// Bytes written.
    public var bytes: Int
    /// Wall time it took, in seconds.
    public var seconds: Double
    /// A report.
    public init(keys: Int, bytes: Int, seconds: Double) {
        self.keys = keys
        self.bytes = bytes
        self.seconds = seconds
    }
}

/// When a commit is forced to the platter.
public enum SyncPolicy: String, Sendable, CaseIterable {
    /// Before its reply leaves.
    case always
    /// Once a second.
    case everysec
    /// When the system likes.
    case no
}

/// The version of Redis's snapshot format that is written.
public enum SnapshotVersion: String, Sendable, CaseIterable {
    /// Redis 5's and 6's: for conversions only, no server keeps its data in it.
    case version9 = "9"
    /// The lowest that holds the data.
    case automatic = "auto"
    /// Redis 7.0's.
    case version10 = "10"
    /// Redis 7.2's.
    case version11 = "11"
    /// Redis 7.4's, the first with deadlines of hash fields.
    case version12 = "12"

    /// What a server may be told to write.
    public static let allCases: [SnapshotVersion] = [
        .automatic, .version10, .version11, .version12,
    ]

    /// The number; nil: to be found out.
    public var number: Int? { Int(rawValue) }
}

/// The settings that a backend reads; a copy is handed over at start and on every CONFIG SET.
public struct BackendSettings: Sendable, Hashable {
    /// `dir`: the data directory.
    public var directory = "."
    /// `appendfsync`.
    public var syncPolicy = SyncPolicy.everysec
    /// `appendfilename`.
    public var appendFileName = "appendonly.aof"
    /// `dbfilename`: the snapshot in Redis's format; those of others have its name with another extension.
    public var snapshotFileName = "dump.rdb"
    /// Whether there are `save` points.
    public var hasSavePoints = false
    /// `stop-writes-on-bgsave-error`.
    public var stopsWritesOnSaveError = true
    /// `json-sorted`: equal data gives equal files.
    public var sortsText = false
    /// `rdbcompression`: longer strings of snapshots in Redis's format are compressed.
    public var compressesStrings = true
    /// `rdbchecksum`: those snapshots end with a checksum, which is compared when they are read.
    public var checksumsSnapshots = true
    /// `rdb-version`: the version they are written in.
    public var snapshotVersion = SnapshotVersion.automatic
    /// `aof-use-rdb-preamble`: a rewrite of the log writes its base as such a snapshot.
    public var writesSnapshotBases = false
    /// `sqlite-wal-limit`: from how many bytes of a database's log on, which a reader in another program keeps from being
    /// used again, writes are refused.
    public var databaseLogLimitBytes = 1 << 30
    /// `compressed-level`: how hard zlib tries, 0 ... 9.
    public var compressionLevel = 1
    /// `appenddirname`.
    public var appendDirectoryName = "appendonlydir"
    /// `auto-aof-rewrite-percentage`; 0 is off.
    public var rewritePercentage = 100
    /// `auto-aof-rewrite-min-size` in bytes.
    public var rewriteMinimumBytes = 64 << 20
    /// `aof-load-truncated`.
    public var loadsTruncated = true
    /// `aof-timestamp-enabled`: write `#TS:` annotations.
    public var writesTimestamps = false
    /// `no-appendfsync-on-rewrite`.
    public var skipsSyncDuringRewrite = false
    /// `aof-history-keep` as an age in seconds; nil: not by age.
    public var historyKeepSeconds: Int?
    /// `aof-history-keep` as a total size in bytes; nil: not by size.
    public var historyKeepBytes: Int?
    /// Bytes that may wait for the platter before writers wait.
    public var maximumQueueBytes = 64 << 20

    /// The defaults.
    public init() {}
}

/// Figures of a backend for INFO: name, value; in the order to print.
public struct BackendStatus: Sendable {
    /// Fields of `INFO persistence`.
    public var fields: [(name: String, value: String)]
    /// A status.
    public init(fields: [(name: String, value: String)] = []) { self.fields = fields }
}

/// A backend whose files can be loaded again while it records: DEBUG RELOAD and LOADAOF.
public protocol ReloadableBackend: PersistenceBackend {
    /// Feeds what the files hold now into `target`; changes nothing on disk, nor in the backend.
    ///
    /// Blocks the calling thread, which is the engine's.
    func reload(into target: any ReplayTarget) throws(PersistenceError) -> RecoveryReport
}
