/// The seam for a change of engine while the server runs: what the server asks for, and what it gives.
///
/// The backends' side holds the two engines and the order of the steps; the server's side has the dataset and the
/// clients. Everything here happens on the engine's thread, but for `makeSandbox`'s closure.
import Records

/// Where a change of engine is, in the order of the stages.
public enum MigrationStage: String, Sendable {
    /// A frozen view goes to the new engine; what is written meanwhile is recorded by both.
    case copying
    /// The new engine's files are read back and compared with the data.
    case verifying
    /// Writes wait until the new engine has everything, and `CURRENT` names it.
    case switching
    /// The new engine is in force; the old one goes on recording.
    case switched
    /// The old engine is closed and its files go.
    case committing
    /// The old engine comes back into force, and the files of the new one go.
    case rollingBack = "rolling-back"
    /// One of the two engines is left.
    case ended
}

/// A backend that stands for two.
public protocol MigratingBackend: PersistenceBackend {
    /// Where it is.
    var stage: MigrationStage { get }
    /// The engine that is in force at the beginning.
    var from: BackendDescriptor { get }
    /// The engine that is to be.
    var to: BackendDescriptor { get }
    /// What is known, for PERSIST STATUS and INFO.
    var figures: [(name: String, value: String)] { get }

    /// Begins; the dataset is the server's, and this object its backend.
    func begin()
    /// Gives up the old engine; `finish` hears why that can't be, or nil when its files are gone.
    func commitChange(_ finish: @escaping (PersistenceError?) -> Void)
    /// Returns to the old engine, at any stage; `finish` hears why that can't be, or nil when it is done.
    func rollBack(_ finish: @escaping (PersistenceError?) -> Void)
}

/// A dataset beside the live one, to read files into.
public struct MigrationSandbox {
    /// What reads the files feeds this.
    public let target: any ReplayTarget
    /// A view of what has been fed.
    public let freeze: () -> any FrozenDataset

    /// A sandbox.
    public init(target: any ReplayTarget, freeze: @escaping () -> any FrozenDataset) {
        self.target = target
        self.freeze = freeze
    }
}

/// What a change of engine needs of the server.
public protocol MigrationHost: AnyObject {
    /// A view of everything executed so far.
    func freezeForMigration() -> any FrozenDataset
    /// Makes writes wait, or lets them go on.
    func holdWrites(_ isHeld: Bool)
    /// Makes sandboxes, on any thread.
    func makeSandbox() -> @Sendable () -> MigrationSandbox
    /// The change ended; `winner` is the server's backend from now on.
    func migrationEnded(
        _ migration: any MigratingBackend, winner: any PersistenceBackend,
        failure: PersistenceError?)
}

/// Makes changes of engine; the catalog's side of PERSIST.
public protocol EngineChanger: AnyObject {
    /// A change from `backend` to the engine of a name, which hasn't begun.
    ///
    /// - Throws: `.unsupportedFormat` where there is no such engine or it keeps nothing, `.conflict` where it is in
    ///   force already, files of it are in the directory, or an earlier change isn't committed.
    func makeMigration(
        from backend: any PersistenceBackend, to name: String, settings: BackendSettings,
        host: any MigrationHost
    ) throws(PersistenceError) -> any MigratingBackend
    /// Called once the data was loaded and the backend started: what an unfinished change wrote goes.
    ///
    /// - Returns: what an operator should know.
    func tidy() -> String?
    /// The change that a run before this one made and didn't commit.
    var uncommitted: MigrationFile? { get }
    /// Removes the files of the engine that an earlier run's change left; `finish` hears of a failure.
    func commitRemains(_ finish: @escaping (PersistenceError?) -> Void)
}
