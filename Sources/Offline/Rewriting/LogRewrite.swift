import Backends
/// Compacts a log without a server: replays it into memory, writes what is left as a new base, reads that back, compares
/// digests, and only then puts it in the place of the old files, or into a new place.
///
/// Memory: the live data, once; what is read back replaces what was written. The log is read as a server's start reads
/// it, so what a start would cut off is not in the new log either; that is told.
///
/// In place the data directory's lock is held, so no server of ours runs there. (A redis-server takes no lock.)
import Bytes
import Digest
import Engine
import Persistence
import Records

/// One rewrite; see the file's header.
public final class LogRewrite {
    /// What came of it.
    public struct Result: Sendable {
        /// Files read and their sizes in bytes.
        public var files: [(path: String, bytes: Int)] = []
        /// What the start of a server would have reported.
        public var report = RecoveryReport()
        /// Keys and bytes of the new base.
        public var written: (keys: Int, bytes: Int) = (0, 0)
        /// The file that was written; nil: none was.
        public var output: String?
        /// The digest of the data, read back from the output where there is one.
        public var digest: Hash256 = .zero
        /// Bytes of all files read.
        public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }
    }

    /// Where the new log goes.
    public enum Destination: Sendable {
        /// In the place of the old one.
        case inPlace
        /// A new data directory, or a new file where the log is one.
        case output(String)
        /// Nowhere: its size is computed.
        case nowhere
    }

    /// What fills the log, where that was asked for.
    private(set) var statistics: LogStatistics?
    /// What the log is.
    public let log: LogSource
    private let form: LogReplacement.Form
    private let databases: Int
    private let clock: any Clock
    private let disk: any FileSystem
    private let progress: (String, RecoveryProgress) -> Void

    /// - Parameters:
    ///   - form: what a base in a folder is written as.
    ///   - databases: databases that the log's keys may be in.
    ///   - progress: told how far reading is, and of what.
    public init(
        _ log: LogSource, as form: LogReplacement.Form = .snapshot, databases: Int = 1024,
        clock: any Clock = SystemClock(), disk: any FileSystem = SystemFileSystem(),
        progress: @escaping (String, RecoveryProgress) -> Void = { _, _ in }
    ) {
        self.log = log
        self.form = form
        self.databases = databases
        self.clock = clock
        self.disk = disk
        self.progress = progress
    }

    /// Does it.
    ///
    /// - Throws: where a server would refuse to start with the log; `.corrupt` where what was read back isn't what was
    ///   written; `.locked`, `.conflict`, `.io`. The old log is as it was then.
    public func run(_ destination: Destination, withStatistics: Bool) throws -> Result {
        var lock: (any FileLock)?
        if case .inPlace = destination {
            lock = try disk.lock(log.directory + "/" + DataDirectory.lockName)
        }
        defer { lock?.release() }
        var result = Result()
        result.files = try log.files(disk)
        let engine = Engine(databases: databases, clock: clock)
        let target: any ReplayTarget = engine.replayTarget()
        if withStatistics { statistics = LogStatistics(target, engine.commands) }
        result.report = try log.read(into: statistics ?? target, disk) { [progress] in
            progress("reading", $0)
        }
        engine.refreshTime()
        let view = engine.freeze()
        result.digest = try DatasetDigest.of(view, at: .distantPast).digest.root
        if case .nowhere = destination {
            let plan = try replacement(for: .inPlace, result.report)
            result.written = try plan.write(view, counting: CountingDisk())
            return result
        }
        let plan = try replacement(for: destination, result.report)
        Interruption.begin(plan.temporaryPath)
        do {
            result.written = try plan.write(view)
            try compare(plan, result.digest)
            Interruption.end(plan.temporaryPath)
            try plan.install()
        } catch {
            plan.abandon()
            Interruption.end(plan.temporaryPath)
            throw error
        }
        result.output = plan.path
        return result
    }

    private func replacement(
        for destination: Destination, _ report: RecoveryReport
    ) throws(PersistenceError) -> LogReplacement {
        let header = SnapshotHeader(
            version: ProductVersion.text, serverID: "", sequence: report.sequence,
            frozenAt: clock.now)
        guard case .output(let path) = destination else {
            return try LogReplacement(of: log, as: form, header, clock: clock, disk)
        }
        if let status = try disk.status(path) {
            var isEmpty = false
            if status.isDirectory { isEmpty = try disk.list(path).isEmpty }
            if !isEmpty || log.isSingleFile {
                throw PersistenceError(
                    .conflict, "The output is there already", path: path,
                    remedy: "Name one that isn't")
            }
        }
        if log.isSingleFile {
            return LogReplacement(file: path, header, clock: clock, disk)
        }
        return try LogReplacement(in: path, as: form, header, clock: clock, disk)
    }

    /// Reads back what was written.
    private func compare(_ plan: LogReplacement, _ expected: Hash256) throws {
        let engine = Engine(databases: databases, clock: clock)
        try plan.readBack(into: engine.replayTarget()) { [progress] in progress("verifying", $0) }
        let found = try DatasetDigest.of(engine.freeze(), at: .distantPast).digest.root
        if found == expected { return }
        throw PersistenceError(
            .corrupt,
            "What was read back isn't what was written: its digest is \(found.hex), the data's "
                + expected.hex, path: plan.temporaryPath,
            remedy: "Look after the disk and the memory of this machine; the log is as it was")
    }
}
