/// fsync, and the tickets that hang on it.
///
/// One sync is in flight at a time, on the sync lane, while the engine goes on. Under `always` the next
/// begins as soon as one ends and something newer was written: all who wait share it. Under `everysec`
/// one begins each second; under `no` after 30 seconds, which is what the kernel does by itself anyway.
/// Whatever the policy, one begins when half of the queue's bound is kept.
import Bytes
import Persistence

/// What is known of fsync.
struct SyncState {
    var isInFlight = false
    var lastBegin: UInt64 = 0
    /// Since when something written is not durable (monotonic; 0: nothing is).
    var dirtySince: UInt64 = 0
    /// The same for what was written after the sync in flight began.
    var dirtySinceBegin: UInt64 = 0
    /// Syncs that were due while one was in flight.
    var delayed = 0
    var latency = LatencyWindow()
    /// Who waits for all up to a sequence to be durable, whatever the policy.
    var settling: [(through: UInt64, finish: (PersistenceError?) -> Void)] = []
}

/// What a sync job brings back.
struct SyncOutcome: Sendable {
    /// Files synced, from the first.
    var syncedFiles: Int
    var error: PersistenceError?
    var nanoseconds: UInt64
}

extension AppendOnlyFileBackend {
    /// Something was written: tickets move on.
    func noteWritten() {
        if durable >= queue.writtenSequence { return }
        if sync.dirtySince == 0 || (sync.isInFlight && sync.dirtySinceBegin == 0) {
            let now = environment.clock.monotonicNanoseconds
            if sync.dirtySince == 0 { sync.dirtySince = now }
            if sync.isInFlight && sync.dirtySinceBegin == 0 { sync.dirtySinceBegin = now }
        }
        if settings.syncPolicy == .always {
            syncIfIdle()
        } else {
            released = max(released, queue.writtenSequence)
            // A fast writer fills the queue in less than a second: it needn't stop if a sync begins in time.
            if queue.keptBytes > settings.maximumQueueBytes / 2 && !skipsSyncNow { syncIfIdle() }
        }
    }

    /// Whether `no-appendfsync-on-rewrite` holds syncs back now.
    var skipsSyncNow: Bool { settings.skipsSyncDuringRewrite && rewrite.isRunning }

    /// Makes all that was committed durable now.
    public func settle(_ finish: @escaping (PersistenceError?) -> Void) {
        sync.settling.append((queue.writtenSequence, finish))
        syncIfIdle()
        environment.runner.later { self.tellSettled() }
    }

    /// Tells those whose sequence is durable, or can't be made so.
    private func tellSettled() {
        if sync.settling.isEmpty { return }
        var failure: PersistenceError?
        switch health {
        case .fine: break
        case .writeFailing(let error), .distrusted(let error): failure = error
        }
        let (durable, waiting) = (durable, sync.settling)
        sync.settling = []
        for one in waiting {
            if one.through <= durable {
                one.finish(nil)
            } else if let failure {
                one.finish(failure)
            } else {
                sync.settling.append(one)
            }
        }
        if !sync.settling.isEmpty { syncIfIdle() }
    }

    func syncIfIdle() {
        if case .fine = health, !sync.isInFlight, durable < queue.writtenSequence { beginSync() }
    }

    /// Begins the sync that the policy asks for at this tick.
    func syncIfDue(now: UInt64) {
        guard durable < queue.writtenSequence else { return }
        let isDue: Bool
        // A tick is 100 ms: half of one is rounded off, so that a second doesn't become 1.1.
        let age = now &- sync.lastBegin &+ 50_000_000
        switch settings.syncPolicy {
        case .always: isDue = true
        case .everysec: isDue = age >= 1_000_000_000 && !skipsSyncNow
        case .no:
            isDue = queue.keptBytes > settings.maximumQueueBytes / 2 || age >= 30_000_000_000
        }
        if !isDue { return }
        if sync.isInFlight {
            sync.delayed += 1
        } else {
            beginSync()
        }
    }

    func beginSync() {
        sync.isInFlight = true
        sync.lastBegin = environment.clock.monotonicNanoseconds
        sync.dirtySinceBegin = 0
        queue.seal()
        let covered = queue.writtenSequence
        let files = files
        let sizes = files.map(\.size)
        let handles = files.map(\.handle)
        let clock = environment.clock
        environment.runner.run(on: .sync) { () -> SyncOutcome in
            let begin = clock.monotonicNanoseconds
            var outcome = SyncOutcome(syncedFiles: 0, error: nil, nanoseconds: 0)
            do throws(PersistenceError) {
                // ORDER: an older increment before a newer one: a durable sequence has no hole below it.
                for handle in handles {
                    try handle.sync()
                    outcome.syncedFiles += 1
                }
            } catch {
                outcome.error = error
            }
            outcome.nanoseconds = clock.monotonicNanoseconds &- begin
            return outcome
        } finish: { outcome in
            self.endSync(outcome, files: files, sizes: sizes, covered: covered)
        }
    }

    private func endSync(
        _ outcome: SyncOutcome, files synced: [LogFile], sizes: [Int], covered: UInt64
    ) {
        sync.isInFlight = false
        if isClosed { return }
        sync.latency.add(outcome.nanoseconds)
        let event = settings.syncPolicy == .always ? "aof-fsync-always" : "aof-fsync"
        environment.measured(event, outcome.nanoseconds)
        for (file, size) in zip(synced, sizes).prefix(outcome.syncedFiles) {
            file.durableSize = max(file.durableSize, size)
        }
        if let error = outcome.error {
            let reached = synced.prefix(outcome.syncedFiles).compactMap(\.lastSequence).max()
            if let reached { raiseDurable(to: reached) }
            syncFailed(error)
            tellSettled()
            return
        }
        retire(synced.dropLast())
        raiseDurable(to: covered)
        sync.dirtySince = sync.dirtySinceBegin
        if settings.syncPolicy == .always { syncIfIdle() }
        tellSettled()
        environment.progress(nil)
    }

    /// Everything up to `sequence` is on the platter.
    func raiseDurable(to sequence: UInt64) {
        durable = max(durable, sequence)
        released = max(released, durable)
        writer.durable = durable
        queue.drop(through: durable)
        if durable >= queue.writtenSequence { sync.dirtySince = 0 }
    }

    /// These files are wholly durable, or count no more: their descriptors go, behind any sync that
    /// still uses them.
    func retire(_ done: some Sequence<LogFile>) {
        let names = Set(done.map(\.name))
        let handles = done.map(\.handle)
        files.removeAll { names.contains($0.name) }
        if handles.isEmpty { return }
        environment.runner.run(on: .sync) {
            for handle in handles { handle.close() }
        } finish: { _ in
        }
    }
}

/// The last thousand latencies, for percentiles.
struct LatencyWindow {
    private var samples: [UInt64] = []
    private var next = 0
    /// The longest ever.
    private(set) var maximum: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        maximum = max(maximum, nanoseconds)
        if samples.count < 1024 {
            samples.append(nanoseconds)
        } else {
            samples[next] = nanoseconds
            next = (next + 1) % 1024
        }
    }

    /// The latency that `percent` of the samples don't exceed; 0 without samples.
    func percentile(_ percent: Int) -> UInt64 {
        if samples.isEmpty { return 0 }
        let sorted = samples.sorted()
        return sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }
}
