/// The values that the server reads often, as plain stored properties.
///
/// `Configuration` fills them from the directives whenever one changes; the directive that each
/// mirrors is named in its comment. A copy may cross threads: it is a value. What only CONFIG GET
/// shows is not here.
import Engine
import Persistence

/// What the directives mean to the server; see the file's header.
public struct ServerSettings: Sendable {
    // MARK: network

    /// `port`; 0 listens on none.
    public var port = 6379
    /// `bind`, a `-` in front of an address meaning "if there is one".
    public var bindAddresses: [String] = []
    /// `unixsocket`.
    public var unixSocketPath: String?
    /// `unixsocketperm`; 0 leaves the mode to the umask.
    public var unixSocketPermissions = 0
    /// `protected-mode`.
    public var isProtected = true
    /// `tcp-keepalive`; 0 is off.
    public var keepaliveSeconds = 300
    /// `tcp-backlog`.
    public var listenBacklog = 511
    /// `timeout`; 0 is never.
    public var idleTimeoutSeconds = 0
    /// `maxclients`.
    public var maximumClients = 10_000
    /// `client-output-buffer-limit`.
    public var outputBufferLimits = OutputBufferLimits()
    /// `client-query-buffer-limit`.
    public var maximumQueryBufferBytes = 1 << 30
    /// `proto-max-bulk-len`.
    public var maximumBulkBytes = 512 << 20

    // MARK: access

    /// `requirepass`.
    public var password: [UInt8]?
    /// `aclfile`; empty is none.
    public var accessFilePath = ""
    /// `acl-pubsub-default`.
    public var channelsOfNewUsers = ChannelsOfNewUsers.resetchannels
    /// `acllog-max-len`.
    public var accessLogLength = 128
    /// `enable-debug-command`.
    public var debugCommand = AllowedFrom.no
    /// `enable-protected-configs`.
    public var protectedConfigs = AllowedFrom.no

    // MARK: process

    /// `pidfile`.
    public var pidFilePath: String?
    /// `daemonize`.
    public var daemonizes = false
    /// `supervised`.
    public var supervision = Supervision.no
    /// `databases`.
    public var databases = 16
    /// `loglevel`.
    public var logLevel = LogLevel.notice
    /// `logfile`; empty is standard output.
    public var logFilePath = ""
    /// `always-show-logo`.
    public var alwaysShowsLogo = false
    /// `set-proc-title`.
    public var setsProcessTitle = true
    /// `proc-title-template`.
    public var processTitleTemplate = ""
    /// `shutdown-timeout`.
    public var shutdownTimeoutSeconds = 10
    /// `shutdown-on-sigint`.
    public var shutdownOnInterrupt: ShutdownMode = []
    /// `shutdown-on-sigterm`.
    public var shutdownOnTerminate: ShutdownMode = []

    // MARK: persistence

    /// What the backend reads: `appendfsync` and its kin.
    public var backend = BackendSettings()
    /// `appendonly`.
    public var isAppendOnly = false
    /// `save`.
    public var savePoints: [SavePoint] = []
    /// `snapshot-dir`; empty is `snapshots` in the data directory.
    public var snapshotDirectory = ""
    /// `sql-command`: HOLDFAST SQL is answered.
    public var answersQueries = false
    /// `sql-time-limit`, `sql-max-rows`, `sql-max-bytes`.
    public var queryLimits = QueryLimits()
    /// `snapshot-restore-max-hold`.
    public var restorationHoldSeconds = 60
    /// `frozen-memory-limit`: bytes that only views of the past may hold; 0: half of the machine's memory.
    public var frozenLimitBytes = 0
    /// `backup-schedule`.
    public var backupSchedule = BackupSchedule.off
    /// `backup-format`; empty is the standard one.
    public var backupFormat = ""
    /// `backup-dir`; empty is `backups` in the data directory.
    public var backupDirectory = ""
    /// `backup-keep-last` and its kin.
    public var backupRetention = BackupRetention()
    /// `aof-rewrite-incremental-fsync`.
    public var syncsRewriteInSteps = true

    // MARK: memory and expiry

    /// `maxmemory`; 0 is unlimited.
    public var maximumMemoryBytes = 0
    /// `maxmemory-policy`.
    public var evictionPolicy = EvictionPolicy.noeviction
    /// `maxmemory-samples`.
    public var evictionSamples = 5
    /// `maxmemory-eviction-tenacity`, 0...100.
    public var evictionTenacity = 10
    /// `maxmemory-clients`.
    public var maximumClientMemory = ClientMemoryLimit.none
    /// `lazyfree-lazy-eviction`.
    public var freesEvictedLazily = false
    /// `lazyfree-lazy-expire`.
    public var freesExpiredLazily = false
    /// `lazyfree-lazy-server-del`.
    public var freesReplacedLazily = false
    /// `lazyfree-lazy-user-del`: DEL acts as UNLINK.
    public var freesDeletedLazily = false
    /// `lazyfree-lazy-user-flush`: FLUSHALL without an option acts as with ASYNC.
    public var freesFlushedLazily = false
    /// `hz`, 1...500.
    public var frequencyHertz = 10
    /// `dynamic-hz`.
    public var adaptsFrequency = true
    /// `active-expire-effort`, 1...10.
    public var expiryEffort = 1
    /// `lfu-log-factor`.
    public var frequencyLogFactor = 10
    /// `lfu-decay-time`.
    public var frequencyDecayMinutes = 1

    // MARK: encodings

    /// The `*-max-listpack-*` family.
    public var encodings = EncodingLimits()

    // MARK: observation

    /// `notify-keyspace-events`; empty where neither K nor E is in it.
    public var notifiedEvents: KeyspaceEvents = []
    /// `tracking-table-max-keys`; 0 is unlimited.
    public var maximumTrackedKeys = 1_000_000

    /// `slowlog-log-slower-than`; negative is off, 0 logs all.
    public var slowlogThresholdMicroseconds = 10_000
    /// `slowlog-max-len`.
    public var slowlogLength = 128
    /// `latency-monitor-threshold`; 0 is off.
    public var latencyThresholdMilliseconds = 0
    /// `command-cpu-tracking`: read the CPU clock around each command.
    public var tracksCommandCPU = false
    /// `latency-tracking`.
    public var tracksLatency = true
    /// `latency-tracking-info-percentiles`.
    public var latencyPercentiles: [Double] = []

    /// The defaults before any directive is projected.
    public init() {}
}
