/// SNAPSHOT SAVE, LIST and VERIFY: the server's side. Files and formats are the store's.
///
/// A snapshot is of a view that is frozen with the command; everything else happens on the backup lane, one at a time.
import Engine
import NIOCore
import Persistence
import Records

extension Server {
    /// The folder of `snapshot-dir`.
    var snapshotDirectory: String {
        let settings = configuration.settings
        return settings.snapshotDirectory.isEmpty
            ? settings.backend.directory + "/snapshots" : settings.snapshotDirectory
    }

    /// The folder of `backup-dir`.
    var backupDirectory: String {
        let settings = configuration.settings
        return settings.backupDirectory.isEmpty
            ? settings.backend.directory + "/backups" : settings.backupDirectory
    }

    /// The seam; there is none without a data directory.
    func store() throws(PersistenceError) -> any SnapshotStore {
        if let snapshotStore { return snapshotStore }
        throw PersistenceError(.conflict, "This server has no data directory")
    }

    /// - Throws: where something runs already, or the server is about to end.
    func requireIdleSnapshots() throws(PersistenceError) {
        if let running = snapshots.running {
            throw PersistenceError(
                .conflict,
                "A snapshot command is in progress already: \(running.kind.rawValue) of '\(running.name)'",
                remedy: "SNAPSHOT STATUS shows how far it is")
        }
        if shutdownState != nil { throw PersistenceError(.conflict, "The server is shutting down") }
    }

    private func place(_ name: String, in directory: String) -> SnapshotPlace {
        SnapshotPlace(
            directory: directory, name: name, settings: configuration.settings.backend)
    }

    /// Where a snapshot of this name is: in the folder for snapshots, else in that for backups.
    func find(_ name: String) throws(PersistenceError) -> (SnapshotPlace, SnapshotFacts) {
        let store = try store()
        let first = place(name, in: snapshotDirectory)
        let missing: PersistenceError
        do throws(PersistenceError) {
            return (first, try store.look(first))
        } catch {
            missing = error
        }
        if snapshotDirectory == backupDirectory { throw missing }
        let second = place(name, in: backupDirectory)
        do throws(PersistenceError) {
            return (second, try store.look(second))
        } catch {
            // What is wrong in the first folder is what was asked about, unless it is only not there.
            throw missing.code == .conflict && error.code != .conflict ? error : missing
        }
    }

    // MARK: Writing

    /// What is to be written of the data as it is now.
    func order(_ name: String, _ format: String, in directory: String) -> SnapshotOrder {
        var order = SnapshotOrder(place: place(name, in: directory), format: format)
        order.identity = ServerIdentity(version: ServerVersion.holdfast, id: runID)
        order.usedMemoryBytes = engine.usedMemory
        order.freeMemoryBytes = ProcessFacts.availableBytes
        return order
    }

    /// Begins to write a snapshot.
    ///
    /// - Parameters:
    ///   - afterwards: runs on the lane once the file has its name; its answer goes along.
    ///   - whenDone: called with the result.
    /// - Throws: where it can't be begun: another runs, no room, a name that can't be.
    func beginSnapshot<Extra: Sendable>(
        _ kind: SnapshotState.Kind, _ order: SnapshotOrder,
        afterwards: @escaping @Sendable (SnapshotFacts) -> Extra,
        whenDone: @escaping (Result<(SnapshotFacts, Extra), PersistenceError>) -> Void
    ) throws(PersistenceError) {
        let store = try store()
        try requireIdleSnapshots()
        try store.prepare(order)
        var order = order
        // The view holds what was executed so far, and this is its number.
        order.sequence = backend?.commit() ?? 0
        let view = engine.freeze()
        let activity = begin(kind, order.place.name, order.format)
        let (given, makeSandbox) = (order, makeSandbox())
        runner.run(on: .backup) { () -> Result<(SnapshotFacts, Extra), PersistenceError> in
            do throws(PersistenceError) {
                let facts = try store.save(view, given, activity, makeSandbox)
                return .success((facts, afterwards(facts)))
            } catch {
                return .failure(error)
            }
        } finish: { [weak self] result in
            self?.ended(kind, order.place.name, result.map(\.0))
            whenDone(result)
        }
    }

