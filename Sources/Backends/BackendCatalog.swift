/// Every way of keeping data: one entry a backend, and nothing else in the project knows their names.
///
/// To add a backend: a folder beside this file with its FORMAT.md, and one entry in `all`.
import Bytes
import Persistence

/// One backend of the catalog.
public struct BackendEntry: Sendable {
    /// Name and abilities.
    public let descriptor: BackendDescriptor
    /// Finds its files in a directory without `CURRENT`; nil where it has none.
    public let recogniser: FileRecogniser?
    /// All its files in a directory, whether they count or not; those that are to go when another engine took over.
    let files: @Sendable (any FileSystem, BackendSettings) throws(PersistenceError) -> [String]
    /// The format of a file that holds a whole dataset as this backend writes it; nil where there is none.
    let file: (any SnapshotFileFormat)?
    /// Makes the backend over a directory that is locked and its own.
    public let make:
        @Sendable (BackendEnvironment, BackendSettings, DataDirectory) -> any PersistenceBackend
}

extension BackendEntry {
    /// The backend that saves snapshots of a format.
    static func snapshots<Format: SnapshotFormat>(
        _ file: StreamedSnapshotFile<Format>
    ) -> BackendEntry {
        BackendEntry(
            descriptor: Format.descriptor,
            recogniser: FileRecogniser(
                engine: Format.descriptor.name,
                wayOut: "Start with '--backend \(Format.descriptor.name)' to use it, or move it "
                    + "out of the directory"
            ) { (disk, settings) throws(PersistenceError) in
                let path = settings.directory + "/" + Format.fileName(settings)
                guard let status = try disk.status(path), !status.isDirectory else { return [] }
                return [path]
            },
            files: { (disk, settings) throws(PersistenceError) in
                let name = Format.fileName(settings)
                let names = [name, SnapshotBackend<Format>.temporaryPrefix + name]
                return try disk.list(settings.directory).filter(names.contains)
                    .map { settings.directory + "/" + $0 }
            }, file: file
        ) {
            SnapshotBackend<Format>(environment: $0, settings: $1, directory: $2)
        }
    }
}

/// A backend that is ready to restore, and what the choice of it has to tell.
public struct OpenedBackend {
    /// The backend; holds the directory's lock until it is closed.
    public let backend: any PersistenceBackend
    /// Name and abilities.
    public let descriptor: BackendDescriptor
    /// What an operator should know.
    public let warnings: [String]
    /// Changes the engine while the server runs.
    public let changer: CatalogChanger
    /// Writes and reads snapshots.
    public let snapshots: CatalogSnapshots
}

/// The catalog.
public enum BackendCatalog {
    /// Every backend of this build, in Redis's order of precedence for directories without `CURRENT`.
    public static let all: [BackendEntry] = [
        BackendEntry(
            descriptor: AppendOnlyFileBackend.descriptor,
            recogniser: AppendOnlyFileBackend.recogniser, files: AppendOnlyFileBackend.files,
            file: LogSnapshotFile()
        ) {
            AppendOnlyFileBackend(environment: $0, settings: $1, directory: $2)
        },
        .snapshots(
            StreamedSnapshotFile<RDBSnapshot>(
                ratios: SnapshotRatios(fileForMemory: 1, memoryForFile: 4),
                begins: { RDBReplay.begins($0) })),
        .snapshots(
            StreamedSnapshotFile<JSONSnapshot>(
                ratios: SnapshotRatios(fileForMemory: 2, memoryForFile: 2),
                begins: { $0.starts(with: ByteView("{")) })),
        .snapshots(standardFile),
        .sqlite,
        BackendEntry(
            descriptor: NoneBackend.descriptor, recogniser: nil,
            files: { _, _ throws(PersistenceError) in [] }, file: nil
        ) {
            NoneBackend(environment: $0, settings: $1, directory: $2)
        },
    ]

    /// What snapshots are where nothing else is said: small, fast, and damaged in parts only.
    static let standardFile = StreamedSnapshotFile<CompressedSnapshot>(
        ratios: SnapshotRatios(fileForMemory: 1, memoryForFile: 8),
        begins: { CompressedStart.begins($0) })

    /// The entry of a name, nil where there is no such backend.
    public static func entry(named name: String) -> BackendEntry? {
        all.first { $0.descriptor.name == name }
    }

    /// Locks the directory, decides which engine is in force there, and makes it.
    ///
    /// - Throws: `.locked`, `.conflict` (the message names the way out), `.unsupportedFormat`,
    ///   `.corrupt`, `.io`. The lock is free again then.
    public static func open(
        _ request: EngineRequest, settings: BackendSettings, environment: BackendEnvironment
    ) throws(PersistenceError) -> OpenedBackend {
        let directory = try DataDirectory(
            path: settings.directory, fileSystem: environment.fileSystem)
        do throws(PersistenceError) {
            let name = try directory.chooseEngine(
                request, settings: settings,
                recognisers: all.compactMap(\.recogniser))
            guard let entry = entry(named: name) else { throw unknown(name, directory) }
            return OpenedBackend(
                backend: entry.make(environment, settings, directory),
                descriptor: entry.descriptor, warnings: directory.warnings,
                changer: CatalogChanger(
                    directory: directory, environment: environment, settings: settings),
                snapshots: CatalogSnapshots(
                    fileSystem: environment.fileSystem, clock: environment.clock))
        } catch {
            directory.release()
            throw error
        }
    }

    static func unknown(_ name: String, _ directory: DataDirectory) -> PersistenceError {
        let known = all.map(\.descriptor.name).joined(separator: ", ")
        return PersistenceError(
            .unsupportedFormat, "The engine '\(name)' is none of this build's (\(known))",
            path: directory.path, remedy: "Choose one of them with '--backend NAME'")
    }
}

extension AppendOnlyFileBackend {
    /// Finds a log: the manifest, or the single file of Redis before 7.
    static let recogniser = FileRecogniser(
        engine: descriptor.name,
        wayOut:
            "Start with '--appendonly yes' (or '--backend aof') to use it, or move it out of the "
            + "directory"
    ) { (disk, settings) throws(PersistenceError) in
        let places = LogPlaces(settings)
        var found: [String] = []
        for path in [places.manifest, places.oldFile] {
            if let status = try disk.status(path), !status.isDirectory { found.append(path) }
        }
        return found
    }

    /// Everything of a log: what the manifest may name, and what an unfinished rewrite left.
    static let files:
        @Sendable (any FileSystem, BackendSettings) throws(PersistenceError) -> [String] =
            { (disk, settings) throws(PersistenceError) in
                let places = LogPlaces(settings)
                var found: [String] = []
                if let status = try disk.status(places.oldFile), !status.isDirectory {
                    found.append(places.oldFile)
                }
                guard let status = try disk.status(places.directory), status.isDirectory else {
                    return found
                }
                // The manifest first: without it the others are nobody's.
                let names = try disk.list(places.directory).filter { places.isOurs($0) }
                found += names.filter { $0 == places.manifestName }.map(places.path)
                found += names.filter { $0 != places.manifestName }.map(places.path)
                return found
            }
}
