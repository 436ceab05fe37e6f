/// The end: a last save where the data is kept by saves, everything durable, then the process may go.
///
/// As in Redis a last save is made where there are `save` points, or SAVE asks for it, and NOSAVE forbids none.
/// Redis executes nothing meanwhile; here reads go on, and writes wait: one that the save doesn't hold must
/// not be acknowledged.
import Engine
import NIOCore
import Persistence

/// A shutdown in progress.
struct ShutdownState {
    /// Ends even where the disk refuses.
    var force = false
    /// Doesn't wait for replicas, of which there are none.
    var now = false
    /// A save before the end (SAVE).
    var save = false
    /// No save before the end (NOSAVE).
    var noSave = false
    /// The last save hasn't ended.
    var isSaving = false
    /// A second signal: waits for nothing any more.
    var insists = false
    /// Tells this shutdown from one that was given up.
    var number = 0
    /// Called where the shutdown is given up.
    var whenAborted: [() -> Void] = []
}

extension Server {
    /// Ends the server; a second call while one is under way ends it without waiting.
    ///
    /// - Parameter isInterrupt: SIGINT, not SIGTERM: `shutdown-on-sigint` says how.
    public func shutdown(signal: String, isInterrupt: Bool) {
        log.log(.warning, LogWording.signalReceived(signal))
        if shutdownState != nil {
            log.log(.warning, LogWording.insisted)
            shutdownState?.insists = true
            return continueShutdown()
        }
        let settings = configuration.settings
        let mode = isInterrupt ? settings.shutdownOnInterrupt : settings.shutdownOnTerminate
        beginShutdown(
            ShutdownState(
                force: mode.contains(.force), now: mode.contains(.now),
                save: mode.contains(.save), noSave: mode.contains(.nosave)))
    }

    /// Begins to end the server; where it has begun, waits for that.
    func beginShutdown(_ state: ShutdownState) {
        if shutdownState != nil {
            shutdownState?.force = shutdownState?.force == true || state.force
            shutdownState?.whenAborted += state.whenAborted
            return continueShutdown()
        }
        var state = state
        shutdownsBegun += 1
        state.number = shutdownsBegun
        state.isSaving = needsSave(state)
        shutdownState = state
        log.log(.warning, LogWording.shutdownRequested)
        if !state.isSaving { return continueShutdown() }
        log.notice(LogWording.finalSave)
        if saveState.isRunning {
            log.warning(LogWording.killingSave)
            backend?.cancelCheckpoint()
        }
        save { [unowned self] result in lastSaveEnded(result, of: state.number) }
    }

    private func needsSave(_ state: ShutdownState) -> Bool {
        guard backend?.abilitiesIncludeCheckpoint == true, !state.noSave else { return false }
        return state.save || savesSnapshots && !configuration.settings.savePoints.isEmpty
    }

    private func lastSaveEnded(
        _ result: Result<CheckpointReport, PersistenceError>, of number: Int
    ) {
        guard let state = shutdownState, state.number == number else { return }
        if case .failure(let error) = result {
            log.warning("\(error)")
            log.warning(state.force ? LogWording.finalSaveForced : LogWording.finalSaveFailed)
            if !state.force { return abortShutdown() }
        }
        shutdownState?.isSaving = false
        continueShutdown()
    }

    /// Ends when what the shutdown waits for is done; called by the cron too.
    func continueShutdown() {
        guard let state = shutdownState else { return }
        if state.isSaving && !state.insists { return }
        if saveState.isRunning { backend?.cancelCheckpoint() }
        // Closing waits for all that runs.
        snapshots.running?.activity.token.cancel()
        endOfTick()
        if let backend {
            if !savesSnapshots { log.log(.notice, LogWording.finalSync) }
            do throws(PersistenceError) {
                try backend.close()
            } catch {
                log.log(.warning, "Error closing the data files: \(error)")
                if !state.force { return abortShutdown() }
            }
        }
        shutdownState = nil
        finish()
    }

    private func finish() {
        releaseHeld()
        engine.backend = nil
        for listener in listeners { listener.close() }
        for connection in Array(connections.values) { connection.close() }
        log.log(.warning, LogWording.goodbye("Holdfast"))
        didStop(0)
    }

    /// Gives a shutdown up: SHUTDOWN ABORT, or the disk refused.
    func abortShutdown() {
        let waiting = shutdownState?.whenAborted ?? []
        shutdownState = nil
        if clientPause == nil && backend?.isCongested != true { resumeAll() }
        log.log(
            .warning, "Errors trying to shut down the server. Check the logs for more information.")
        for each in waiting { each() }
    }
}
