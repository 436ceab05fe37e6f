/// Rewrites: a base from a frozen view, written beside the running log.
///
///     willFreeze    the group is written; a new increment is made and named in the manifest: what
///                   is recorded from now on goes there. The old one's sync follows in the background.
///     checkpoint    the checkpoint lane writes temp-...base.aof, or .rdb (`aof-use-rdb-preamble`), syncs it, renames it, syncs the folder
///     publish       the manifest names the base and the new increment; the older files are history.
///                   From here on everything up to the freeze is durable through the base.
///     clean         history is removed or kept (`+History`)
///
/// ORDER: each step lasts before the next begins, so that a crash between any two finds either the old
/// set of files or the new one whole.
///
/// After a failure the next automatic rewrite waits a minute, doubling up to an hour, as Redis does.
import Bytes
import Persistence
import Records

/// What is known of rewrites.
struct RewriteState {
    /// From `checkpoint` until its `finish` was called.
    var isRunning = false
    /// `willFreeze` was called: the boundary, for the coming `checkpoint`.
    var boundary: (sequence: UInt64, firstIncrement: Int)?
    /// Whether one is wanted whatever the sizes (after a failover).
    var isForced = false
    /// The view is of other data (`replace`): a start must not find the one set of files for the other.
    var isOfOtherData = false
    /// Which of them a start would find is open.
    var unsettled: UnsettledReplacement?
    var token = CancelToken()
    var startedAt: UInt64 = 0
    var lastSeconds = -1.0
    var lastSucceeded = true
    var successes = 0
    var consecutiveFailures = 0
    /// No automatic rewrite before (monotonic).
    var notBefore: UInt64 = 0
    var baseBytes = 0
    /// Bytes of increments before the one in use.
    var olderBytes = 0

    func cancel() { token.cancel() }
}

extension AppendOnlyFileBackend {
    /// Everything recorded so far goes to the old increment, the rest to a new one.
    ///
    /// Must not be called inside a unit that has mutations.
    public func willFreeze() throws(PersistenceError) {
        try requireReady()
        writer.closeGroup()
        flush()
        if case .writeFailing(let error) = health { throw error }
        try switchIncrement()
        let sequence = writer.sequence
        rewrite.boundary = (sequence, nextIncrement - 1)
    }

    private func requireReady() throws(PersistenceError) {
        if rewrite.isRunning || isManifestBusy {
            throw PersistenceError(.io, "Background append only file rewriting already in progress")
        }
        if writer.hasOpenUnit {
            throw PersistenceError(.io, "A rewrite can't begin inside a transaction")
        }
        switch health {
        case .fine: return
        case .writeFailing(let error), .distrusted(let error): throw error
        }
    }

    /// Opens the next increment, names it in the manifest and sends all that follows there.
    func switchIncrement() throws(PersistenceError) {
        // One salt for the increments of a run: after a failed sync, kept groups of several of them go
        // to a new file as they are.
        let salt = writer.salt.bits == 0 ? Salt(bits: environment.makeSalt()) : writer.salt
        let number = nextIncrement
        nextIncrement += 1
        let header = IncrementHeader(
            salt: salt, firstSequence: writer.sequence + 1, durable: durable)
        let disk = environment.fileSystem
        let file = try LogFile.create(
            number: number, header: header, places: places, fileSystem: disk)
        var manifest = manifest
        manifest.isOurs = true
        manifest.increments.append(file.entry)
        do {
            try disk.replace(
                places.manifestName, in: places.directory, with: manifest.serialized)
        } catch {
            // The manifest on disk may name the file: it stays, empty, and is never used.
            isManifestCertain = false
            abandoned.append(file.path)
            file.handle.close()
            throw error
        }
        self.manifest = manifest
        isManifestCertain = true
        if let old = files.last {
            old.lastSequence = writer.sequence
            rewrite.olderBytes += old.size
        }
        queue.seal()
        writer.beginFile(salt: salt)
        files.append(file)
    }

