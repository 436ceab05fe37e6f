/// The server: connections in, commands to the engine, replies out when their ticket allows.
///
/// One event loop owns everything here: engine, backend, connections. So a command crosses no thread and
/// takes no lock; what is slow (fsync, rewriting, loading, freeing) runs elsewhere and comes back as a task of the loop.
///
/// A tick: the loop reads from every ready connection (`Connection.channelRead`: parse, execute, collect replies), then
/// runs `endOfTick`: one `commit` for all that was executed, then the replies that may leave, leave. (Redis does
/// the same before it sleeps.)
///
/// INVARIANT 1: no reply leaves before the commit of its tick was handed over (Server+Commit.swift).
/// INVARIANT 2: all of this runs on `loop`.
import Bytes
import Engine
import NIOCore
import Persistence
import RESP
import Records

/// A running server; born on its event loop, lives there.
public final class Server {
    /// The loop that owns the server.
    public let loop: any EventLoop
    /// The commands' world.
    public let engine: Engine
    /// The configuration in force.
    public let configuration: Configuration
    /// The log.
    public let log: ServerLog
    /// Threads for slow work.
    public let runner: any BackgroundRunner
    /// Where data is kept; nil: nowhere.
    public internal(set) var backend: (any PersistenceBackend)?
    /// Called once, when the server has shut down; the argument is the process's exit code.
    public var didStop: (Int32) -> Void = { _ in }

    /// Replies of the connection that is executing; empty between connections.
    let reply = ReplyWriter()
    /// The requests being executed, of whichever connection it is.
    let batch = RequestBatch()
    /// The connection whose requests are being executed: `reply` and `batch` are its own until it is done.
    var executing: Connection?
    /// What `executing` hears of its own command: it comes behind the reply.
    let ownMessages = ByteWriter(capacity: 256)
    var connections: [UInt64: Connection] = [:]
    var nextConnectionID: UInt64 = 1
    var listeners: [Listener] = []
    var statistics = ServerStatistics()
    var clientPause: ClientPause?
    var monitors: [UInt64: Connection] = [:]
    var subscriptions = Subscriptions()
    var tracking = TrackingState()
    /// The message that is being sent to subscribers.
    let messageForms = MessageForms()
    /// The name of the channel that a keyspace event is published to.
    let eventChannel = ByteWriter(capacity: 256)
    var loading = LoadingState()
    var shutdownState: ShutdownState? {
        didSet { noteHeldWrites() }
    }
    /// A last save runs, the engine is being switched, or restored data takes the place of the old: writes wait for its end, or for that of the process.
    private(set) var holdsWrites = false
    /// Changes of engine.
    var migration = MigrationState()
    /// Snapshots by command, backups, restorations.
    var snapshots = SnapshotState()
    /// Writes and reads snapshots; nil: there is no data directory.
    public var snapshotStore: (any SnapshotStore)?
    /// Makes changes of engine; nil: there is no data directory.
    public var engineChanger: (any EngineChanger)?
    var shutdownsBegun = 0
    let startedAt: Deadline
    /// Forty hexadecimal characters, new with every start.
    public let runID: String =
        (0..<40).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()

    // The tick.
    var dirty: [Connection] = []
    var holding: [Connection] = []
    var stalled: [Connection] = []
    /// Connections that are closed at the end of the tick.
    var cutOff: [Connection] = []
    var isTickScheduled = false
    var failedThrough: CommitTicket = 0
    /// Memory of the machine in bytes; 0: not known.
    let machineMemory = ProcessFacts.systemBytes
    var saveState = SaveState()
    var durabilityWaiters: [DurabilityWaiter] = []
    let latency = LatencyMonitor()
    /// Digests being computed, by the session that waits for each.
    var digests: [UInt64: DigestRequest] = [:]

    /// Questions to the backend, by the session that waits for each.
    var queries: [UInt64: CancelToken] = [:]

    /// Why the server must not start, nil where it may.
    private(set) var problemAtStart: String?

