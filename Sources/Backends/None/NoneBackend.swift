/// Keeps nothing: the engine for caches and for measuring what persistence costs.
///
/// Every ticket is released at once, none is ever durable, nothing is written but the lock file.
///
/// Threads: the engine's.
import Persistence
import Records

/// A backend that keeps nothing.
public final class NoneBackend: PersistenceBackend {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "none", abilities: [], summary: "keeps nothing: caches")

    private let directory: DataDirectory
    private let runner: any BackgroundRunner
    private var sequence: CommitTicket = 0

    /// A backend that holds the lock of `directory` until `close`.
    public init(
        environment: BackendEnvironment, settings: BackendSettings, directory: DataDirectory
    ) {
        self.directory = directory
        runner = environment.runner
    }

    /// Finds nothing.
    public func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport { RecoveryReport() }

    /// Nothing to prepare.
    public func start() throws(PersistenceError) {}
    /// - Throws: always: no data can be moved here.
    public func start(after ticket: CommitTicket) throws(PersistenceError) {
        throw PersistenceError(.unsupportedFormat, "The engine 'none' keeps nothing")
    }
    /// Nothing to wait for.
    public func settle(_ finish: @escaping (PersistenceError?) -> Void) {
        runner.later { finish(nil) }
    }

    /// Units don't matter here.
    public func beginUnit() {}
    /// Counts the change.
    public func record(_ mutation: Mutation, database: Int) { sequence &+= 1 }
    /// Units don't matter here.
    public func endUnit() {}
    /// The count of changes so far.
    public func commit() -> CommitTicket { sequence }

    /// All that was counted.
    public var released: CommitTicket { sequence }
    /// Nothing ever is.
    public var durable: CommitTicket { 0 }
    /// Never refuses.
    public var refusal: WriteRefusal? { nil }
    /// Never congested.
    public var isCongested: Bool { false }

    /// - Throws: always: there is nothing to write.
    public func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        throw PersistenceError(.unsupportedFormat, "The engine 'none' keeps nothing")
    }
    /// Nothing runs.
    public func cancelCheckpoint() {}
    /// - Throws: always: there is nothing to write.
    public func willFreeze() throws(PersistenceError) {
        throw PersistenceError(.unsupportedFormat, "The engine 'none' keeps nothing")
    }

    /// Nothing is due.
    public func tick(nowNanoseconds: UInt64) {}
    /// Never.
    public var wantsCheckpoint: Bool { false }
    /// No setting matters.
    public func apply(_ settings: BackendSettings) {}
    /// Lets the lock go.
    public func close() throws(PersistenceError) { directory.release() }
    /// Only that there is no log.
    public func status() -> BackendStatus { BackendStatus(fields: [("aof_enabled", "0")]) }
}
