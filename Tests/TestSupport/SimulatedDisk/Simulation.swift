/// A seeded run of a shipped backend over a simulated disk: clients, rewrites, ticks, background steps.
///
/// The run keeps what the oracle needs: the digest of the model after every command (S0, S1, ... Sn), and
/// for every moment how many commands were issued, promised (acknowledged under always, or called
/// durable), and acknowledged at all (a killed process must not lose those).
///
/// An acknowledgement is an event of the disk's, so that the power can go right after it.
import Bytes
import Persistence
import Records

/// What a run does.
public struct SimulationPlan: Sendable {
    /// The run's seed.
    public var seed: UInt64
    /// `appendfsync`.
    public var policy: SyncPolicy
    /// Commands to execute.
    public var commands = 60
    /// Commands between rewrites; 0: none.
    public var rewriteInterval = 20
    /// Commands between kills of the process, after which it starts again; 0: none.
    public var killInterval = 0
    /// Calls of a hundred that fail (sync and write); 0: a good disk.
    public var faultPercent = 0
    /// Whether the run ends with a clean close.
    public var closes = true
    /// Whether `#TS:` lines are written.
    public var writesTimestamps = false
    /// How long replaced files are kept, in seconds.
    public var historyKeepSeconds: Int?
    /// Whether rewrites write their bases as snapshots in Redis's format.
    public var writesSnapshotBases = false
    /// What is on the disk already, and the dataset that it holds; nil: nothing.
    public var beginning: (@Sendable () throws -> (DiskImage, NaiveDataset))?

    /// Commands between restorations: other data takes the place of all; 0: none.
    public var restoreInterval = 0

    /// A change of engine on the way; nil: none.
    public var change: ChangePlan?

    /// A plan.
    public init(seed: UInt64, policy: SyncPolicy) {
        self.seed = seed
        self.policy = policy
    }

    /// The settings of the backend.
    public var settings: BackendSettings {
        var settings = BackendSettings()
        settings.directory = "/data"
        settings.syncPolicy = policy
        settings.writesTimestamps = writesTimestamps
        settings.historyKeepSeconds = historyKeepSeconds
        settings.writesSnapshotBases = writesSnapshotBases
        return settings
    }
}

/// Makes the backend under test over an environment.
public typealias BackendFactory =
    @Sendable (BackendEnvironment, BackendSettings) throws -> any PersistenceBackend

/// What was known at a moment.
public struct Moment: Sendable {
    /// Events of the disk's before it.
    public var event: Int
    /// Commands executed.
    public var issued: Int
    /// Commands that a power cut must not lose.
    public var promised: Int
    /// Commands that a killed process must not lose.
    public var acknowledged: Int
}

/// One run.
public final class Simulation {
    /// The disk.
    public let disk: SimDisk
    /// The model after the last command.
    public let model: NaiveDataset
    /// Digest of the model after each number of commands.
    public internal(set) var digests: [UInt64]
    /// What was known when.
    public private(set) var moments = [
        Moment(event: 0, issued: 0, promised: 0, acknowledged: 0)
    ]
    /// Rewrites that succeeded.
    public private(set) var rewrites = 0
    /// The longest that something written stayed without a sync, in milliseconds of the run's clock.
    public private(set) var longestDirtyMilliseconds = 0
    /// Tickets reported as failed.
    public private(set) var failures = 0

    let clock = SimClock()
    private(set) var runner: SimRunner
    var backend: (any PersistenceBackend)?
    let plan: SimulationPlan
    var change = ChangeState()
    var restoration = RestorationState()
    var random: SeededGenerator
    var tickets: [CommitTicket] = [0]
    var writtenAt: [UInt64] = [0]
    var isRewriting = false
    var workload = Workload()

    /// A run over an empty disk, or the one that the plan begins with.
    public init(_ plan: SimulationPlan) throws {
        self.plan = plan
        let (image, dataset) = try plan.beginning?() ?? (DiskImage(), NaiveDataset())
        disk = SimDisk(image)
        model = dataset
        runner = SimRunner(disk: disk)
        random = SeededGenerator(seed: plan.seed)
        digests = [model.digest]
    }

    /// Runs the plan.
    public func run(_ factory: BackendFactory) throws {
        var backend = try open(factory)
        if plan.faultPercent > 0 { disk.fault = { [unowned self] call, _ in randomFault(call) } }
        var sinceRewrite = 0
        var sinceKill = 0
        var patience = 0
        while digests.count <= plan.commands {
            patience += 1
            if patience > plan.commands * 200 { throw Stuck() }
            considerChange()
            backend = self.backend ?? backend
            considerRestoration(backend)
            if backend.refusal == nil && !backend.isCongested && !change.holdsWrites
                && !restoration.isUnderWay
            {
                let batch = Int.random(in: 1...4, using: &random)
                for _ in 0..<batch { execute(backend) }
                sinceRewrite += batch
            }
            _ = backend.commit()
            observe(backend)
            if plan.rewriteInterval > 0 && sinceRewrite >= plan.rewriteInterval {
                sinceRewrite = 0
                rewrite(backend)
            }
            background(backend)
            backend = self.backend ?? backend
            sinceKill += 1
            if plan.killInterval > 0 && sinceKill >= plan.killInterval {
                sinceKill = 0
                backend = try restartAfterKill(factory)
            }
        }
        disk.fault = nil
        settle(backend)
        considerChange()
        settle(backend)
        backend = self.backend ?? backend
        if plan.closes {
            try backend.close()
            observe(backend)
        }
    }