    /// Writes a base of `view` in the background; see the file's header.
    public func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        guard let boundary = rewrite.boundary, !rewrite.isRunning else {
            throw PersistenceError(.io, "A rewrite must follow a freeze")
        }
        rewrite.boundary = nil
        rewrite.isRunning = true
        rewrite.isForced = false
        rewrite.token = CancelToken()
        rewrite.startedAt = environment.clock.monotonicNanoseconds
        let number = nextBase
        nextBase += 1
        var head = SnapshotHeader(
            version: environment.identity.version, serverID: environment.identity.id,
            sequence: boundary.sequence, frozenAt: view.frozenAt)
        head.usedMemoryBytes = environment.usedMemoryBytes()
        let job = BaseJob(
            number: number, places: places, token: rewrite.token,
            snapshot: settings.writesSnapshotBases
                ? SnapshotBaseWriter(header: head, compresses: settings.compressesStrings) : nil,
            header: BaseHeader(
                salt: Salt(bits: environment.makeSalt()), lastSequence: boundary.sequence,
                timeMilliseconds: UInt64(max(0, view.frozenAt.millisecondsSinceEpoch))),
            fileSystem: environment.fileSystem, clock: environment.clock)
        environment.runner.run(on: .checkpoint) {
            job.run(view)
        } finish: { result in
            if self.isClosed { return }
            switch result {
            case .failure(let error): self.failRewrite(error, finish)
            case .success(let written):
                if job.token.isCancelled {
                    self.abandoned.append(job.places.path(job.name))
                    self.failRewrite(BaseWriter.cancelled, finish)
                } else {
                    self.publish(job, boundary, written, finish)
                }
            }
        }
    }

    /// Stops a running rewrite; the old files stay in force.
    public func cancelCheckpoint() { rewrite.cancel() }

    private func publish(
        _ job: BaseJob, _ boundary: (sequence: UInt64, firstIncrement: Int),
        _ written: (keys: Int, bytes: Int),
        _ finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        if isManifestBusy {
            abandoned.append(places.path(job.name))
            failRewrite(BaseWriter.cancelled, finish)
            return
        }
        let now = Int(environment.clock.now.millisecondsSinceEpoch / 1000)
        let new = manifest.replacingBase(
            with: Manifest.Entry(
                name: job.name, number: job.number, kind: .base,
                salt: job.snapshot == nil ? job.header.salt.bits : nil),
            firstIncrement: boundary.firstIncrement, now: now)
        isManifestBusy = true
        let disk = environment.fileSystem
        let places = places
        let bytes = new.serialized
        environment.runner.run(on: .sync) { () -> PersistenceError? in
            do throws(PersistenceError) {
                try disk.replace(places.manifestName, in: places.directory, with: bytes)
                return nil
            } catch {
                return error
            }
        } finish: { error in
            if let error {
                // The manifest on disk may be either: both sets of files stay.
                self.isManifestCertain = false
                self.abandoned.append(places.path(job.name))
                if self.rewrite.isOfOtherData {
                    self.rewrite.unsettled = UnsettledReplacement(error: error, finish: finish)
                    self.settleManifest(now: self.lastTickNanoseconds)
                    return
                }
                self.isManifestBusy = false
                self.failRewrite(error, finish)
                return
            }
            self.isManifestBusy = false
            self.adopt(new, boundary, written)
            self.cleanHistory { self.finishRewrite(written, finish) }
        }
    }

    /// The manifest with the base is in force.
    private func adopt(
        _ new: Manifest, _ boundary: (sequence: UInt64, firstIncrement: Int),
        _ written: (keys: Int, bytes: Int)
    ) {
        manifest = new
        isManifestCertain = true
        rewrite.baseBytes = written.bytes
        rewrite.olderBytes = 0
        // The base stands for them: their sync isn't needed any more, nor can its failure hurt.
        retire(files.filter { $0.number < boundary.firstIncrement })
        raiseDurable(to: boundary.sequence)
        if !isClosed { environment.progress(nil) }
    }

    private func finishRewrite(
        _ written: (keys: Int, bytes: Int),
        _ finish: (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        rewrite.isRunning = false
        rewrite.successes += 1
        rewrite.consecutiveFailures = 0
        rewrite.notBefore = 0
        rewrite.lastSucceeded = true
        let span = environment.clock.monotonicNanoseconds &- rewrite.startedAt
        rewrite.lastSeconds = Double(span) / 1e9
        finish(
            .success(
                CheckpointReport(
                    keys: written.keys, bytes: written.bytes, seconds: rewrite.lastSeconds)))
    }

    func failRewrite(
        _ error: PersistenceError,
        _ finish: (Result<CheckpointReport, PersistenceError>) -> Void
    ) {
        rewrite.isRunning = false
        rewrite.lastSucceeded = false
        rewrite.consecutiveFailures += 1
        let minutes = min(60, 1 << min(6, rewrite.consecutiveFailures - 1))
        let now = environment.clock.monotonicNanoseconds
        rewrite.notBefore = now &+ UInt64(minutes) * 60_000_000_000
        rewrite.lastSeconds = Double(now &- rewrite.startedAt) / 1e9
        finish(.failure(error))
    }

    /// Whether the log has grown past the thresholds.
    public var wantsCheckpoint: Bool {
        if rewrite.isRunning || isManifestBusy || isClosed { return false }
        guard case .fine = health, lastTickNanoseconds >= rewrite.notBefore else { return false }
        if rewrite.isForced { return true }
        let size = currentSize
        guard settings.rewritePercentage > 0, size > settings.rewriteMinimumBytes else {
            return false
        }
        let base = max(1, rewrite.baseBytes)
        return (size - base) * 100 / base >= settings.rewritePercentage
    }

    /// Bytes of the base and all increments.
    var currentSize: Int { rewrite.baseBytes + rewrite.olderBytes + (files.last?.size ?? 0) }
}

/// The checkpoint lane's part of a rewrite.
private struct BaseJob: Sendable {
    let number: Int
    let places: LogPlaces
    let token: CancelToken
    /// Writes the base as a snapshot; nil: it is to be commands.
    let snapshot: SnapshotBaseWriter?
    let header: BaseHeader
    let fileSystem: any FileSystem
    let clock: any Clock

    var name: String { places.base(number, isSnapshot: snapshot != nil) }

    func run(_ view: any FrozenDataset) -> Result<(keys: Int, bytes: Int), PersistenceError> {
        let temporary = places.path(LogPlaces.temporaryPrefix + name)
        do throws(PersistenceError) {
            let written = try write(view, to: temporary)
            try fileSystem.rename(temporary, to: places.path(name))
            try fileSystem.syncDirectory(places.directory)
            return .success(written)
        } catch {
            // What can't be removed now is removed at the next start.
            do { try fileSystem.unlink(temporary) } catch { return .failure(error) }
            return .failure(error)
        }
    }

    private func write(
        _ view: any FrozenDataset, to path: String
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        if let snapshot {
            return try snapshot.write(view, path: path, fileSystem, token: token)
        }
        return try BaseWriter.write(
            view, header: header, path: path, (fileSystem, clock), token: token)
    }
}
