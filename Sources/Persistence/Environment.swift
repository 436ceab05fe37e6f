/// What a backend is given: files, clocks, threads and the way back to the engine.
///
/// All of it can be replaced, so that a test runs the shipped backend over a simulated disk, one step
/// at a time, on one thread.
import Records

/// Runs slow work away from the engine's thread and brings the result back to it.
public protocol BackgroundRunner: AnyObject {
    /// Runs `work` on the lane's thread, in the order of the calls within a lane, then `finish` on the engine's thread.
    func run<Output: Sendable>(
        on lane: BackgroundLane,
        _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void)
    /// Runs `body` on the engine's thread after the current call has returned to the engine.
    func later(_ body: @escaping () -> Void)
    /// Waits for all work handed over so far and runs its `finish` steps here and now.
    ///
    /// Called on the engine's thread, by a backend that closes.
    func drain()
}

extension BackgroundRunner {
    /// By way of a lane.
    public func later(_ body: @escaping () -> Void) { run(on: .cleanup, {}, finish: body) }
    /// Nothing to wait for: right for a runner that finishes each job before `run` returns.
    public func drain() {}
}

/// Threads for slow work; each lane is serial.
public enum BackgroundLane: Sendable, Hashable, CaseIterable {
    /// fsync of the log: somebody is waiting for it.
    case sync
    /// Rewrites and snapshots, at lower priority.
    case checkpoint
    /// Reading of views that no file comes of, at lower priority: no save waits for it.
    case inspection
    /// Questions of clients, at lower priority.
    case query
    /// Snapshots by command, backups and restoration, at lower priority: no save waits for them.
    case backup
    /// Unlinking and freeing, at lower priority.
    case cleanup
}

/// The clocks; tests drive their own.
public protocol Clock: AnyObject, Sendable {
    /// Wall-clock time.
    var now: Deadline { get }
    /// Monotonic time in nanoseconds.
    var monotonicNanoseconds: UInt64 { get }
    /// Wall-clock time in microseconds since 1970, as fine as the clock has it.
    var microsecondsSinceEpoch: Int64 { get }
}

extension Clock {
    /// To the millisecond.
    public var microsecondsSinceEpoch: Int64 { now.millisecondsSinceEpoch &* 1000 }
}

/// Everything a backend may touch.
public struct BackendEnvironment {
    /// The disk.
    public var fileSystem: any FileSystem
    /// The clocks.
    public var clock: any Clock
    /// Threads for slow work.
    public var runner: any BackgroundRunner
    /// Where notable events are told, in Redis's wording where it has one.
    public var log: PersistenceLog
    /// Random bits for the salts of new files; a test replaces it to be repeatable.
    public var makeSalt: () -> UInt64 = { UInt64.random(in: .min ... .max) }
    /// Which server this is, for the heads of its files.
    public var identity = ServerIdentity()
    /// The engine's memory in bytes, for the heads of files that tell it; on the engine's thread.
    public var usedMemoryBytes: () -> Int = { 0 }
    /// Told how long notable work took, in nanoseconds, for the latency monitor; on the engine's thread.
    public var measured: (_ event: String, _ nanoseconds: UInt64) -> Void = { _, _ in }
    /// Called on the engine's thread when `released`, `refusal` or `isCongested` may have changed
    /// outside of a call by the engine.
    ///
    /// `failed` is the highest ticket whose durability is unknown now: replies that wait for a
    /// ticket up to it become -MISCONF errors. Nil where nothing failed.
    public var progress: (_ failed: CommitTicket?) -> Void

    /// An environment.
    public init(
        fileSystem: any FileSystem, clock: any Clock, runner: any BackgroundRunner,
        log: PersistenceLog, progress: @escaping (_ failed: CommitTicket?) -> Void
    ) {
        self.fileSystem = fileSystem
        self.clock = clock
        self.runner = runner
        self.log = log
        self.progress = progress
    }
}

/// Which server writes a file.
public struct ServerIdentity: Sendable, Hashable {
    /// `holdfast_version`.
    public var version = ""
    /// `run_id`: new with every start.
    public var id = ""
    /// An identity.
    public init(version: String = "", id: String = "") {
        self.version = version
        self.id = id
    }
}

/// Lines for the server's log.
public struct PersistenceLog: Sendable {
    /// How loud a line is.
    public enum Level: Sendable {
        /// Detail.
        case verbose
        /// What an operator wants to see.
        case notice
        /// What an operator must see.
        case warning
    }

    /// Where the lines go.
    public let write: @Sendable (Level, String) -> Void
    /// A log.
    public init(write: @escaping @Sendable (Level, String) -> Void) { self.write = write }
    /// A log that forgets.
    public static let silent = PersistenceLog { _, _ in }
}
