/// A simulated run in which the engine is changed under the commands.
import Persistence
import Records

/// A change of engine within a run.
public struct ChangePlan: Sendable {
    /// How a change ends.
    public enum End: Sendable, CaseIterable {
        /// The old engine goes.
        case commit
        /// The new engine goes.
        case rollBack
        /// The run ends with both.
        case none
    }

    /// Opens the directory: the backend in force, and what changes it.
    public typealias Opener =
        @Sendable (BackendEnvironment, BackendSettings) throws -> (
            backend: any PersistenceBackend, changer: any EngineChanger
        )

    /// Opens the directory.
    public var open: Opener
    /// The engine to change to.
    public var to: String
    /// Commands before it.
    public var begin = 20
    /// Commands after its beginning before it is committed or rolled back, whatever its stage (a commit waits
    /// for the switch).
    public var length = 25
    /// How it ends.
    public var end: End

    /// A plan.
    public init(to: String, end: End, open: @escaping Opener) {
        self.to = to
        self.end = end
        self.open = open
    }
}

/// What a run knows of its change of engine.
struct ChangeState {
    var changer: (any EngineChanger)?
    var running: (any MigratingBackend)?
    var holdsWrites = false
    /// Whether it was begun.
    var hasBegun = false
    /// Whether its end was asked for.
    var isEnding = false
    /// Stages that were seen, in order.
    var stages: [MigrationStage] = []
    var failure: PersistenceError?
    var hasEnded = false
}

extension Simulation {
    /// Begins or ends the change where the plan says so.
    func considerChange() {
        guard let plan = plan.change, let backend else { return }
        let commands = digests.count - 1
        if !change.hasBegun {
            if commands < plan.begin || isRewriting { return }
            change.hasBegun = true
            do throws(PersistenceError) {
                let running = try change.changer?.makeMigration(
                    from: backend, to: plan.to, settings: self.plan.settings, host: self)
                guard let running else { return }
                change.running = running
                self.backend = running
                running.begin()
            } catch {
                change.failure = error
            }
        }
        guard let running = change.running else { return }
        if change.stages.last != running.stage { change.stages.append(running.stage) }
        if change.isEnding || commands < plan.begin + plan.length { return }
        switch plan.end {
        case .none: return
        case .commit:
            if running.stage != .switched { return }
            change.isEnding = true
            running.commitChange { [unowned self] in change.failure = change.failure ?? $0 }
        case .rollBack:
            change.isEnding = true
            running.rollBack { [unowned self] in change.failure = change.failure ?? $0 }
        }
    }

    /// What became of the change: the stages seen, and why it failed.
    public var changeOutcome: (stages: [MigrationStage], ended: Bool, failure: PersistenceError?) {
        (change.stages, change.hasEnded, change.failure)
    }
}

extension Simulation: MigrationHost {
    /// The model as it is now.
    public func freezeForMigration() -> any FrozenDataset { NaiveFrozen(model, at: clock.now) }
    /// No commands while held.
    public func holdWrites(_ isHeld: Bool) { change.holdsWrites = isHeld }
    /// Naive datasets.
    public func makeSandbox() -> @Sendable () -> MigrationSandbox {
        let now = clock.now
        return {
            let target = NaiveTarget()
            return MigrationSandbox(
                target: target, freeze: { NaiveFrozen(target.dataset, at: now) })
        }
    }
    /// One engine is left.
    public func migrationEnded(
        _ migration: any MigratingBackend, winner: any PersistenceBackend,
        failure: PersistenceError?
    ) {
        change.running = nil
        change.hasEnded = true
        change.failure = change.failure ?? failure
        backend = winner
    }
}
