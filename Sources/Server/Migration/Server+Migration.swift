/// The server's side of a change of engine: the dataset, the clients that wait, the configuration's word.
///
/// From begin to end the change itself is the server's backend (it stands for both engines), so nothing else here
/// knows of two. Saves and rewrites wait until the new engine is in force.
import Engine
import NIOCore
import Persistence
import Records

/// What the server knows of changes of engine.
struct MigrationState {
    /// The change under way.
    var running: (any MigratingBackend)?
    /// What became of the last one, with its last figures.
    var last: (outcome: String, figures: [(name: String, value: String)])?
    /// Writes wait for the switch.
    var holdsWrites = false
}

extension Server {
    /// Begins to change the engine to the one of a name.
    ///
    /// - Throws: where it can't be: a save or another change is under way, no such engine, files in the way.
    func migrate(to name: String) throws(PersistenceError) {
        guard let backend, let changer = engineChanger else {
            throw PersistenceError(.conflict, "This server has no data directory")
        }
        if let running = migration.running {
            throw PersistenceError(
                .conflict,
                "The engine is being changed from '\(running.from.name)' to '\(running.to.name)' "
                    + "already (\(running.stage.rawValue))")
        }
        if saveState.isRunning {
            throw PersistenceError(
                .conflict, "A save or rewrite is in progress", remedy: "Try again when it is done")
        }
        if shutdownState != nil { throw PersistenceError(.conflict, "The server is shutting down") }
        let change = try changer.makeMigration(
            from: backend, to: name, settings: configuration.settings.backend, host: self)
        log.notice("Changing the engine from '\(change.from.name)' to '\(name)'")
        migration.running = change
        use(change)
        change.begin()
    }

    private func use(_ backend: any PersistenceBackend) {
        self.backend = backend
        engine.backend = backend
    }

    /// Whether a change of engine leaves no room for a save now.
    var migrationForbidsSaving: Bool {
        migration.running.map { $0.stage != .switched } ?? false
    }
}

extension Server: MigrationHost {
    /// A view of everything executed so far.
    public func freezeForMigration() -> any FrozenDataset { engine.freeze() }

    /// Makes writes wait for the switch, or lets them go on.
    public func holdWrites(_ isHeld: Bool) {
        migration.holdsWrites = isHeld
        noteHeldWrites()
        if !isHeld && !holdsWrites && clientPause == nil && backend?.isCongested != true {
            resumeAll()
        }
    }

    /// Makes engines like ours, without data.
    public func makeSandbox() -> @Sendable () -> MigrationSandbox {
        let (databases, clock, settings) = (
            configuration.settings.databases, engine.clock, engine.settings
        )
        return {
            let fresh = Engine(databases: databases, clock: clock)
            fresh.settings = settings
            fresh.settings.maximumMemory = 0
            return MigrationSandbox(target: fresh.replayTarget(), freeze: { fresh.freeze() })
        }
    }

    /// One engine is left.
    public func migrationEnded(
        _ change: any MigratingBackend, winner: any PersistenceBackend, failure: PersistenceError?
    ) {
        let outcome =
            winner.descriptor == change.to ? "committed" : failure == nil ? "rolled-back" : "failed"
        var figures = change.figures
        if let failure {
            figures.removeAll { $0.name == "last_error" }
            figures.append(("last_error", "\(failure)"))
        }
        migration.last = (outcome, figures)
        migration.running = nil
        use(winner)
        configuration.adopt(backend: winner.descriptor.name)
        log.notice("'\(winner.descriptor.name)' is the engine now, alone (\(outcome))")
        backendProgressed(failed: nil)
        scheduleTick()
    }
}
