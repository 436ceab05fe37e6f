/// A dataset that a path names, whatever it is kept in: a data directory, a log, a snapshot of any format.
///
/// In a directory it is what a server of ours would load: what `CURRENT` names, else Redis's order of precedence.
/// Nothing is changed. Memory: the live data.
import Backends
import Bytes
import Engine
import Persistence
import Records

/// Finds and loads one dataset; see the file's header.
public struct StoreReader {
    /// What it is kept in.
    public let place: DatasetPlace
    /// What to know about the choice.
    public let warnings: [String]
    private let disk: any FileSystem

    /// Finds the dataset.
    ///
    /// - Throws: as `DatasetPlace.find`.
    public init(
        _ path: String, _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) {
        self.disk = disk
        place = try DatasetPlace.find(path, disk)
        warnings = try Self.others(path, place.engineName, disk)
    }

    /// Files of other engines in a directory, which aren't read.
    private static func others(
        _ path: String, _ engine: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> [String] {
        guard try disk.status(path)?.isDirectory == true else { return [] }
        var settings = BackendSettings()
        settings.directory = path
        var others: [String] = []
        for entry in BackendCatalog.all {
            guard let recogniser = entry.recogniser, recogniser.engine != engine,
                let file = try recogniser.find(disk, settings).first
            else { continue }
            others.append(
                "\(file) is of '\(recogniser.engine)' and isn't read: '\(engine)' is in force")
        }
        return others
    }

    /// The path that is read, and what it is.
    public var description: String {
        switch place {
        case .log(let source): "\(source.path) (append-only file)"
        case .file(let path, let format): "\(path) (\(format.name))"
        }
    }

    /// Loads everything into `target`.
    ///
    /// - Returns: what a server would have warned of.
    /// - Throws: where a server would refuse to start with it.
    @discardableResult
    public func load(
        into target: any ReplayTarget,
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> [String] {
        switch place {
        case .log(let source):
            _ = try source.files(disk)
            let report = try source.read(into: target, disk, progress: progress)
            return report.warnings
                + report.damages.map {
                    "\($0.path), offset \($0.offset): \($0.length) bytes left out: \($0.reason)"
                }
        case .file(let path, let format):
            var source = SnapshotSource(path: path, fileSystem: disk)
            source.progress = progress
            return try SnapshotLibrary.read(source, as: format, into: target).warnings
        }
    }

    /// Reads one key from a store that has an index; false: everything has to be read.
    func find(
        _ key: [UInt8], _ database: Int?, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool {
        guard case .file(let path, let format) = place else { return false }
        let source = SnapshotSource(path: path, fileSystem: disk)
        return try format.find(key, database: database, source, into: target)
    }

    /// Loads everything into an engine of its own.
    public func engine(
        databases: Int = 1024,
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> (engine: Engine, warnings: [String]) {
        let engine = Engine(databases: databases, clock: SystemClock())
        let told = try load(into: engine.replayTarget(), progress: progress)
        engine.refreshTime()
        return (engine, warnings + told)
    }
}
