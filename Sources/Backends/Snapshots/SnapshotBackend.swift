/// Keeps data by saving it whole, in any `SnapshotFormat`: at the `save` points, on SAVE and BGSAVE, and at the end.
///
/// What is recorded is only counted: a ticket is released at once, and durable when a save that holds it is. A
/// crash loses what was written since the last save.
///
///     willFreeze    notes the sequence of the last change
///     checkpoint    on the checkpoint lane: temp-NAME is written and synced; read back through a fresh
///                   descriptor and decoder; digest and counts are compared with the view's; renamed to NAME;
///                   the folder is synced; the first time CURRENT is written
///     finish        on the engine's thread: figures, the durable sequence, the report
///
/// ORDER: each step lasts before the next begins. A crash between any two leaves the old file or the new
/// one, whole; `CURRENT` names this engine only where there is a file.
///
/// A save that fails, in its writing or its verification, removes its temporary file and leaves the old one:
/// loud in the log and in INFO, and, with `save` points and `stop-writes-on-bgsave-error`, writes are
/// refused until a save succeeds.
///
/// Threads: the engine's, but for `restore` (see the protocol).
import Bytes
import Digest
import Persistence
import Records

/// Keeps data in snapshots; see the file's header.
public final class SnapshotBackend<Format: SnapshotFormat>: PersistenceBackend {
    /// The format's.
    public static var descriptor: BackendDescriptor { Format.descriptor }

    let environment: BackendEnvironment
    let directory: DataDirectory
    var settings: BackendSettings
    var sequence: CommitTicket = 0
    /// Tickets up to here are in a save that lasts.
    public internal(set) var durable: CommitTicket = 0
    var state = SaveFigures()
    /// `willFreeze` was called: the last sequence of the coming save.
    var boundary: CommitTicket?
    private var token = CancelToken()
    private var isClosed = false

    /// A backend that holds the lock of `directory` until `close`.
    public init(
        environment: BackendEnvironment, settings: BackendSettings, directory: DataDirectory
    ) {
        self.environment = environment
        self.settings = settings
        self.directory = directory
    }

    /// The file in force, or to be.
    var path: String { settings.directory + "/" + Format.fileName(settings) }
    /// How unfinished files are named.
    static var temporaryPrefix: String { "temp-" }

    /// Goes on behind what was restored.
    func resume(after sequence: CommitTicket) {
        self.sequence = sequence
        durable = sequence
    }

    /// Units don't matter here.
    public func beginUnit() {}
    /// Counts the change.
    public func record(_ mutation: Mutation, database: Int) { sequence &+= 1 }
    /// Units don't matter here.
    public func endUnit() {}
    /// The count of changes so far.
    public func commit() -> CommitTicket { sequence }
    /// All that was counted: nothing is promised before a save.
    public var released: CommitTicket { sequence }
    /// Never congested.
    public var isCongested: Bool { false }

    /// After a failed save, where the configuration says that writes end with it.
    public var refusal: WriteRefusal? {
        guard let error = state.lastError, settings.hasSavePoints, settings.stopsWritesOnSaveError
        else { return nil }
        return WriteRefusal(.snapshot, reason: error)
    }

    /// The server watches the `save` points: it knows the time of the last save.
    public var wantsCheckpoint: Bool { false }
    /// Nothing is due.
    public func tick(nowNanoseconds: UInt64) {}

    /// Nothing to wait for: a save is what lasts.
    public func settle(_ finish: @escaping (PersistenceError?) -> Void) {
        environment.runner.later { finish(nil) }
    }

    /// Settings changed at run time.
    public func apply(_ settings: BackendSettings) {
        let directory = self.settings.directory
        self.settings = settings
        self.settings.directory = directory
    }

    /// What was recorded so far will be in the coming save.
    public func willFreeze() throws(PersistenceError) {
        if state.isRunning {
            throw PersistenceError(.conflict, "Background save already in progress")
        }
        boundary = sequence
    }

    /// Saves `view` in the background; see the file's header.
    public func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        guard let boundary, !state.isRunning else {
            throw PersistenceError(.conflict, "A save must follow a freeze")
        }
        self.boundary = nil
        state.isRunning = true
        token = CancelToken()
        let identity = environment.identity
        var header = SnapshotHeader(
            version: identity.version, serverID: identity.id, sequence: boundary,
            frozenAt: view.frozenAt)
        header.usedMemoryBytes = environment.usedMemoryBytes()
        let job = SnapshotJob(
            format: Format(settings), directory: settings.directory,
            name: Format.fileName(settings), temporaryPrefix: Self.temporaryPrefix,
            header: header,
            claim: directory.claimToWrite(engine: Format.descriptor.name), token: token,
            fileSystem: environment.fileSystem, clock: environment.clock)
        environment.runner.run(on: .checkpoint) {
            job.run(view)
        } finish: { result in
            self.saved(job, result, finish)
        }
    }

    private func saved(
        _ job: SnapshotJob<Format>, _ result: Result<SavedSnapshot, PersistenceError>,
        _ finish: (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        let wasRefusing = refusal != nil
        state.isRunning = false
        switch result {
        case .success(let saved):
            if let claim = job.claim { directory.didWrite(claim) }
            durable = max(durable, job.header.sequence)
            state.note(saved)
        case .failure(let error):
            state.lastError = job.token.isCancelled ? state.lastError : "\(error)"
        }
        if isClosed { return }
        if wasRefusing != (refusal != nil) || durable == sequence { environment.progress(nil) }
        finish(result.map(\.report))
    }

    /// Stops a running save; the old file stays in force.
    public func cancelCheckpoint() { token.cancel() }

    /// Ends a running save and lets the lock go; whoever wants a last save makes it before.
    public func close() throws(PersistenceError) {
        if isClosed { return }
        isClosed = true
        token.cancel()
        environment.runner.drain()
        directory.release()
    }

    /// Figures for INFO.
    public func status() -> BackendStatus {
        BackendStatus(fields: [
            ("snapshot_format", Format.descriptor.name), ("snapshot_file", path),
            ("snapshot_keys", "\(state.last?.report.keys ?? 0)"),
            ("snapshot_bytes", "\(state.last?.report.bytes ?? 0)"),
            ("snapshot_sequence", "\(durable)"),
            ("snapshot_write_usec", "\((state.last?.writing ?? 0) / 1000)"),
            ("snapshot_verify_usec", "\((state.last?.verifying ?? 0) / 1000)"),
            ("snapshot_last_error", state.lastError ?? ""),
            ("last_verified_backup_time", "\(state.last?.verifiedAt ?? 0)"),
            ("last_verified_digest", state.last?.digest.hex ?? ""),
        ])
    }
}

/// What is known of saves.
struct SaveFigures {
    /// From `checkpoint` until its `finish` was called.
    var isRunning = false
    /// The last save that succeeded in this run.
    private(set) var last: SavedSnapshot?
    /// Why the last save failed; nil: it didn't.
    var lastError: String?

    mutating func note(_ saved: SavedSnapshot) {
        last = saved
        lastError = nil
    }
}
