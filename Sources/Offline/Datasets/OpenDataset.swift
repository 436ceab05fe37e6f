/// A dataset of any format, opened for reading: read once as a whole, so that every checksum and the digest are known,
/// and then to be walked over as often as one likes.
///
/// A snapshot file is streamed: memory holds one value at a time. A log is executed in a sandbox: memory holds the live
/// data. A snapshot with keys in many databases goes into a sandbox too, since each walk reads the file once more.
import Backends
import Bytes
import Digest
import Engine
import Persistence
import Records
import Synchronization

/// A dataset that was read; see the file's header.
public final class OpenDataset {
    /// Where it is.
    public let place: DatasetPlace
    /// The path that was asked for.
    public let path: String
    /// Everything in it, whatever its deadline.
    public let view: any FrozenDataset
    /// Its digest and counts; the digest is that of nothing where `isDigested` is false.
    public let report: DigestReport
    /// Whether the digest is known.
    public let isDigested: Bool
    /// What the file says about itself.
    public let contents: SnapshotContents
    /// What is in the file and in no dataset of ours.
    public let missing: [SnapshotMissing]
    /// What a server would cut off a log.
    public let damages: [RecoveryReport.Damage]
    /// Bytes of its files.
    public let bytes: Int
    /// Wall time that reading it took, in seconds.
    public let seconds: Double
    /// What keeps the sandbox alive.
    private let engine: Engine?

    /// How a dataset is opened.
    public struct Options {
        /// The format; nil: found by content.
        public var format: String?
        /// Whether it is loaded into memory, as a server would, whatever its format.
        public var loads = false
        /// Whether the digest is wanted; else a file that is streamed is read for its counts and checksums only, and
        /// whoever walks over all of it computes the digest on the way and compares it with `contents.digest`.
        public var digests = true
        /// Databases of the sandbox.
        public var databases = 1024
        /// Told how far reading is.
        public var progress: @Sendable (RecoveryProgress) -> Void = { _ in }
        /// The clocks.
        public var clock: any Clock = SystemClock()
        /// The disk.
        public var disk: any FileSystem = SystemFileSystem()

        /// As usual.
        public init() {}
    }

    /// Databases with keys above which a file is loaded instead of streamed.
    private static let mostWalks = 2

    /// Reads the whole dataset that `path` stands for.
    ///
    /// - Throws: `PersistenceError` where it can't be read, or is not what it says.
    public init(_ path: String, _ options: Options = Options()) throws {
        self.path = path
        let began = options.clock.monotonicNanoseconds
        place = try DatasetPlace.find(path, named: options.format, options.disk)
        let read: Reading
        switch place {
        case .file(let file, let format): read = try Self.read(file, format, options)
        case .log(let log): read = try Self.replay(log, options)
        }
        (view, report, contents) = (read.view, read.report, read.contents)
        (missing, damages, bytes) = (read.missing, read.damages, read.bytes)
        isDigested = options.digests || !(read.view is StreamedDataset)
        engine = read.engine
        seconds = Double(options.clock.monotonicNanoseconds &- began) / 1e9
    }

    private struct Reading {
        var view: any FrozenDataset
        var report: DigestReport
        var contents: SnapshotContents
        var missing: [SnapshotMissing] = []
        var damages: [RecoveryReport.Damage] = []
        var bytes = 0
        var engine: Engine?
    }

    private static func read(
        _ path: String, _ format: any SnapshotFileFormat, _ options: Options
    ) throws -> Reading {
        var source = SnapshotSource(
            path: path, fileSystem: options.disk, progress: options.progress)
        let missing = MissingList()
        source.missing = { missing.add($0) }
        let bytes = try options.disk.status(path)?.size ?? 0
        if !options.loads {
            let found =
                try options.digests
                ? SnapshotLibrary.digest(source, as: format) { sandbox() }
                : CountingTarget.read(source, format)
            if found.report.counts.databases.count <= mostWalks {
                var again = source
                again.progress = { _ in }
                again.missing = { _ in }
                return Reading(
                    view: StreamedDataset(again, as: format, found.report.counts),
                    report: found.report, contents: found.contents, missing: missing.all,
                    bytes: bytes)
            }
            missing.removeAll()
        }
        let engine = Engine(databases: options.databases, clock: options.clock)
        let contents = try format.read(source, into: engine.replayTarget())
        let view = StillDataset(engine.freeze())
        let report = try DatasetDigest.of(view)
        try SnapshotLibrary.compare(report.digest.root, with: contents.digest, path)
        return Reading(
            view: view, report: report, contents: contents, missing: missing.all, bytes: bytes,
            engine: engine)
    }

    private static func sandbox() -> MigrationSandbox {
        let engine = Engine(databases: 1024, clock: SystemClock())
        return MigrationSandbox(target: engine.replayTarget()) { engine.freeze() }
    }

    /// A single log that ends as a snapshot does names its digest, which only a strict reading looks at.
    private static func replaySnapshot(
        _ log: LogSource, _ options: Options
    ) throws -> Reading? {
        guard log.isSingleFile, let path = log.parts.first?.path,
            let format = SnapshotLibrary.format(named: DatasetPlace.logFormat)
        else { return nil }
        let engine = Engine(databases: options.databases, clock: options.clock)
        let source = SnapshotSource(
            path: path, fileSystem: options.disk, progress: options.progress)
        let contents: SnapshotContents
        do throws(PersistenceError) {
            contents = try format.read(source, into: engine.replayTarget())
        } catch {
            if error.code == .io { throw error }
            return nil
        }
        let view = StillDataset(engine.freeze())
        let report = try DatasetDigest.of(view)
        try SnapshotLibrary.compare(report.digest.root, with: contents.digest, path)
        return Reading(
            view: view, report: report, contents: contents,
            bytes: try log.files(options.disk).reduce(0) { $0 + $1.bytes }, engine: engine)
    }

    private static func replay(_ log: LogSource, _ options: Options) throws -> Reading {
        if let snapshot = try replaySnapshot(log, options) { return snapshot }
        let engine = Engine(databases: options.databases, clock: options.clock)
        let recovery = try log.read(
            into: engine.replayTarget(), options.disk, progress: options.progress)
        engine.refreshTime()
        let view = StillDataset(engine.freeze())
        let report = try DatasetDigest.of(view)
        var contents = SnapshotContents()
        contents.header.sequence = recovery.sequence
        contents.keys = report.counts.keys
        contents.warnings = recovery.warnings
        return Reading(
            view: view, report: report, contents: contents, damages: recovery.damages,
            bytes: try log.files(options.disk).reduce(0) { $0 + $1.bytes }, engine: engine)
    }
}

/// What a file holds and no dataset can, as a reader tells it from whatever thread.
private final class MissingList: Sendable {
    private let list = Mutex<[SnapshotMissing]>([])
    var all: [SnapshotMissing] { list.withLock { $0 } }
    func add(_ missing: SnapshotMissing) { list.withLock { $0.append(missing) } }
    func removeAll() { list.withLock { $0.removeAll() } }
}

/// A view in which nothing is past its deadline: a file's keys are all there, whenever one looks.
final class StillDataset: FrozenDataset {
    private let view: any FrozenDataset
    let frozenAt = Deadline.distantPast

    init(_ view: any FrozenDataset) { self.view = view }

    var databaseCount: Int { view.databaseCount }
    func keyCount(database: Int) -> Int { view.keyCount(database: database) }
    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        try view.forEachEntry(database: database, visit)
    }
}
