/// What a dataset may be written as: every format of whole files, a log's folder, and texts for other programs.
///
///     rdb rdb:9 ... rdb:12 json compressed sqlite aof     files that can be read again; verified
///     aof-dir                                             a data directory with a log
///     ndjson                                              an entry a line, for jq and its like
///     resp                                                commands, for redis-cli --pipe
///     csv                                                 keys: database, name, type, deadline, elements, bytes
import Backends
import Bytes
import Persistence

/// A format to write; see the file's header.
public struct DatasetTarget: Sendable {
    /// What is written.
    enum Kind: Sendable {
        case file(any SnapshotFileFormat, SnapshotVersion)
        case logFolder
        case lines
        case commands
        case keys
    }

    let kind: Kind
    /// As `--to` has it.
    public let name: String

    private static let texts: [(name: String, kind: Kind)] = [
        ("ndjson", .lines), ("resp", .commands), ("csv", .keys),
    ]
    private static let folderName = DatasetPlace.logFormat + "-dir"

    /// All names.
    public static var names: [String] {
        SnapshotLibrary.formats.map(\.name) + [folderName] + texts.map(\.name)
    }

    /// A target by its name.
    ///
    /// - Throws: `ToolFailure` of usage.
    public init(named name: String) throws(ToolFailure) {
        self.name = name
        let words = name.split(separator: ":", maxSplits: 1)
        if let text = Self.texts.first(where: { $0.name == name }) {
            kind = text.kind
        } else if name == Self.folderName {
            kind = .logFolder
        } else if let word = words.first, let format = SnapshotLibrary.format(named: String(word)) {
            var version = SnapshotVersion.automatic
            if words.count == 2 {
                guard format.name == RDBSnapshot.descriptor.name,
                    let known = SnapshotVersion(rawValue: String(words[1]))
                else { throw Self.unknown(name) }
                version = known
            }
            kind = .file(format, version)
        } else {
            throw Self.unknown(name)
        }
    }

    private static func unknown(_ name: String) -> ToolFailure {
        ToolFailure(
            .usage,
            "There is no format '\(name)'; there are \(names.joined(separator: ", ")) "
                + "and rdb:9 to rdb:12")
    }

    /// The target that a path's ending stands for.
    ///
    /// - Throws: `ToolFailure` of usage where it stands for none.
    public init(forPath path: String) throws(ToolFailure) {
        if path.hasSuffix("/") {
            try self.init(named: Self.folderName)
        } else if let format = SnapshotLibrary.format(forFile: path) {
            try self.init(named: format.name)
        } else if let text = Self.texts.first(where: { path.lowercased().hasSuffix("." + $0.name) })
        {
            try self.init(named: text.name)
        } else {
            throw ToolFailure(
                .usage,
                "'\(path)' doesn't say what to write: name a format with --to ("
                    + Self.names.joined(separator: ", ") + ")")
        }
    }

    /// The version of Redis's format that was asked for; nil: another format, or the lowest that will do.
    private var version: Int? {
        guard case .file(let format, let version) = kind,
            format.name == RDBSnapshot.descriptor.name
        else { return nil }
        return version.number
    }

    /// What values lose.
    public var limits: ValueLimits {
        var limits = ValueLimits()
        guard let version else { return limits }
        limits.dropsFieldDeadlines = version < 12
        limits.dropsStreamCounters = version < 10
        return limits
    }

    /// Whether function libraries go with the data.
    public var carriesLibraries: Bool {
        guard case .file(let format, _) = kind, format.name == RDBSnapshot.descriptor.name else {
            return false
        }
        return version.map { $0 >= 10 } ?? true
    }

    /// Whether it is a list of keys, which holds no data.
    var isListOnly: Bool {
        if case .keys = kind { return true }
        return false
    }
}
