/// SNAPSHOT RESTORE: a snapshot in the place of the data, or into it, without a restart.
///
///     loading      beside the live data, on the backup lane; the memory was looked at first; the digest is compared.
///                  A damaged snapshot ends here, and nothing has changed.
///     REPLACE      writes wait; the restored view becomes all that the backend keeps (`replace`: the log's new base,
///                  the snapshot's file, one transaction of the database); the memory is exchanged in O(1); writes go on
///     MERGE        every key of the snapshot takes the place of the live one of its name; the others stay. One unit of
///                  what is recorded: after a crash all of it is there, or nothing
///
/// ORDER: the files are the snapshot's before the memory is. A crash before the backend's last step leaves the old data,
/// a crash after it the new.
///
/// Between the view and the exchange nothing may be recorded: commands that write wait, expiry and eviction pause
/// (`Engine.holdsChanges`). Where that takes longer than `snapshot-restore-max-hold`, the restoration is given up and the
/// old data stays. What was written while the snapshot was being loaded is gone after a REPLACE, as with FLUSHALL.
import Engine
import NIOCore
import Persistence
import Records

extension Server {
    /// Begins a restoration; `finish` hears when it is done, or why it can't be.
    ///
    /// - Throws: where it can't be begun: no such snapshot, no memory for it, something else runs.
    func restoreSnapshot(
        _ name: String, merges: Bool,
        _ finish: @escaping (Result<SnapshotFacts, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        let store = try store()
        try requireIdleSnapshots()
        try requireSteadyEngine()
        let (place, known) = try find(name)
        try checkMemory(for: known, merges: merges)
        let activity = begin(.restore, name, known.format)
        let loaded = LoadedData(freshEngine())
        log.notice("Restoring the snapshot '\(name)' (\(known.bytes) bytes)")
        runner.run(on: .backup) { () -> Result<SnapshotFacts, PersistenceError> in
            do throws(PersistenceError) {
                return .success(try Self.load(loaded, store, place, activity))
            } catch {
                loaded.free()
                return .failure(error)
            }
        } finish: { [weak self] result in
            guard let self else { return }
            let end = { (result: Result<SnapshotFacts, PersistenceError>) in
                self.restored(name, merges: merges, result)
                finish(result)
            }
            switch result {
            case .failure: end(result)
            case .success(let facts):
                for warning in facts.warnings { log.warning(warning) }
                if merges { merge(loaded, facts, end) } else { replace(loaded, facts, end) }
            }
        }
    }

    private static func load(
        _ loaded: LoadedData, _ store: any SnapshotStore, _ place: SnapshotPlace,
        _ activity: SnapshotActivity
    ) throws(PersistenceError) -> SnapshotFacts {
        guard let engine = loaded.engine else { preconditionFailure("loaded once") }
        let sandbox = MigrationSandbox(
            target: engine.replayTarget(), freeze: { engine.freeze() })
        let facts = try store.load(place, activity, into: sandbox)
        if activity.token.isCancelled {
            throw PersistenceError(.conflict, "The restoration was given up")
        }
        engine.refreshTime()
        activity.enter(.publishing)
        return facts
    }

    private func restored(
        _ name: String, merges: Bool, _ result: Result<SnapshotFacts, PersistenceError>
    ) {
        ended(.restore, name, result)
        switch result {
        case .success(let facts):
            snapshots.restoration.count += 1
            log.notice(
                "Snapshot '\(name)' \(merges ? "merged" : "restored"): \(facts.keys ?? 0) keys; writes waited "
                    + "for \(snapshots.restoration.held / 1000) microseconds")
        case .failure(let error):
            log.warning("Snapshot '\(name)' was not restored, the data is as it was: \(error)")
        }
    }

    /// - Throws: while the engine is being changed: two sets of files would have to change at one moment.
    private func requireSteadyEngine() throws(PersistenceError) {
        if let running = migration.running {
            throw PersistenceError(
                .conflict,
                "The engine is being changed from '\(running.from.name)' to '\(running.to.name)'",
                remedy: "PERSIST COMMIT or PERSIST ROLLBACK, then restore")
        }
        if let refusal = backend?.refusal {
            throw PersistenceError(.io, "The data can't be written now: \(refusal.reason)")
        }
        if shutdownState != nil { throw PersistenceError(.conflict, "The server is shutting down") }
    }

    /// - Throws: `.conflict` with the figures where the data would not fit.
    private func checkMemory(
        for facts: SnapshotFacts, merges: Bool
    ) throws(PersistenceError) {
        let estimate = facts.memoryBytes
        let limit = configuration.settings.maximumMemoryBytes
        let total = merges ? engine.usedMemory + estimate : estimate
        if limit > 0 && total > limit {
            throw PersistenceError(
                .conflict,
                "Not enough memory to restore '\(facts.name)': about \(total) bytes are needed, 'maxmemory' is "
                    + "\(limit)", remedy: "Raise 'maxmemory'")
        }
        // It is loaded beside the live data; merged keys are copied once more.
        let needed = merges ? 2 * estimate : estimate
        if let free = ProcessFacts.availableBytes, free < needed {
            throw PersistenceError(
                .conflict,
                "Not enough memory to restore '\(facts.name)' beside the live data: about \(needed) bytes are "
                    + "needed, \(free) are free on this machine",
                remedy: "Restore it with a server of its own")
        }
    }

    // MARK: REPLACE

    private func replace(
        _ loaded: LoadedData, _ facts: SnapshotFacts,
        _ end: @escaping (Result<SnapshotFacts, PersistenceError>) -> Void
    ) {
        if saveState.isRunning {
            saveState.whenDone.append { [unowned self] _ in replace(loaded, facts, end) }
            return
        }
        guard let view = loaded.engine?.freeze() else { return }
        hold()
        let conclude = { [unowned self] in
            exchange(loaded)
            release()
            end(.success(facts))
        }
        do throws(PersistenceError) {
            try requireSteadyEngine()
            guard backend?.abilitiesIncludeCheckpoint == true else { return conclude() }
            try startCheckpoint(.save, of: view) { [unowned self] result in
                switch result {
                case .success: conclude()
                case .failure(let error):
                    let reason = snapshots.restoration.isOverdue ? overdue : error
                    release()
                    free(loaded)
                    repair { end(.failure(reason)) }
                }
            }
        } catch {
            release()
            free(loaded)
            end(.failure(error))
        }
    }

    /// After a failure the file of an engine that saves snapshots may be either: the live data is saved over it.
    private func repair(_ then: @escaping () -> Void) {
        if !savesSnapshots || shutdownState != nil { return then() }
        save { _ in then() }
    }

    private func exchange(_ loaded: LoadedData) {
        guard let keyspace = loaded.engine?.keyspace else { return }
        loaded.remains = engine.replace(with: keyspace)
        loaded.engine = nil
        disposeElsewhere()
        free(loaded)
    }

    private func free(_ loaded: LoadedData) {
        runner.run(on: .cleanup) {
            loaded.free()
        } finish: { _ in
        }
    }

    private func hold() {
        snapshots.restoration.heldSince = max(1, engine.clock.monotonicNanoseconds)
        snapshots.restoration.isOverdue = false
        engine.holdsChanges = true
        noteHeldWrites()
    }

    private func release() {
        let since = snapshots.restoration.heldSince
        snapshots.restoration.held = engine.clock.monotonicNanoseconds &- since
        snapshots.restoration.heldSince = 0
        engine.holdsChanges = false
        noteHeldWrites()
        engine.serveReadyClients()
        scheduleTick()
        if !holdsWrites && clientPause == nil && backend?.isCongested != true { resumeAll() }
    }

    private var overdue: PersistenceError {
        let seconds = configuration.settings.restorationHoldSeconds
        return PersistenceError(
            .conflict, "Writing the restored data took longer than writes may wait (\(seconds) s)",
            remedy: "Raise 'snapshot-restore-max-hold'")
    }

    /// Gives a restoration up whose writes wait for too long; called by the cron.
    func boundRestoration(now: UInt64) {
        let since = snapshots.restoration.heldSince
        if since == 0 || snapshots.restoration.isOverdue { return }
        let limit = UInt64(configuration.settings.restorationHoldSeconds) * 1_000_000_000
        if now &- since <= limit { return }
        snapshots.restoration.isOverdue = true
        backend?.cancelCheckpoint()
    }

    // MARK: MERGE

    private func merge(
        _ loaded: LoadedData, _ facts: SnapshotFacts,
        _ end: @escaping (Result<SnapshotFacts, PersistenceError>) -> Void
    ) {
        // A change of engine is about to switch: its writes wait, and so does this one.
        if holdsWrites && shutdownState == nil {
            let bound = NIOLoopBound(self, eventLoop: loop)
            let waiting = NIOLoopBound({ bound.value.merge(loaded, facts, end) }, eventLoop: loop)
            loop.scheduleTask(in: .milliseconds(10)) { waiting.value() }
            return
        }
        snapshots.restoration.held = 0
        guard let fresh = loaded.engine else { return }
        if let refusal = backend?.refusal {
            free(loaded)
            return end(
                .failure(
                    PersistenceError(.io, "The data can't be written now: \(refusal.reason)")))
        }
        engine.beginBatch()
        let merged = engine.merge(fresh.keyspace)
        log.notice("\(merged.keys) keys merged, \(merged.replaced) of them over others")
        free(loaded)
        engine.serveReadyClients()
        scheduleTick()
        end(.success(facts))
    }
}
