/// What a path means to somebody who has a log: a data directory, the log's folder, a manifest, one file.
///
///     DIR               with appendonlydir/*.manifest, or with the single file of Redis before 7
///     DIR               the folder itself, with *.manifest in it
///     FILE.manifest     the same
///     FILE              one file, as if a server were started with it as its single file
///
/// Names are found by looking, so that `appenddirname` and `appendfilename` need not be told. Nothing is
/// changed.
import Bytes
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A log on a disk, found by a path; see the file's header.
public struct LogSource: Sendable {
    /// What was found.
    public enum Shape: Sendable, Hashable {
        /// A folder with a manifest (which may be damaged).
        case multiPart
        /// A data directory with the single file of Redis before 7.
        case oldFile
        /// One file, named by itself.
        case file
        /// A folder with files of a log whose manifest is gone.
        case withoutManifest
        /// A directory without a log.
        case nothing
    }

    /// One file of a log.
    public struct Part: Sendable, Hashable {
        /// What it is to the log.
        public enum Role: String, Sendable {
            /// The data at a moment.
            case base
            /// What happened since.
            case increment
            /// Replaced by a rewrite and kept.
            case history
            /// Everything, in one file.
            case single
        }

        /// Its name.
        public let name: String
        /// Where it is.
        public let path: String
        /// What it is to the log.
        public let role: Role
        /// What the manifest says of its head; nil: nothing.
        let salt: UInt64?
        /// The number that the manifest gives it.
        let number: Int
    }

    /// What was found.
    public let shape: Shape
    /// The path that was asked for.
    public let path: String
    /// The settings of a server that would load it.
    public internal(set) var settings: BackendSettings
    /// What the manifest says, as far as it can be read.
    var manifest = Manifest()
    /// Why the manifest can't be read as it is.
    public internal(set) var manifestError: PersistenceError?

    /// Where the log's files are.
    var places: LogPlaces { LogPlaces(settings) }

    /// The data directory.
    public var directory: String { settings.directory }

    /// The files in force, in the order of replay.
    public internal(set) var parts: [Part] = []
    /// Files that a rewrite replaced and that were kept.
    public internal(set) var history: [Part] = []
    /// Files in the log's folder that no manifest names.
    public internal(set) var orphans: [String] = []
    /// Files that something unfinished left.
    public internal(set) var temporaries: [String] = []

    init(shape: Shape, path: String, settings: BackendSettings) {
        self.shape = shape
        self.path = path
        self.settings = settings
    }

    /// Looks at a path.
    ///
    /// - Throws: `.io` (also where there is nothing), `.conflict` where two logs are in one folder.
    public static func find(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> LogSource {
        guard let status = try disk.status(path) else {
            throw PersistenceError(.io, "There is no such file or directory", path: path)
        }
        let absolute = resolved(path)
        var source =
            status.isDirectory
            ? try inDirectory(absolute, asked: path, disk)
            : try ofFile(absolute, asked: path, disk)
        try source.fill(disk)
        return source
    }

    /// The path without links and dots.
    public static func resolve(_ path: String) -> String { resolved(path) }

    /// The name of the log's folder in the data directory.
    public var folderName: String { settings.appendDirectoryName }

    private static func resolved(_ path: String) -> String {
        // SAFETY: the system allocates the text, which is copied and freed.
        guard let text = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
    }

    private static func ofFile(
        _ path: String, asked: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> LogSource {
        let (directory, name) = split(path)
        if name.hasSuffix(manifestSuffix) {
            return inFolder(directory, prefix: String(name.dropLast(9)), asked: asked)
        }
        var settings = BackendSettings()
        settings.directory = directory
        settings.appendFileName = name
        // A folder that isn't there: the file stands alone.
        settings.appendDirectoryName = ".\(name).alone"
        return LogSource(shape: .file, path: asked, settings: settings)
    }

    private static let manifestSuffix = ".manifest"

    private static func inFolder(
        _ folder: String, prefix: String, asked: String, _ shape: Shape = .multiPart
    ) -> LogSource {
        let (parent, name) = split(folder)
        var settings = BackendSettings()
        settings.directory = parent
        settings.appendDirectoryName = name
        settings.appendFileName = prefix
        return LogSource(shape: shape, path: asked, settings: settings)
    }

    private static func inDirectory(
        _ path: String, asked: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> LogSource {
        if let prefix = try prefix(path, disk) {
            return inFolder(path, prefix: prefix, asked: asked)
        }
        let names = try disk.list(path)
        // Redis's name first: another folder counts only where that one is absent.
        let usual = BackendSettings().appendDirectoryName
        for name in [usual] + names where name == usual || !name.hasPrefix(".") {
            let folder = path + "/" + name
            guard try disk.status(folder)?.isDirectory == true else { continue }
            if let prefix = try prefix(folder, disk) {
                return inFolder(folder, prefix: prefix, asked: asked)
            }
        }
        var settings = BackendSettings()
        settings.directory = path
        let old = try disk.status(path + "/" + settings.appendFileName)
        if let old, !old.isDirectory {
            return LogSource(shape: .oldFile, path: asked, settings: settings)
        }
        for folder in [path + "/" + usual, path] {
            if let prefix = try prefixOfParts(folder, disk) {
                return inFolder(folder, prefix: prefix, asked: asked, .withoutManifest)
            }
        }
        return LogSource(shape: .nothing, path: asked, settings: settings)
    }

    /// What a folder's manifest is called, without its suffix; nil where there is none.
    private static func prefix(
        _ folder: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> String? {
        let names = try disk.list(folder).filter {
            $0.hasSuffix(manifestSuffix) && !$0.hasPrefix(LogPlaces.temporaryPrefix)
        }
        let usual = BackendSettings().appendFileName + manifestSuffix
        if names.count > 1 && !names.contains(usual) {
            throw PersistenceError(
                .conflict, "There are several manifests: \(names.joined(separator: ", "))",
                path: folder, remedy: "Name the one that is meant")
        }
        return (names.contains(usual) ? usual : names.first).map { String($0.dropLast(9)) }
    }

    /// What files of a log without a manifest begin with.
    private static func prefixOfParts(
        _ folder: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> String? {
        for name in try disk.list(folder) {
            if let part = PartName(name) { return part.prefix }
        }
        return nil
    }
}

/// The name of a file of a log, taken apart: `<prefix>.<number>.(base|incr).(aof|rdb)`.
struct PartName {
    let prefix: String
    let number: Int
    let isBase: Bool

    init?(_ name: String) {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 4, let number = Int(words[words.count - 3]), number > 0,
            !name.hasPrefix(LogPlaces.temporaryPrefix)
        else { return nil }
        switch (words[words.count - 2], words[words.count - 1]) {
        case ("base", "aof"), ("base", "rdb"): isBase = true
        case ("incr", "aof"): isBase = false
        default: return nil
        }
        self.number = number
        prefix = words.dropLast(3).joined(separator: ".")
    }
}