    /// SNAPSHOT SAVE.
    func saveSnapshot(_ name: String, _ format: String) throws(PersistenceError) {
        let order = order(name, format, in: snapshotDirectory)
        try beginSnapshot(.save, order) { _ in
        } whenDone: { [unowned self] result in
            switch result {
            case .success(let (facts, _)):
                log.notice(
                    "Snapshot '\(name)' saved and verified: \(facts.keys ?? 0) keys, \(facts.bytes) bytes"
                )
            case .failure(let error): log.warning("Snapshot '\(name)' failed: \(error)")
            }
        }
    }

    // MARK: Accounts

    /// Notes that something runs.
    func begin(
        _ kind: SnapshotState.Kind, _ name: String, _ format: String
    ) -> SnapshotActivity {
        let activity = SnapshotActivity()
        snapshots.running = SnapshotState.Running(
            kind: kind, name: name, format: format,
            startedAt: engine.clock.monotonicNanoseconds, activity: activity)
        return activity
    }

    /// Notes what became of it.
    func ended(
        _ kind: SnapshotState.Kind, _ name: String,
        _ result: Result<SnapshotFacts, PersistenceError>
    ) {
        let begin = snapshots.running?.startedAt ?? engine.clock.monotonicNanoseconds
        snapshots.running = nil
        let now = engine.clock.now.millisecondsSinceEpoch / 1000
        var (error, facts): (PersistenceError?, SnapshotFacts?)
        switch result {
        case .success(let known):
            facts = known
            if !known.digest.isEmpty { snapshots.lastVerified = (known, now) }
        case .failure(let failure): error = failure
        }
        let outcome = SnapshotState.Outcome(
            kind: kind, name: name, error: error, facts: facts,
            seconds: Double(engine.clock.monotonicNanoseconds &- begin) / 1e9, endedAt: now)
        if kind == .backup { snapshots.backups.last = outcome } else { snapshots.last = outcome }
    }

    // MARK: Reading

    /// SNAPSHOT VERIFY; `finish` hears what was found.
    func verifySnapshot(
        _ name: String, _ finish: @escaping (Result<SnapshotFacts, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        let store = try store()
        try requireIdleSnapshots()
        let (place, known) = try find(name)
        let activity = begin(.verify, name, known.format)
        let makeSandbox = makeSandbox()
        runner.run(on: .backup) { () -> Result<SnapshotFacts, PersistenceError> in
            do throws(PersistenceError) {
                return .success(try store.verify(place, activity, makeSandbox))
            } catch {
                return .failure(error)
            }
        } finish: { [weak self] result in
            self?.ended(.verify, name, result)
            if case .failure(let error) = result {
                self?.log.warning("Snapshot '\(name)' is not what it should be: \(error)")
            }
            finish(result)
        }
    }

    /// SNAPSHOT LIST; `finish` hears of the folders' snapshots, each with the name of its folder.
    func listSnapshots(
        _ finish:
            @escaping (Result<[(folder: String, facts: SnapshotFacts)], PersistenceError>) ->
            Void
    ) throws(PersistenceError) {
        let store = try store()
        var folders = [("snapshots", snapshotDirectory)]
        if backupDirectory != snapshotDirectory { folders.append(("backups", backupDirectory)) }
        let places = folders
        runner.run(on: .inspection) {
            () -> Result<[(folder: String, facts: SnapshotFacts)], PersistenceError> in
            do throws(PersistenceError) {
                var all: [(folder: String, facts: SnapshotFacts)] = []
                for (folder, path) in places {
                    for facts in try store.list(path) { all.append((folder, facts)) }
                }
                return .success(all)
            } catch {
                return .failure(error)
            }
        } finish: {
            finish($0)
        }
    }
}
