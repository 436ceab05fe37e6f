/// A log on disk for offline work: what a path that a person names stands for, and reading it without changing a byte.
///
///     data/                              a data directory: ours or Redis's
///     data/appendonlydir/                the folder of a log's files
///     data/appendonlydir/x.manifest      its manifest
///     appendonly.aof                     a single file: of Redis before 7, or a snapshot as a log
///
/// Threads: any; one at a time.
import Bytes
import Persistence

/// Where a log is; see the file's header.
public struct LogLocation: Sendable {
    /// How its files are laid out.
    public enum Form: Sendable {
        /// A folder with a manifest.
        case folder
        /// One file.
        case singleFile
    }

    /// How its files are laid out.
    public let form: Form
    /// Where they are, in a backend's words.
    public let settings: BackendSettings
    let disk: any FileSystem
    var places: LogPlaces { LogPlaces(settings) }

    /// A folder's name that none has: a single file is read for itself, whatever stands beside it.
    private static let noFolder = ".no-folder-of-a-log"

    /// Finds the log that `path` stands for.
    ///
    /// - Throws: `.conflict` where there is none, or more than one; `.io`.
    public init(
        _ path: String, settings: BackendSettings = BackendSettings(),
        _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) {
        self.disk = disk
        var settings = settings
        let path = Self.trimmed(path)
        guard let status = try disk.status(path) else {
            throw PersistenceError(.io, "There is no such file or directory", path: path)
        }
        if status.isDirectory {
            (settings, form) = try Self.search(path, settings, disk)
        } else if path.hasSuffix(Self.manifestSuffix) {
            let (folder, name) = Self.split(path)
            Self.set(&settings, folder: folder, manifest: name)
            form = .folder
        } else {
            (settings.directory, settings.appendFileName) = Self.split(path)
            settings.appendDirectoryName = Self.noFolder
            form = .singleFile
        }
        self.settings = settings
    }

    private static let manifestSuffix = ".manifest"

    private static func trimmed(_ path: String) -> String {
        var path = path
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return path
    }

    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        return (folder, String(path[path.index(after: slash)...]))
    }

    private static func set(
        _ settings: inout BackendSettings, folder: String, manifest: String
    ) {
        let isHere = folder == "." || folder == ".." || folder.hasSuffix("/..")
        if isHere {
            (settings.directory, settings.appendDirectoryName) = (folder, ".")
        } else {
            (settings.directory, settings.appendDirectoryName) = split(folder)
        }
        settings.appendFileName = String(manifest.dropLast(manifestSuffix.count))
    }

    private static func search(
        _ path: String, _ settings: BackendSettings, _ disk: any FileSystem
    ) throws(PersistenceError) -> (BackendSettings, Form) {
        var settings = settings
        func manifests(_ folder: String) throws(PersistenceError) -> [String] {
            try disk.list(folder).filter { $0.hasSuffix(manifestSuffix) && !$0.hasPrefix("temp") }
        }
        let here = try manifests(path)
        if let one = here.first {
            if here.count > 1 { throw several(here, path) }
            set(&settings, folder: path, manifest: one)
            return (settings, .folder)
        }
        var found: [(folder: String, manifest: String)] = []
        for name in try disk.list(path) {
            let folder = path + "/" + name
            if try disk.status(folder)?.isDirectory != true { continue }
            for manifest in try manifests(folder) { found.append((folder, manifest)) }
        }
        let standard = found.filter {
            $0.folder == path + "/" + settings.appendDirectoryName
                && $0.manifest == settings.appendFileName + manifestSuffix
        }
        if let one = standard.first ?? found.first {
            if standard.isEmpty && found.count > 1 {
                throw several(found.map { $0.folder + "/" + $0.manifest }, path)
            }
            set(&settings, folder: one.folder, manifest: one.manifest)
            return (settings, .folder)
        }
        let old = path + "/" + settings.appendFileName
        if let status = try disk.status(old), !status.isDirectory {
            settings.directory = path
            settings.appendDirectoryName = noFolder
            return (settings, .singleFile)
        }
        throw PersistenceError(
            .conflict, "There is no append-only file here", path: path,
            remedy: "Name the log's folder, its manifest, or a single file")
    }

    private static func several(_ found: [String], _ path: String) -> PersistenceError {
        PersistenceError(
            .conflict, "There are several logs here: \(found.joined(separator: ", "))", path: path,
            remedy: "Name one of the manifests")
    }

    /// The file that stands for the log: its manifest, or itself.
    public var path: String {
        form == .folder ? places.manifest : places.oldFile
    }

    /// The files in force, base first, and their sizes in bytes.
    ///
    /// - Throws: `.corrupt` where the manifest can't be read or names a file that isn't there.
    public func files() throws(PersistenceError) -> [(path: String, bytes: Int)] {
        var paths = [places.oldFile]
        if form == .folder { paths = try manifest().chain.map { places.path($0.name) } }
        var files: [(path: String, bytes: Int)] = []
        for path in paths {
            guard let status = try disk.status(path), !status.isDirectory else {
                throw LogReader.corrupt(
                    "The file doesn't exist, but the manifest names it", path, 0)
            }
            files.append((path, status.size))
        }
        return files
    }

    func manifest() throws(PersistenceError) -> Manifest {
        guard let bytes = try disk.contents(of: places.manifest, limit: Manifest.maximumBytes)
        else {
            throw PersistenceError(.io, "The manifest is gone", path: places.manifest)
        }
        return try Manifest.parse(bytes, path: places.manifest)
    }

    /// Reads the whole log as a server's start does, and changes nothing on disk: what a start would cut off is
    /// told in the report.
    ///
    /// - Throws: where a server would refuse to start.
    public func read(
        into target: any ReplayTarget, progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> RecoveryReport {
        let recovery = LogRecovery(
            places: places, settings: settings, disk: disk, target: target, progress: progress)
        try recovery.run()
        return recovery.report
    }
}
