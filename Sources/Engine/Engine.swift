/// The engine: executes commands on the keyspace, one at a time, and records what they change.
///
/// Pure: no disk, no socket; the clock and the backend are given. A plain class that one
/// thread owns (the server's event loop; the loading thread before that). It is deterministic but for the
/// clock and the random numbers it is given, which tests fix.
///
/// INVARIANT 1: whatever changes the dataset goes through a primitive of Engine+Keys and is recorded in the same
/// call; so the mutations of the backend, replayed, give this dataset.
/// INVARIANT 2: mutations of one command (or of one EXEC) are one unit of the backend.
import Bytes
import Persistence
import RESP
import Records

/// Executes commands; see the file's header.
public final class Engine {
    /// The data.
    public internal(set) var keyspace: Keyspace
    /// The commands.
    public let commands: CommandTable
    /// The users.
    public let access: AccessControl
    /// The clocks.
    public let clock: any Clock
    /// Where changes are recorded; nil while loading, and where nothing is kept.
    public var backend: (any PersistenceBackend)?
    /// Values that CONFIG SET may change.
    public var settings = EngineSettings()
    /// Figures for INFO.
    public var statistics = EngineStatistics()
    /// The dataset is being loaded: only commands flagged `loading` run.
    public var isLoading = false
    /// Nothing may be recorded: neither expiry nor eviction takes a key out.
    public var holdsChanges = false
    /// Wall-clock time of the current batch, in milliseconds since 1970.
    public internal(set) var now = Deadline(millisecondsSinceEpoch: 0)
    /// Random numbers for RANDOMKEY, eviction and their kin.
    public var random: any RandomNumberGenerator = FastRandom()
    /// Changes since the start; commands compare it to know whether they wrote.
    public internal(set) var changes: UInt64 = 0
    /// Commands that were slow.
    public let slowLog = SlowLog()
    /// Called with each command that was executed while a MONITOR listens, and the places of
    /// arguments that nobody may read.
    public var monitor: ((Session, ByteViews, Set<Int>) -> Void)?
    /// Places of those arguments of a command flagged `secrets` that nobody may read.
    public var secretArguments: (Command, ByteViews) -> Set<Int> = { _, _ in [] }
    /// Called with a command that took at least `latencyThresholdNanoseconds`.
    public var onSlowCommand: (Command, UInt64) -> Void = { _, _ in }
    /// From how many nanoseconds on a command is an event of the latency monitor; `.max` is off.
    public var latencyThresholdNanoseconds = UInt64.max
    /// Active expiry is on (DEBUG SET-ACTIVE-EXPIRE).
    public var expiresActively = true

    let scratch = ByteWriter(capacity: 16 << 10)
    /// An element on its way from one collection to another.
    let moving = ByteWriter(capacity: 4 << 10)
    var watchers: [WatchedKey: [ObjectIdentifier: WeakSession]] = [:] {
        didSet { isObserved = !watchers.isEmpty || onKeyChange != nil }
    }
    /// Somebody wants to know of changes: WATCH, or client-side caching.
    var isObserved = false
    /// Told of every change of a key, and whether a command made it (else expiry or eviction).
    public var onKeyChange: ((_ key: ByteView, _ isCommand: Bool) -> Void)? {
        didSet { isObserved = !watchers.isEmpty || onKeyChange != nil }
    }
    /// Told that a database was, or all were, emptied.
    public var onFlush: (() -> Void)?
    /// Told of each read-only command of a session that tracks its reads, after it ran.
    public var onRead: ((Session, Command, ByteViews) -> Void)?
    /// A key is being deleted by expiry or for room.
    var isDiscarding = false
    var pendingExpiry: [WatchedKey] = []
    /// Keys of `pendingExpiry` whose event was told already.
    var toldExpired: Set<WatchedKey> = []
    var isUnitOpen = false
    var isInExec = false
    var clockOfLastCommand: UInt64 = 0
    var eviction = EvictionPool()
    var blocked = BlockedClients()
    /// Told of keyspace events whose class is in `settings.notifiedEvents`.
    public var onKeyspaceEvent: ((_ event: StaticString, _ key: ByteView, _ database: Int) -> Void)?

