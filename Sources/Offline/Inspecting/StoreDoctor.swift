/// What the files of a directory are: loaded at a start, kept, left over, of another engine, unknown.
///
/// Any directory of Holdfast, Redis or Valkey. Nothing is opened but what tells what it is.
import Backends
import Persistence

/// A look at one directory; see the file's header.
public struct StoreDoctor: Sendable {
    /// What a file is to a start.
    public enum Role: String, Sendable {
        /// It would be loaded.
        case loaded
        /// It tells which files count, or guards them.
        case control
        /// A rewrite replaced it, and it is kept.
        case history
        /// An engine that isn't in force would read it.
        case otherEngine = "not read"
        /// The log's folder has it, its manifest doesn't.
        case orphan
        /// Something unfinished left it; a start removes it.
        case temporary
        /// Nobody knows it.
        case unknown

        /// Whether a person should look.
        var isStrange: Bool {
            switch self {
            case .orphan, .otherEngine, .temporary: true
            case .loaded, .control, .history, .unknown: false
            }
        }
    }

    /// A file.
    public struct File: Sendable {
        /// Its name within the directory.
        public var name: String
        /// What it is.
        public var role: Role
        /// Its size in bytes.
        public var bytes: Int
        /// More about it.
        public var note: String
    }

    /// The directory.
    public let path: String
    /// The engine in force: `CURRENT`'s, else the first whose files are there; nil: none.
    public private(set) var engine: String?
    /// Whether `CURRENT` names it.
    public private(set) var isNamed = false
    /// The files.
    public private(set) var files: [File] = []
    /// What to know beside.
    public private(set) var notes: [String] = []

    /// Looks at a directory.
    ///
    /// - Throws: `.io`, `.corrupt` where `CURRENT` or `MIGRATION` can't be read.
    public init(
        _ path: String, _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) {
        self.path = path
        var settings = BackendSettings()
        settings.directory = path
        let current = try CurrentFile.read(in: path, disk)
        isNamed = current != nil
        engine = current?.engine
        if let migration = try MigrationFile.read(in: path, disk) {
            notes.append(
                "A change of engine from '\(migration.from)' to '\(migration.to)' didn't come to its end: "
                    + "the next start removes what it left, or keeps it until PERSIST COMMIT")
        }
        var known: [String: File] = [:]
        try takeEngines(settings, disk, &known)
        try takeLog(disk, &known)
        for name in [CurrentFile.name, MigrationFile.name, DataDirectory.lockName] {
            known[name] = File(name: name, role: .control, bytes: 0, note: "")
        }
        try list("", disk, known)
        if engine == nil { notes.append("No dataset is here that is known") }
        if isNamed, !files.contains(where: { $0.role == .loaded }) {
            notes.append("\(CurrentFile.name) names '\(engine ?? "")', but its files are gone")
        }
    }

    private mutating func takeEngines(
        _ settings: BackendSettings, _ disk: any FileSystem, _ known: inout [String: File]
    ) throws(PersistenceError) {
        for entry in BackendCatalog.all {
            guard let recogniser = entry.recogniser else { continue }
            for path in try recogniser.find(disk, settings) {
                if engine == nil { engine = recogniser.engine }
                let isInForce = recogniser.engine == engine
                let name = String(path.dropFirst(self.path.count + 1))
                known[name] = File(
                    name: name, role: isInForce ? .loaded : .otherEngine, bytes: 0,
                    note: isInForce
                        ? recogniser.engine : "\(recogniser.engine): \(recogniser.wayOut)")
                if isInForce { continue }
                notes.append("\(name) of '\(recogniser.engine)' is not read")
            }
        }
    }

    private mutating func takeLog(
        _ disk: any FileSystem, _ known: inout [String: File]
    ) throws(PersistenceError) {
        let log = try LogSource.find(path, disk)
        if log.shape == .nothing { return }
        if let error = log.manifestError { notes.append("\(error)") }
        if log.shape == .withoutManifest {
            notes.append("There are files of a log, but no manifest")
        }
        let folder = log.directory == LogSource.resolve(path) ? log.folderName + "/" : ""
        let isRead = log.shape != .withoutManifest && log.manifestError == nil
        for part in log.parts {
            let name = (part.role == .single ? "" : folder) + part.name
            let isInForce = known[name]?.role != .otherEngine && isRead
            known[name] = File(
                name: name, role: isInForce ? .loaded : .orphan, bytes: 0, note: part.role.rawValue)
        }
        for part in log.history {
            known[folder + part.name] = File(
                name: folder + part.name, role: .history, bytes: 0, note: "replaced by a rewrite")
        }
        for name in log.orphans {
            known[folder + name] = File(
                name: folder + name, role: .orphan, bytes: 0, note: "the manifest doesn't name it")
        }
    }

    private mutating func list(
        _ folder: String, _ disk: any FileSystem, _ known: [String: File]
    ) throws(PersistenceError) {
        for entry in try disk.list(folder.isEmpty ? path : path + "/" + folder) {
            let name = folder + entry
            guard let status = try disk.status(path + "/" + name) else { continue }
            if status.isDirectory {
                if folder.isEmpty { try list(entry + "/", disk, known) }
                continue
            }
            var file = known[name] ?? unknown(name, entry)
            file.bytes = status.size
            files.append(file)
        }
    }

    private func unknown(_ name: String, _ entry: String) -> File {
        if entry.hasPrefix("temp-") || entry.hasPrefix(SnapshotName.temporaryPrefix) {
            return File(name: name, role: .temporary, bytes: 0, note: "unfinished")
        }
        return File(name: name, role: .unknown, bytes: 0, note: "")
    }

    /// Whether everything is as it should be.
    public var isHealthy: Bool { notes.isEmpty && !files.contains { $0.role.isStrange } }

    /// Lines for people.
    public var lines: [String] {
        let how = isNamed ? "named by \(CurrentFile.name)" : "by the files that are here"
        var lines = [
            engine.map { "\(path): engine \(Terminal.styled($0, .strong)) (\(how))" }
                ?? "\(path): no dataset"
        ]
        for file in files {
            lines.append(
                "  " + Columns.left(file.role.rawValue, 11)
                    + Columns.right(Figures.size(file.bytes), 12)
                    + "  \(file.name)" + (file.note.isEmpty ? "" : "  (\(file.note))"))
        }
        return lines + notes.map { Terminal.styled("note", .warning) + "  \($0)" }
    }

    /// The document for programs.
    public var json: JSONValue {
        .object([
            ("path", .string(path)), ("engine", .text(engine)),
            ("named_by_current", .bool(isNamed)),
            (
                "files",
                .array(
                    files.map {
                        .object([
                            ("name", .string($0.name)), ("role", .string($0.role.rawValue)),
                            ("bytes", .integer($0.bytes)), ("note", .string($0.note)),
                        ])
                    })
            ), ("notes", .array(notes.map { .string($0) })),
        ])
    }
}
