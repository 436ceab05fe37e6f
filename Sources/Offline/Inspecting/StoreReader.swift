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
    public enum Store {
        /// A log.
        case log(LogSource)
        /// One file of a whole dataset.
        case snapshot(any SnapshotFileFormat, path: String)
    }

    /// What it is kept in.
    public let store: Store
    /// What to know about the choice.
    public let warnings: [String]
    private let disk: any FileSystem

    /// Finds the dataset.
    ///
    /// - Throws: `.conflict` where there is none; `.unsupportedFormat`, `.io`.
    public init(
        _ path: String, _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) {
        self.disk = disk
        guard let status = try disk.status(path) else {
            throw PersistenceError(.io, "There is no such file or directory", path: path)
        }
        if status.isDirectory {
            let found = try Self.inForce(path, disk)
            store = found.store
            warnings = found.warnings
            return
        }
        warnings = []
        store = try Self.file(path, disk)
    }

    private static func file(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> Store {
        if path.hasSuffix(".manifest") { return .log(try LogSource.find(path, disk)) }
        let format = try SnapshotLibrary.detect(path, disk)
        if format.isLog { return .log(try LogSource.find(path, disk)) }
        return .snapshot(format, path: path)
    }

    /// What of a directory a server would load.
    private static func inForce(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> (store: Store, warnings: [String]) {
        let current = try CurrentFile.read(in: path, disk)
        var settings = BackendSettings()
        settings.directory = path
        var found: [(engine: String, paths: [String])] = []
        for entry in BackendCatalog.all {
            guard let recogniser = entry.recogniser else { continue }
            let paths = try recogniser.find(disk, settings)
            if !paths.isEmpty { found.append((recogniser.engine, paths)) }
        }
        let log = try LogSource.find(path, disk)
        guard let first = found.first(where: { current == nil || $0.engine == current?.engine })
        else {
            // A log's own folder, or one that goes by other names than the usual ones.
            if log.shape != .nothing { return (.log(log), []) }
            throw PersistenceError(
                .conflict, "No dataset is here that is known", path: path,
                remedy: "Name a data directory, a log, or a snapshot file")
        }
        let others = found.filter { $0.engine != first.engine }.map {
            "\($0.paths[0]) is of '\($0.engine)' and isn't read: '\(first.engine)' is in force"
        }
        return (try file(first.paths[0], disk), others)
    }

    /// The path that is read, and what it is.
    public var description: String {
        switch store {
        case .log(let source): "\(source.path) (append-only file)"
        case .snapshot(let format, let path): "\(path) (\(format.name))"
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
        switch store {
        case .log(let source):
            _ = try source.files(disk)
            let report = try source.read(into: target, disk, progress: progress)
            return report.warnings
                + report.damages.map {
                    "\($0.path), offset \($0.offset): \($0.length) bytes left out: \($0.reason)"
                }
        case .snapshot(let format, let path):
            var source = SnapshotSource(path: path, fileSystem: disk)
            source.progress = progress
            return try SnapshotLibrary.read(source, as: format, into: target).warnings
        }
    }

    /// Reads one key from a store that has an index; false: everything has to be read.
    func find(
        _ key: [UInt8], _ database: Int?, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool {
        guard case .snapshot(let format, let path) = store else { return false }
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

extension SnapshotFileFormat {
    /// Whether it is read by executing commands.
    var isLog: Bool { fileExtensions.contains("aof") }
}