    /// An engine over empty databases.
    public init(databases: Int = 16, clock: any Clock, families: [[CommandSpec]] = []) {
        keyspace = Keyspace(databases: databases)
        self.clock = clock
        commands = CommandTable((EngineCommands.families + families).flatMap { $0 })
        access = AccessControl(commands)
        refreshTime()
    }

    /// Whether EXEC runs the commands of a transaction now.
    public var isExecuting: Bool { isInExec }

    /// Bytes that a key and its value take, nil where it is absent. O(1).
    public func memoryUsage(of key: ByteView, _ session: Session) -> Int? {
        guard let entry = peek(key, session) else { return nil }
        let nested = entry.kind.isNested ? entry.nested.bytes : 0
        return entry.allocatedBytes + nested
    }

    /// Reads the wall clock: once a batch is enough.
    @inline(__always)
    public func refreshTime() { now = clock.now }

    /// Takes over a keyspace that another thread loaded.
    public func adopt(_ other: Keyspace) { keyspace = other }

    /// Freezes everything, for a background reader. O(1).
    public func freeze() -> FrozenKeyspace { keyspace.freeze(at: now) }
}

/// A session that may be gone.
struct WeakSession {
    weak var session: Session?
}

/// What commands read of the configuration.
public struct EngineSettings: Sendable {
    /// Where hashes stop being packed.
    public var hashLimits = HashLimits()
    /// Where the other collections stop being packed.
    public var limits = CollectionLimits()
    /// `notify-keyspace-events`; empty: nobody is told.
    public var notifiedEvents: KeyspaceEvents = []
    /// `proto-max-bulk-len`: no string grows beyond.
    public var maximumStringBytes = 512 << 20
    /// `maxmemory` in bytes, 0: no limit.
    public var maximumMemory = 0
    /// `maxmemory-policy`.
    public var evictionPolicy = EvictionPolicy.noeviction
    /// `maxmemory-samples`.
    public var evictionSamples = 5
    /// `lfu-log-factor`.
    public var lfuLogFactor = 10
    /// `lfu-decay-time` in minutes.
    public var lfuDecayMinutes = 1
    /// `slowlog-log-slower-than` in microseconds; negative: off.
    public var slowlogMicroseconds = 10_000
    /// `slowlog-max-len`.
    public var slowlogLength = 128
    /// Count each command's time in its histogram (`latency-tracking`).
    public var tracksLatency = true
    /// Read the thread's CPU clock around each command (`command-cpu-tracking`).
    public var tracksCommandCPU = false

    /// Redis's defaults.
    public init() {}
}

/// Counters for INFO.
public struct EngineStatistics: Sendable {
    /// Commands executed.
    public var commandsProcessed = 0
    /// Reads that found their key.
    public var keyspaceHits = 0
    /// Reads that did not.
    public var keyspaceMisses = 0
    /// Keys removed because their deadline passed.
    public var expiredKeys = 0
    /// Fields of hashes removed because their deadline passed.
    public var expiredFields = 0
    /// Keys removed for room.
    public var evictedKeys = 0
    /// Error replies.
    public var errorReplies = 0
    /// Wrong names or passwords.
    public var deniedLogins = 0
    /// Commands that a user had no right to.
    public var deniedCommands = 0
    /// Commands on keys that a user had no right to.
    public var deniedKeys = 0
    /// Commands on channels that a user had no right to.
    public var deniedChannels = 0
    /// Error replies by code: `ERR`, `WRONGTYPE`, ...
    public var errors: [String: Int] = [:]
    /// The most CPU time one command took on the engine's thread, in nanoseconds (where tracked).
    public var maximumCommandCPU: UInt64 = 0
    /// Highest value of used memory seen.
    public var peakMemory = 0

    /// All zero.
    public init() {}
}
