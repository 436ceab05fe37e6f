/// What a path stands for to a tool that reads datasets; found by content, never by name alone.
///
///     FILE                  a snapshot of any format, a single log, a log's manifest
///     DIR with CURRENT      a data directory of ours: the files of the engine in force
///     DIR with a log        a data directory of Redis's, or the log's folder
///     DIR with a snapshot   a data directory of Redis's without a log: dump.rdb
///
/// Nothing is changed, and no lock is taken: a running server may go on writing.
import Backends
import Bytes
import Persistence

/// Where a dataset is; see the file's header.
public enum DatasetPlace: Sendable {
    /// A file that is read by itself.
    case file(String, format: any SnapshotFileFormat)
    /// A log.
    case log(LogSource)

    /// The format's name.
    public var formatName: String {
        switch self {
        case .file(_, let format): format.name
        case .log(let log): log.isSingleFile ? Self.logFormat : "\(Self.logFormat) (folder)"
        }
    }

    /// The engine that keeps its data so.
    public var engineName: String {
        if case .file(_, let format) = self { return format.name }
        return Self.logFormat
    }

    /// The file, or the log's manifest.
    public var path: String {
        switch self {
        case .file(let path, _): path
        case .log(let log): log.path
        }
    }

    /// The format of logs: the one that is read by executing it.
    static let logFormat = SnapshotLibrary.formats.first { $0.isDigestedInMemory }?.name ?? "log"

    /// Finds what `path` stands for.
    ///
    /// - Parameter named: a format's name, where content is not to decide; nil: it does.
    /// - Throws: `.unsupportedFormat` where it is none that is known here, `.conflict`, `.corrupt` (CURRENT), `.io`.
    public static func find(
        _ path: String, named: String? = nil, _ disk: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) -> DatasetPlace {
        guard let status = try disk.status(path) else {
            throw PersistenceError(.io, "There is no such file or directory", path: path)
        }
        if status.isDirectory { return try inDirectory(path, disk) }
        if path.hasSuffix(".manifest") { return .log(try LogSource.existing(path, disk)) }
        if let named {
            guard let format = SnapshotLibrary.format(named: named) else {
                throw unknown(named)
            }
            return try place(path, format, disk)
        }
        if status.size == 0 {
            throw PersistenceError(
                .unsupportedFormat, "The file is empty, so it is of no format", path: path)
        }
        let front = ByteWriter()
        let file = try disk.open(path, .read)
        defer { file.close() }
        _ = try file.read(1, at: 0, into: front)
        // Redis's stamps and our annotations: a log that begins with a comment.
        if front.view.starts(with: ByteView("#")) {
            return .log(try LogSource.existing(path, disk))
        }
        return try place(path, try SnapshotLibrary.detect(path, disk), disk)
    }

    static func unknown(_ name: String) -> PersistenceError {
        PersistenceError(
            .unsupportedFormat,
            "There is no format '\(name)'; there are "
                + SnapshotLibrary.formats.map(\.name).joined(separator: ", "))
    }

    private static func place(
        _ path: String, _ format: any SnapshotFileFormat, _ disk: any FileSystem
    ) throws(PersistenceError) -> DatasetPlace {
        format.isDigestedInMemory
            ? .log(try LogSource.existing(path, disk)) : .file(path, format: format)
    }

    private static func inDirectory(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> DatasetPlace {
        var settings = BackendSettings()
        settings.directory = path
        if let current = try CurrentFile.read(in: path, disk) {
            guard let entry = BackendCatalog.entry(named: current.engine) else {
                throw PersistenceError(
                    .unsupportedFormat,
                    "CURRENT names the engine '\(current.engine)', which this build doesn't have",
                    path: path)
            }
            if let place = try place(of: entry, settings, disk) { return place }
            throw PersistenceError(
                .conflict,
                "CURRENT names the engine '\(current.engine)', but there are no files of its",
                path: path)
        }
        do throws(PersistenceError) {
            return .log(try LogSource.existing(path, disk))
        } catch {
            if error.code != .conflict { throw error }
            for entry in BackendCatalog.all {
                if let place = try place(of: entry, settings, disk) { return place }
            }
            throw PersistenceError(
                .unsupportedFormat, "There is no dataset in this directory", path: path,
                remedy: "Name a data directory, the folder of a log, or a file")
        }
    }

    /// The files of an engine in a data directory; nil where there are none.
    private static func place(
        of entry: BackendEntry, _ settings: BackendSettings, _ disk: any FileSystem
    ) throws(PersistenceError) -> DatasetPlace? {
        guard let format = SnapshotLibrary.format(named: entry.descriptor.name),
            let recogniser = entry.recogniser
        else { return nil }
        guard let path = try recogniser.find(disk, settings).first else { return nil }
        if format.isDigestedInMemory {
            return .log(try LogSource.existing(settings.directory, disk))
        }
        return .file(path, format: format)
    }
}
