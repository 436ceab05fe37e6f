/// The `rdb` format: Redis's own dump, which a real redis-server loads and we load from it; FORMAT.md tells what
/// is written and what is read.
///
///     "REDIS0010" | facts | (database, sizes, keys)* | our facts about the whole | 0xFF | CRC64
///
/// It is streamed both ways: memory is a window of some 300 KB, the longest string or packed node, and of a
/// stream's group what is pending in it.
import Digest
import Persistence
import RDB
import Records

/// Reads and writes snapshots as Redis does; see the file's header.
public struct RDBSnapshot: SnapshotFormat {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "rdb", abilities: [.snapshots],
        summary: "Redis's dump.rdb: what a Redis user has")
    /// `.rdb`.
    public static let fileExtension = "rdb"

    private let version: Int?
    private let compresses: Bool
    private let checksums: Bool

    /// `dbfilename`, as it is.
    public static func fileName(_ settings: BackendSettings) -> String {
        settings.snapshotFileName
    }

    /// The format with `rdb-version`, `rdbcompression` and `rdbchecksum` as they are.
    public init(_ settings: BackendSettings) {
        version = settings.snapshotVersion.number
        compresses = settings.compressesStrings
        checksums = settings.checksumsSnapshots
    }

    /// Writes the file.
    public func write(
        _ walk: SnapshotWalk, _ header: SnapshotHeader, to output: SnapshotOutput
    ) throws {
        let survey = try RDBSurvey(walk, wanted: version ?? RDBVersion.written)
        let version = version ?? survey.version
        if survey.version > version, let reason = survey.reason {
            throw PersistenceError(
                .unsupportedFormat,
                "The snapshot can't be written in version \(version) ('rdb-version \(version)'): "
                    + reason,
                remedy: "'CONFIG SET rdb-version auto' writes version \(survey.version), which "
                    + "Redis 7.4 and later load")
        }
        let bytes = RDBOutput(
            buffer: output.buffer, compresses: compresses, hashes: checksums
        ) { _ in try output.flush() }
        let writer = RDBFileWriter(version: version, to: bytes)
        try writer.begin(RDBFact.redis(header, isBase: false))
        for fact in RDBFact.head(header) { try writer.auxiliary(fact.name, fact.value) }
        for source in header.functionLibraries {
            try source.withByteView { try writer.functionLibrary($0) }
        }
        for (database, sizes) in survey.databases.enumerated() where sizes.keys > 0 {
            try writer.database(database, keys: sizes.keys, deadlines: sizes.deadlines)
            try walk.forEachEntry(database: database) { entry in
                try writer.entry(try walk.live(entry))
            }
        }
        for fact in RDBFact.foot(walk.report) { try writer.auxiliary(fact.name, fact.value) }
        try writer.end()
    }

    /// Reads a file of any version that Redis or Valkey wrote, as far as it can be held.
    public func read(
        _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> SnapshotContents {
        var pulled = 0
        var replay = RDBReplay(
            .file, path: input.path, into: target, now: input.now, checksChecksum: checksums,
            missing: input.missing
        ) { window, count in
            let got = try input.read(count, at: pulled, into: window)
            pulled += got
            return got
        }
        try replay.read()
        if replay.position < input.size {
            throw input.damaged(
                "\(input.size - replay.position) bytes follow the snapshot's end",
                at: replay.position)
        }
        var contents = SnapshotContents()
        contents.header = SnapshotHeader(replay.facts)
        contents.header.functionLibraries = replay.libraries
        contents.keys = replay.keys
        contents.expiredKeys = replay.expired
        contents.digest = SnapshotHeader.digest(replay.facts)
        contents.warnings = replay.warnings
        return contents
    }
}
