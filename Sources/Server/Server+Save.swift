/// SAVE, BGSAVE, BGREWRITEAOF, the `save` points and the automatic rewrite: all are a checkpoint of the backend.
///
/// Of a log a save is a rewrite: afterwards the base holds everything. The `save` points count for backends
/// that keep data by saving it, with Redis's rule: so many changes, more than so many seconds since the last
/// save, and after a failed one not before five seconds have gone.
import Engine
import NIOCore
import Persistence
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What INFO and LASTSAVE say about saves.
struct SaveState {
    var lastSave = Deadline(millisecondsSinceEpoch: 0)
    var changesAtLastSave: UInt64 = 0
    /// What runs now.
    var running: Kind?
    /// What was asked for meanwhile.
    var scheduled: Set<Kind> = []
    var runningSince: UInt64 = 0
    var lastSeconds = -1
    var lastSucceeded = true
    var saves = 0
    var consecutiveFailures = 0
    /// When a save was begun last.
    var lastTry = Deadline(millisecondsSinceEpoch: 0)
    var isRunning: Bool { running != nil }
    /// Most bytes that only views held, while something ran and in the last that ended.
    var frozenPeak = (now: 0, last: 0)
    /// Work was given up because of what views held, which is still more than they may.
    var hasFrozenTooMuch = false

    /// What a checkpoint was begun as; INFO and the errors of further requests tell them apart.
    enum Kind {
        /// SAVE, BGSAVE.
        case save
        /// BGREWRITEAOF, or the log's growth.
        case rewrite
    }

    /// Called when the running save ends.
    var whenDone: [(Result<CheckpointReport, PersistenceError>) -> Void] = []
}

extension Server {
    /// Begins a checkpoint of everything as it is now.
    ///
    /// - Parameter other: a view of other data, which takes the place of all that is kept; nothing may be recorded
    ///   before its end.
    /// - Throws: where one is running, or the backend can't begin.
    func startCheckpoint(
        _ kind: SaveState.Kind, of other: (any FrozenDataset)? = nil,
        _ whenDone: ((Result<CheckpointReport, PersistenceError>) -> Void)? = nil
    ) throws(PersistenceError) {
        guard let backend else {
            throw PersistenceError(.conflict, "No backend keeps this dataset")
        }
        if saveState.isRunning {
            throw PersistenceError(.conflict, "Another save or rewrite is in progress")
        }
        // ORDER: what was executed goes to the log before the cut; what comes after goes behind it.
        _ = backend.commit()
        if other == nil { try backend.willFreeze() }
        let view = other ?? engine.freeze()
        let changes = engine.changes
        let bound = NIOLoopBound(self, eventLoop: loop)
        saveState.running = kind
        saveState.scheduled = []
        saveState.runningSince = engine.clock.monotonicNanoseconds
        saveState.lastTry = engine.clock.now
        if let whenDone { saveState.whenDone.append(whenDone) }
        let finish = { (result: Result<CheckpointReport, PersistenceError>) in
            bound.value.checkpointEnded(result, changes)
        }
        do {
            if other != nil {
                try backend.replace(with: view, finish: finish)
            } else {
                try backend.checkpoint(view, finish: finish)
            }
        } catch {
            saveState.running = nil
            if whenDone != nil { saveState.whenDone.removeLast() }
            throw error
        }
        if savesSnapshots { log.notice(LogWording.savingStarted(getpid())) }
        scheduleTick()
    }

    /// Whether the backend keeps data by saving it.
    var savesSnapshots: Bool {
        backend.map { $0.descriptor.abilities.contains(.snapshots) } ?? false
    }

    private func checkpointEnded(
        _ result: Result<CheckpointReport, PersistenceError>, _ changes: UInt64
    ) {
        let elapsed = engine.clock.monotonicNanoseconds &- saveState.runningSince
        saveState.running = nil
        saveState.frozenPeak = (0, saveState.frozenPeak.now)
        saveState.lastSeconds = Int(elapsed / 1_000_000_000)
        switch result {
        case .success:
            saveState.lastSucceeded = true
            saveState.lastSave = engine.clock.now
            saveState.changesAtLastSave = changes
            saveState.saves += 1
            saveState.consecutiveFailures = 0
        case .failure:
            saveState.lastSucceeded = false
            saveState.consecutiveFailures += 1
        }
        tell(result)
        let waiting = saveState.whenDone
        saveState.whenDone = []
        for each in waiting { each(result) }
        scheduleTick()
    }

    private func tell(_ result: Result<CheckpointReport, PersistenceError>) {
        switch (result, savesSnapshots) {
        case (.success, true):
            log.notice(LogWording.saved)
            log.notice(LogWording.savingSucceeded)
        case (.success(let report), false):
            log.log(
                .notice,
                "Background AOF rewrite finished successfully (\(report.keys) keys, \(report.bytes) bytes)"
            )
        case (.failure(let error), true):
            log.warning("\(LogWording.savingFailed): \(error)")
        case (.failure(let error), false):
            log.log(.warning, "Background AOF rewrite failed: \(error)")
        }
    }

    /// The `save` point that is reached, nil where none is.
    private var reachedSavePoint: SavePoint? {
        guard savesSnapshots else { return nil }
        let now = engine.clock.now.millisecondsSinceEpoch / 1000
        let last = saveState.lastSave.millisecondsSinceEpoch / 1000
        let lastTry = saveState.lastTry.millisecondsSinceEpoch / 1000
        if !saveState.lastSucceeded && now - lastTry <= 5 { return nil }
        let changes = engine.changes &- saveState.changesAtLastSave
        return configuration.settings.savePoints.first {
            changes >= UInt64($0.changes) && now - last > Int64($0.seconds)
        }
    }

    /// Begins the save or rewrite that is due, or was asked for while another ran.
    func considerSaving() {
        guard let backend, !saveState.isRunning, shutdownState == nil, !migrationForbidsSaving
        else { return }
        let scheduled = saveState.scheduled
        if scheduled.isEmpty {
            if let point = reachedSavePoint {
                log.notice(LogWording.savePoint(point.changes, seconds: point.seconds))
                return begin(.save)
            }
            guard backend.wantsCheckpoint else { return }
            log.log(.notice, "Starting automatic rewriting of AOF")
        }
        begin(scheduled.contains(.save) ? .save : .rewrite)
    }

    private func begin(_ kind: SaveState.Kind) {
        do throws(PersistenceError) {
            try startCheckpoint(kind)
        } catch {
            saveState.scheduled = []
            log.log(.warning, "Can't begin saving, or rewriting the AOF: \(error)")
        }
    }
}
