/// Changes of engine between the backends of the catalog, in the data directory of a running server.
///
/// Threads: the engine's.
import Persistence

/// What PERSIST needs of the catalog.
public final class CatalogChanger: EngineChanger {
    private let directory: DataDirectory
    private let environment: BackendEnvironment
    private let settings: BackendSettings
    /// A change that an earlier run left.
    private var remains: MigrationFile?

    init(directory: DataDirectory, environment: BackendEnvironment, settings: BackendSettings) {
        self.directory = directory
        self.environment = environment
        self.settings = settings
        remains = directory.unfinishedMigration
    }

    /// A change from `backend` to the engine named `name`.
    public func makeMigration(
        from backend: any PersistenceBackend, to name: String, settings: BackendSettings,
        host: any MigrationHost
    ) throws(PersistenceError) -> any MigratingBackend {
        guard let target = BackendCatalog.entry(named: name) else {
            throw BackendCatalog.unknown(name, directory)
        }
        let from = backend.descriptor
        if from.name == name {
            throw PersistenceError(.conflict, "The engine '\(name)' is in force already")
        }
        if target.descriptor.abilities.isDisjoint(with: [.journal, .snapshots]) {
            throw PersistenceError(
                .conflict, "The engine '\(name)' keeps nothing: the data would be lost",
                remedy: "Start a server with '--backend \(name)' in another directory")
        }
        guard let source = BackendCatalog.entry(named: from.name) else { throw Self.running }
        if let remains {
            throw PersistenceError(
                .conflict,
                "The files of '\(lost(remains))' are still here from the change from '\(remains.from)' to "
                    + "'\(remains.to)'", path: directory.path,
                remedy: "PERSIST COMMIT removes them")
        }
        var settings = settings
        settings.directory = directory.path
        if let path = try target.files(environment.fileSystem, settings).first {
            throw PersistenceError(
                .conflict, "There are files of the engine '\(name)' here already", path: path,
                remedy: "Move them out of the directory")
        }
        return EngineChange(
            from: backend, EngineChange.Side(entry: source, settings: settings),
            to: EngineChange.Side(entry: target, settings: settings), directory: directory,
            environment: environment, host: host)
    }

    private static var running: PersistenceError {
        PersistenceError(.conflict, "The engine is being changed already")
    }

    private func lost(_ remains: MigrationFile) -> String {
        directory.engineInForce == remains.to ? remains.from : remains.to
    }

    /// The change that an earlier run made and didn't commit.
    public var uncommitted: MigrationFile? { remains }

    /// Called once the data was loaded: what an unfinished change wrote goes.
    ///
    /// - Returns: what an operator should know.
    public func tidy() -> String? {
        guard let remains else { return nil }
        if directory.engineInForce == remains.to {
            return "The change from '\(remains.from)' to '\(remains.to)' was not committed: "
                + "'\(remains.to)' is in force, the files of '\(remains.from)' are not written any more. "
                + "PERSIST COMMIT removes them"
        }
        do throws(PersistenceError) {
            try remove(remains.to)
            self.remains = nil
            return
                "Removed what an unfinished change from '\(remains.from)' to '\(remains.to)' left"
        } catch {
            return "Can't remove what an unfinished change to '\(remains.to)' left: \(error)"
        }
    }

    private func remove(_ engine: String) throws(PersistenceError) {
        guard let entry = BackendCatalog.entry(named: engine) else {
            throw BackendCatalog.unknown(engine, directory)
        }
        try MigrationRemains.remove(entry, settings, in: directory.path, environment.fileSystem)
    }

    /// Removes the files of the engine that an earlier run's change left.
    public func commitRemains(_ finish: @escaping (PersistenceError?) -> Void) {
        guard let remains else { return finish(nil) }
        do throws(PersistenceError) {
            try remove(lost(remains))
            self.remains = nil
            finish(nil)
        } catch {
            finish(error)
        }
    }
}