    /// A server around an engine without data; `start` makes it live.
    public init(
        loop: any EventLoop, configuration: Configuration, log: ServerLog, clock: any Clock,
        runner: any BackgroundRunner
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.configuration = configuration
        self.log = log
        self.runner = runner
        engine = Engine(databases: configuration.settings.databases, clock: clock)
        startedAt = clock.now
        engine.commands.add(serverCommands())
        engine.commands.share("persist", with: "engine")
        configure()
    }

    func noteHeldWrites() {
        holdsWrites =
            shutdownState?.isSaving == true || migration.holdsWrites
            || snapshots.restoration.heldSince != 0
    }

    /// Wires the engine to the settings and the threads.
    private func configure() {
        disposeElsewhere()
        applyEngineSettings()
        registerConfigurationActions()
        renameCommands()
        applyAccessSettings()
        problemAtStart = declareUsers()
        observeKeyspaceEvents()
        engine.secretArguments = Secrets.places
        engine.onSlowCommand = { [unowned self] command, nanoseconds in
            let event = command.flags.contains(.fast) ? "fast-command" : "command"
            latency.add(event, nanoseconds: nanoseconds, at: engine.now)
        }
        engine.slowLog.peer = { ($0.connection as? Connection)?.peerText ?? "" }
    }

    /// Carries out `rename-command`.
    private func renameCommands() {
        for (from, to) in configuration.renamedCommands {
            let (old, new) = (
                String(decoding: from, as: UTF8.self), String(decoding: to, as: UTF8.self)
            )
            if !engine.commands.rename(old, to: new) {
                log.warning("rename-command: no command '\(old)', or '\(new)' is taken")
            }
        }
    }

    func disposeElsewhere() {
        let runner = runner
        engine.keyspace.disposeElsewhere { work in
            runner.run(on: .cleanup, { work() }, finish: { _ in })
        }
    }

    // MARK: Connections

    /// Takes a connection that was just accepted in.
    func add(_ connection: Connection) {
        connections[connection.session.id] = connection
        statistics.connectionsReceived += 1
    }

    /// Forgets a connection that is gone.
    func remove(_ connection: Connection) {
        engine.unwatch(connection.session)
        engine.forgetBlocked(connection.session)
        connections[connection.session.id] = nil
        if monitors.removeValue(forKey: connection.session.id) != nil { updateMonitor() }
        subscriptions.unsubscribeAll(connection)
        disableTracking(connection)
        if connection.isDirty { dirty.removeAll { $0 === connection } }
        if !holding.isEmpty { holding.removeAll { $0 === connection } }
        if connection.isStalled { stalled.removeAll { $0 === connection } }
        durabilityWaiters.removeAll { $0.connection === connection }
        digests[connection.session.id]?.cancel()
        queries[connection.session.id]?.cancel()
    }

    /// Points the engine's monitor at those who listen, or takes it away.
    func updateMonitor() {
        guard !monitors.isEmpty else {
            engine.monitor = nil
            return
        }
        engine.monitor = { [unowned self] session, arguments, secrets in
            feedMonitors(session, arguments, hiding: secrets)
        }
    }
}

/// Counters of the server's own for INFO.
struct ServerStatistics {
    var connectionsReceived = 0
    var connectionsRejected = 0
    var bytesRead = 0
    var bytesWritten = 0
    var outputLimitDisconnections = 0
    var queryLimitDisconnections = 0
    /// Reads and writes of sockets.
    var reads = 0
    var writes = 0
    /// Active expiry that ran out of its time, and the time it took.
    var expiryCyclesCut = 0
    var expiryNanoseconds: UInt64 = 0
    var rates = Rates()
    var lastSample = Sample()

    /// Figures of the last second.
    struct Rates {
        var operations = 0
        var inputKilobytes = 0.0
        var outputKilobytes = 0.0
    }

    /// Totals when the rates were computed.
    struct Sample {
        var nanoseconds: UInt64 = 0
        var operations = 0
        var bytesRead = 0
        var bytesWritten = 0
    }
}

/// CLIENT PAUSE in force.
struct ClientPause {
    /// Wall-clock end.
    var until: Deadline
    /// All commands, or only those that may write.
    var pausesAll: Bool
}
