/// The end: everything durable, the closing mark written, then the process may go.
import Engine
import NIOCore
import Persistence

/// A shutdown in progress.
struct ShutdownState {
    /// Ends even where the disk refuses.
    var force = false
    /// Doesn't wait for a running checkpoint.
    var now = false
    /// A checkpoint before the end (SAVE).
    var save = false
    /// Called where the shutdown is given up.
    var whenAborted: [() -> Void] = []
}

extension Server {
    /// Ends the server; a second call while one is under way ends it without waiting.
    ///
    /// - Parameter isInterrupt: SIGINT, not SIGTERM: `shutdown-on-sigint` says how.
    public func shutdown(signal: String, isInterrupt: Bool) {
        log.log(.warning, LogWording.signalReceived(signal))
        let settings = configuration.settings
        let mode = isInterrupt ? settings.shutdownOnInterrupt : settings.shutdownOnTerminate
        beginShutdown(
            ShutdownState(
                force: mode.contains(.force), now: shutdownState != nil || mode.contains(.now),
                save: mode.contains(.save)))
    }

    /// Begins to end the server.
    func beginShutdown(_ state: ShutdownState) {
        shutdownState = state
        log.log(.warning, LogWording.shutdownRequested)
        if state.save, !saveState.isRunning, backend != nil {
            do throws(PersistenceError) {
                try startCheckpoint(.save)
            } catch {
                log.log(.warning, "Error trying to save the DB: \(error)")
                if !state.force { return abortShutdown() }
            }
        }
        continueShutdown()
    }

    /// Ends when what the shutdown waits for is done; called by the cron too.
    func continueShutdown() {
        guard let state = shutdownState else { return }
        if state.save && saveState.isRunning && !state.now { return }
        if saveState.isRunning { backend?.cancelCheckpoint() }
        for request in digests.values { request.cancel() }
        endOfTick()
        if let backend {
            log.log(.notice, LogWording.finalSync)
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
        log.log(
            .warning, "Errors trying to shut down the server. Check the logs for more information.")
        for each in waiting { each() }
    }
}
