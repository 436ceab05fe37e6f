/// The bound on what only views of the past hold: `frozen-memory-limit`.
///
/// While a save, a rewrite or a backup reads its view, what is overwritten or deleted stays in memory for it. A save
/// that is slower than the writes could so double the memory; before that it is given up, aloud. The data, the last good
/// snapshot and the log are not affected: a log's rewrite begins again later, a save is begun again by its points.
///
/// A digest and other short readings of a view are let go on: they end by themselves.
import Engine
import Persistence

extension Server {
    /// Called by the cron.
    func boundFrozenMemory() {
        let frozen = engine.keyspace.frozenBytes
        if saveState.isRunning { saveState.frozenPeak.now = max(saveState.frozenPeak.now, frozen) }
        let limit = frozenLimit
        if limit == 0 || frozen <= limit {
            saveState.hasFrozenTooMuch = false
            return
        }
        if saveState.hasFrozenTooMuch { return }
        saveState.hasFrozenTooMuch = true
        var given: [String] = []
        // Not while a restored view is being written: its writes wait, and it has a bound of its own.
        if saveState.isRunning && snapshots.restoration.heldSince == 0 {
            given.append(savesSnapshots ? "the save" : "the rewrite")
            backend?.cancelCheckpoint()
        }
        if let running = snapshots.running, running.kind == .save || running.kind == .backup {
            given.append("the \(running.kind.rawValue) '\(running.name)'")
            running.activity.token.cancel()
        }
        if given.isEmpty { return }
        log.warning(
            "\(frozen) bytes are held only for a view of the past, more than 'frozen-memory-limit' allows "
                + "(\(limit)): \(given.joined(separator: " and ")) will be given up. Save when fewer keys change, "
                + "or raise the limit")
    }

    private var frozenLimit: Int {
        let limit = configuration.settings.frozenLimitBytes
        return limit > 0 ? limit : machineMemory / 2
    }
}