    /// The run made no progress.
    public struct Stuck: Error {
        /// No progress.
        public init() {}
    }

    /// The process is killed, work under way with it, and starts again on the disk as it is.
    private func restartAfterKill(_ factory: BackendFactory) throws -> any PersistenceBackend {
        backend = nil
        disk.killProcess()
        runner = SimRunner(disk: disk)
        isRewriting = false
        let started = try open(factory)
        observe(started)
        return started
    }

    /// A killed process lost what it had written.
    public struct LostByKill: Error {}

    /// Lets the disk rest: faults are over, everything that is under way ends.
    private func settle(_ backend: any PersistenceBackend) {
        for _ in 0..<30 {
            advance(backend, milliseconds: 100)
            while let lane = runner.ready.first {
                runner.step(lane)
                observe(backend)
            }
        }
    }

    private func open(_ factory: BackendFactory) throws -> any PersistenceBackend {
        var salts = random
        var environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: runner, log: .silent
        ) { [unowned self] failed in
            if failed != nil { failures += 1 }
            if let running = self.backend { observe(running) }
        }
        environment.makeSalt = { salts.next() }
        let backend: any PersistenceBackend
        if let plan = plan.change {
            let opened = try plan.open(environment, self.plan.settings)
            backend = opened.backend
            change = ChangeState(changer: opened.changer)
        } else {
            backend = try factory(environment, plan.settings)
        }
        let target = NaiveTarget()
        _ = try backend.restore(into: target, progress: { _ in })
        if target.dataset.digest != model.digest { throw LostByKill() }
        try backend.start()
        _ = change.changer?.tidy()
        self.backend = backend
        return backend
    }

    private func execute(_ backend: any PersistenceBackend) {
        backend.beginUnit()
        var count: UInt64 = 0
        workload.nextUnit(number: digests.count, model: model, &random) { mutation, database in
            backend.record(mutation, database: database)
            model.apply(mutation, database: database)
            count += 1
        }
        backend.endUnit()
        tickets.append((tickets.last ?? 0) + count)
        writtenAt.append(clock.monotonicNanoseconds)
        digests.append(model.digest)
    }

    private func rewrite(_ backend: any PersistenceBackend) {
        if isRewriting || backend.refusal != nil { return }
        do throws(PersistenceError) {
            try backend.willFreeze()
            isRewriting = true
            try backend.checkpoint(NaiveFrozen(model, at: clock.now)) { [unowned self] result in
                isRewriting = false
                if case .success = result { rewrites += 1 }
            }
        } catch {
            isRewriting = false
        }
    }

    private func background(_ backend: any PersistenceBackend) {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            if let lane = runner.ready.randomElement(using: &random) {
                runner.step(lane)
                observe(backend)
            }
        }
        if Int.random(in: 0..<3, using: &random) == 0 { advance(backend, milliseconds: 100) }
    }

    private func advance(_ backend: any PersistenceBackend, milliseconds: Int) {
        clock.advance(milliseconds: milliseconds)
        backend.tick(nowNanoseconds: clock.monotonicNanoseconds)
        observe(backend)
    }

    private func randomFault(_ call: DiskCall) -> DiskFault? {
        guard Int.random(in: 0..<100, using: &random) < plan.faultPercent else { return nil }
        switch call {
        case .sync, .syncDirectory: return .error(5)
        case .write: return Bool.random(using: &random) ? .error(28) : .short
        case .open, .rename, .truncate: return .error(28)
        default: return nil
        }
    }

    /// Notes what the backend lets be shown and calls durable now.
    func observe(_ backend: any PersistenceBackend) {
        let issued = digests.count - 1
        var promised = commands(upTo: backend.durable)
        // Where data is only saved now and then, what was written since the last save doesn't survive a kill.
        let keepsJournal = backend.descriptor.abilities.contains(.journal)
        let acknowledged = keepsJournal ? commands(upTo: backend.released) : promised
        if plan.policy == .always { promised = max(promised, acknowledged) }
        if promised < issued {
            let age = clock.monotonicNanoseconds - writtenAt[promised + 1]
            longestDirtyMilliseconds = max(longestDirtyMilliseconds, Int(age / 1_000_000))
        }
        guard let last = moments.last else { return }
        let isNews = acknowledged > last.acknowledged || promised > last.promised
        if !isNews && issued == last.issued { return }
        if isNews { disk.note() }
        moments.append(
            Moment(
                event: disk.events.count, issued: issued,
                promised: max(promised, last.promised),
                acknowledged: max(acknowledged, last.acknowledged)))
    }

    /// Commands whose ticket is not above `ticket`.
    private func commands(upTo ticket: CommitTicket) -> Int {
        var low = 0
        var high = tickets.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if tickets[middle] <= ticket { low = middle } else { high = middle - 1 }
        }
        // A restoration under way has no ticket of its own, and is promised with its end.
        return restoration.isUnderWay ? min(low, restoration.before) : low
    }
}
