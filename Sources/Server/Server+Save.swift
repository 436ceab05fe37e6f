/// SAVE, BGSAVE, BGREWRITEAOF and the automatic rewrite: all are a checkpoint of the backend.
///
/// Until snapshot backends come, a save is a rewrite of the log: afterwards the base holds everything.
import Engine
import NIOCore
import Persistence
import Records

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
    var isRunning: Bool { running != nil }

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
    /// - Throws: where one is running, or the backend can't begin.
    func startCheckpoint(
        _ kind: SaveState.Kind,
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
        try backend.willFreeze()
        let view = engine.freeze()
        let changes = engine.changes
        let bound = NIOLoopBound(self, eventLoop: loop)
        saveState.running = kind
        saveState.scheduled = []
        saveState.runningSince = engine.clock.monotonicNanoseconds
        if let whenDone { saveState.whenDone.append(whenDone) }
        do {
            try backend.checkpoint(view) { result in
                bound.value.checkpointEnded(result, changes)
            }
        } catch {
            saveState.running = nil
            if whenDone != nil { saveState.whenDone.removeLast() }
            throw error
        }
        scheduleTick()
    }

    private func checkpointEnded(
        _ result: Result<CheckpointReport, PersistenceError>, _ changes: UInt64
    ) {
        let elapsed = engine.clock.monotonicNanoseconds &- saveState.runningSince
        saveState.running = nil
        saveState.lastSeconds = Int(elapsed / 1_000_000_000)
        switch result {
        case .success(let report):
            saveState.lastSucceeded = true
            saveState.lastSave = engine.clock.now
            saveState.changesAtLastSave = changes
            saveState.saves += 1
            saveState.consecutiveFailures = 0
            log.log(
                .notice,
                "Background AOF rewrite finished successfully (\(report.keys) keys, \(report.bytes) bytes)"
            )
        case .failure(let error):
            saveState.lastSucceeded = false
            saveState.consecutiveFailures += 1
            log.log(.warning, "Background AOF rewrite failed: \(error)")
        }
        let waiting = saveState.whenDone
        saveState.whenDone = []
        for each in waiting { each(result) }
        scheduleTick()
    }

    /// Begins the rewrite that is due, or was asked for while another ran.
    func considerSaving() {
        guard let backend, !saveState.isRunning else { return }
        let scheduled = saveState.scheduled
        guard !scheduled.isEmpty || backend.wantsCheckpoint else { return }
        if scheduled.isEmpty { log.log(.notice, "Starting automatic rewriting of AOF") }
        do throws(PersistenceError) {
            try startCheckpoint(scheduled.contains(.save) ? .save : .rewrite)
        } catch {
            saveState.scheduled = []
            log.log(.warning, "Can't begin rewriting the AOF: \(error)")
        }
    }
}
