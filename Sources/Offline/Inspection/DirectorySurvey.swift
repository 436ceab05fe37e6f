/// What lies in a data directory: what would be loaded, what nobody reads, what is unfinished, newer, or foreign.
///
/// Nothing is opened but for its first bytes, nothing changed; whether a server runs there is told by its lock.
import Backends
import Bytes
import Persistence

/// A look at a directory; see the file's header.
public struct DirectorySurvey {
    /// What a file is to the directory.
    public enum Role: String, Sendable {
        /// A server would load it.
        case loaded
        /// Says which files count.
        case names
        /// Replaced by a rewrite, and kept.
        case history
        /// Belongs to a log, and no manifest names it.
        case orphaned
        /// Left by something unfinished.
        case temporary
        /// Data of another engine, which isn't in force.
        case ignored
        /// The lock of a server of ours.
        case lock
        /// Nothing that a server here knows.
        case foreign
    }

    /// A file.
    public struct File: Sendable {
        /// Its path.
        public let path: String
        /// Bytes in it.
        public let bytes: Int
        /// What it is to the directory.
        public let role: Role
        /// More about it; empty: nothing.
        public var note: String
        /// Seconds since 1970 of its last change.
        let modified: Int
    }

    /// All files, the log's folder included.
    public private(set) var files: [File] = []
    /// What one should look after.
    public private(set) var warnings: [String] = []
    private var roles: [String: (Role, String)] = [:]
    private let disk: any FileSystem

    /// Looks at a directory.
    ///
    /// - Throws: `.io`.
    public init(
        _ path: String, _ place: DatasetPlace?, _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) {
        self.disk = disk
        try assign(path, place)
        try list(path)
        // The log's folder, and Redis's name for one.
        for name in try disk.list(path)
        where try disk.status(path + "/" + name)?.isDirectory == true {
            let names = try disk.list(path + "/" + name)
            if names.contains(where: {
                $0.hasSuffix(".manifest") || roles["\(path)/\(name)/\($0)"] != nil
            }) {
                try list(path + "/" + name)
            }
        }
        judge()
    }

    private mutating func assign(
        _ path: String, _ place: DatasetPlace?
    ) throws(PersistenceError) {
        let source = try LogSource.find(path, disk)
        let isLog = place.map { if case .log = $0 { true } else { false } } ?? false
        func key(_ found: String) -> String { Self.name(found, below: source.directory, as: path) }
        for part in source.parts {
            roles[key(part.path)] = isLog ? (.loaded, part.role.rawValue) : (.ignored, "a log")
        }
        for part in source.history { roles[key(part.path)] = (.history, "replaced by a rewrite") }
        if case .log(let log) = place, log.form == .folder {
            roles[key(log.path)] = (.names, "names the log's files")
        }
        if case .file(let file, let format) = place { roles[file] = (.loaded, format.name) }
        roles[path + "/" + CurrentFile.name] = (.names, "names the engine in force")
        roles[path + "/" + DataDirectory.lockName] = (.lock, "")
        var settings = BackendSettings()
        settings.directory = path
        for entry in BackendCatalog.all {
            guard let recogniser = entry.recogniser else { continue }
            for found in try recogniser.find(disk, settings) where roles[found] == nil {
                roles[found] = (.ignored, "data of the engine '\(entry.descriptor.name)'")
            }
        }
        for name in source.orphans {
            note(name, in: source, .orphaned, "no manifest names it", key)
        }
        for name in source.temporaries { note(name, in: source, .temporary, "unfinished", key) }
        if let error = source.manifestError { warnings.append(error.description) }
    }

    private mutating func note(
        _ name: String, in source: LogSource, _ role: Role, _ text: String,
        _ key: (String) -> String
    ) {
        let folder = source.settings.directory + "/" + source.settings.appendDirectoryName
        roles[key(folder + "/" + name)] = (role, text)
    }

    /// A path as it is asked for: searches resolve links.
    private static func name(_ path: String, below resolved: String, as asked: String) -> String {
        path.hasPrefix(resolved + "/") ? asked + path.dropFirst(resolved.count) : path
    }

    private mutating func list(_ folder: String) throws(PersistenceError) {
        for name in try disk.list(folder).sorted() {
            let path = folder + "/" + name
            guard let status = try disk.status(path), !status.isDirectory else { continue }
            var (role, note) = roles[path] ?? guess(path, name)
            if role == .lock { note = lockNote(path) }
            files.append(
                File(
                    path: path, bytes: status.size, role: role, note: note,
                    modified: status.modifiedSeconds))
        }
    }

    /// What a file is that nothing names.
    private func guess(_ path: String, _ name: String) -> (Role, String) {
        if name.hasPrefix("temp-") || name.hasPrefix(SnapshotName.temporaryPrefix) {
            return (.temporary, "unfinished")
        }
        do throws(PersistenceError) {
            return (.foreign, "looks like \(try SnapshotLibrary.detect(path, disk).name)")
        } catch {
            return (.foreign, "")
        }
    }

    private func lockNote(_ path: String) -> String {
        do throws(PersistenceError) {
            let lock = try disk.lock(path)
            lock.release()
            return "no server runs here"
        } catch {
            return error.code == .locked ? "a server runs here" : error.message
        }
    }

    private mutating func judge() {
        let loaded = files.filter { $0.role == .loaded }.map(\.modified).max() ?? 0
        for index in files.indices where files[index].role == .ignored {
            if files[index].modified > loaded && loaded > 0 {
                files[index].note += ", newer than what is loaded"
                warnings.append(
                    "\(files[index].path) is newer than what would be loaded, and isn't loaded")
            }
        }
        for file in files where file.role == .orphaned {
            warnings.append("\(file.path) belongs to a log, and no manifest names it")
        }
    }
}
