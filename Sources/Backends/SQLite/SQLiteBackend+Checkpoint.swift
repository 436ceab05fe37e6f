/// Checkpoints: the digest of a frozen view, recorded with its sequence; and the first load of a file.
///
/// The tables hold every write already, so there is nothing to rewrite: a checkpoint computes the digest of the view
/// away from the engine, waits until the view's changes are in a transaction, records it, and has the log copied.
import Digest
import Persistence
import Records

/// What is known of digests and checkpoints.
struct DigestState {
    /// `willFreeze` was called: the last sequence of the coming checkpoint.
    var boundary: CommitTicket?
    var isRunning = false
    var token = CancelToken()
    /// Recorded last, and for which sequence.
    var text = ""
    var sequence: CommitTicket = 0

    mutating func adopt(_ facts: StoreFacts) {
        guard let found = facts.digest else { return }
        text = found.text
        sequence = found.sequence
    }
}

extension SQLiteBackend {
    /// What was recorded so far is in the coming checkpoint.
    public func willFreeze() throws(PersistenceError) {
        if digest.isRunning {
            throw PersistenceError(.conflict, "Background save already in progress")
        }
        digest.boundary = sequence
    }

    /// Stops a running checkpoint.
    public func cancelCheckpoint() { digest.token.cancel() }

    /// Records the digest of `view`, or loads a new file with it; see the file's header.
    public func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        guard let boundary = digest.boundary, !digest.isRunning, let store else {
            throw PersistenceError(.conflict, "A save must follow a freeze")
        }
        digest.boundary = nil
        digest.isRunning = true
        digest.token = CancelToken()
        let job = DigestJob(
            store: store, view: view, sequence: boundary, token: digest.token,
            begin: environment.clock.monotonicNanoseconds, clock: environment.clock,
            fileSystem: environment.fileSystem)
        if awaitsLoad { return load(job, finish) }
        environment.runner.run(on: .inspection) {
            job.compute()
        } finish: { result in
            switch result {
            case .failure(let error): self.ended(.failure(error), job, finish)
            case .success(let report): self.record(report, job, finish)
            }
        }
    }

    /// Puts `view` in the place of all that the tables hold.
    public func replace(
        with view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        try willFreeze()
        guard let boundary = digest.boundary, let store, !awaitsLoad else {
            throw PersistenceError(.conflict, "The database is being loaded")
        }
        digest.boundary = nil
        digest.isRunning = true
        digest.token = CancelToken()
        let job = DigestJob(
            store: store, view: view, sequence: boundary, token: digest.token,
            begin: environment.clock.monotonicNanoseconds, clock: environment.clock,
            fileSystem: environment.fileSystem)
        whenWritten(job, finish) { [self] in
            isBusy = true
            environment.runner.run(on: .checkpoint) {
                job.replace()
            } finish: { result in
                self.isBusy = false
                self.figures.hasAbandoned = true
                self.ended(result, job, finish)
                self.launch()
            }
        }
    }

    private func load(
        _ job: DigestJob, _ finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        isBusy = true
        environment.runner.run(on: .checkpoint) {
            job.load()
        } finish: { result in
            self.isBusy = false
            if case .success = result { self.awaitsLoad = false }
            self.ended(result, job, finish)
            self.launch()
        }
    }

    /// Goes on as soon as the store is free and holds the job's sequence.
    private func whenWritten(
        _ job: DigestJob, _ finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void,
        _ body: @escaping () -> Void
    ) {
        if isBusy || written < job.sequence {
            if let refusal {
                let error = PersistenceError(.io, refusal.reason, path: path)
                return ended(.failure(error), job, finish)
            }
            if isClosed { return ended(.failure(SnapshotOutput.cancelled), job, finish) }
            launch()
            // Not within this call: the transaction under way has its own end to come.
            return environment.runner.run(on: .sync) {
            } finish: { _ in
                self.whenWritten(job, finish, body)
            }
        }
        body()
    }

    private func record(
        _ report: DigestReport, _ job: DigestJob,
        _ finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        whenWritten(job, finish) { [self] in
            isBusy = true
            environment.runner.run(on: .sync) {
                job.record(report)
            } finish: { result in
                self.isBusy = false
                self.ended(result, job, finish)
                self.launch()
            }
        }
    }

    private func ended(
        _ result: Result<SavedDigest, PersistenceError>, _ job: DigestJob,
        _ finish: (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        digest.isRunning = false
        if case .success(let saved) = result {
            digest.text = saved.digest
            digest.sequence = job.sequence
            raiseDurable(to: job.sequence)
        }
        if isClosed { return }
        finish(result.map(\.report))
    }
}

/// A digest that is recorded.
private struct SavedDigest: Sendable {
    let digest: String
    let report: CheckpointReport
}

/// The lanes' part of a checkpoint.
private struct DigestJob: Sendable {
    let store: SQLiteStore
    let view: any FrozenDataset
    let sequence: CommitTicket
    let token: CancelToken
    let begin: UInt64
    let clock: any Clock
    let fileSystem: any FileSystem

    func compute() -> Result<DigestReport, PersistenceError> {
        do {
            return .success(try DatasetDigest.of(view) { token.isCancelled })
        } catch is DigestError {
            return .failure(SnapshotOutput.cancelled)
        } catch {
            return .failure(PersistenceError(.io, "\(error)"))
        }
    }

    func record(_ report: DigestReport) -> Result<SavedDigest, PersistenceError> {
        do throws(PersistenceError) {
            let text = report.digest.root.hex
            // ORDER: a full commit: everything before it is on the platter when it has ended.
            try store.setFull(true)
            try store.record(digest: text, sequence: sequence, time: view.frozenAt)
            _ = try WriteAheadLog.copy(store.connection, .passive)
            return .success(try saved(text, report.counts.keys))
        } catch {
            return .failure(error)
        }
    }

    func load() -> Result<SavedDigest, PersistenceError> {
        do throws(PersistenceError) {
            let walk = SnapshotWalk(view, token: token)
            try store.load(walk, sequence: sequence, now: clock.now)
            return .success(try saved(walk.report.digest.root.hex, walk.report.counts.keys))
        } catch {
            return .failure(error)
        }
    }

    func replace() -> Result<SavedDigest, PersistenceError> {
        do throws(PersistenceError) {
            let walk = SnapshotWalk(view, token: token)
            try store.replace(with: walk, sequence: sequence, now: clock.now)
            return .success(try saved(walk.report.digest.root.hex, walk.report.counts.keys))
        } catch {
            return .failure(error)
        }
    }

    private func saved(_ digest: String, _ keys: Int) throws(PersistenceError) -> SavedDigest {
        let bytes = try fileSystem.status(store.connection.path)?.size ?? 0
        let seconds = Double(clock.monotonicNanoseconds &- begin) / 1e9
        return SavedDigest(
            digest: digest, report: CheckpointReport(keys: keys, bytes: bytes, seconds: seconds))
    }
}
