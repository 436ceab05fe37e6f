/// What a server of ours would do with a log: asked from the server's own way up, over a disk that isn't written.
import Bytes
import Persistence

/// What a start would come to.
public struct ServerVerdict: Sendable {
    /// How a start ends.
    public enum Outcome: String, Sendable {
        /// With all data.
        case starts
        /// With what is left when an unfinished tail is cut off.
        case cuts
        /// Not at all.
        case refuses
    }

    /// How a start ends.
    public internal(set) var outcome: Outcome
    /// Why not, or what would be cut.
    public internal(set) var message = ""
    /// Where, in which file.
    public internal(set) var path: String?
    /// Where in the file.
    public internal(set) var offset: Int?
    /// Bytes that would be cut, dropped files included.
    public internal(set) var cutBytes = 0
    /// What would be cut.
    public internal(set) var cuts: [RecoveryReport.Damage] = []
    /// What the server would tell.
    public internal(set) var warnings: [String] = []
    /// Commands that were replayed.
    public internal(set) var commands = 0
    /// Keys afterwards, where commands were executed.
    public internal(set) var keys = 0
    /// The last sequence.
    public internal(set) var sequence: UInt64 = 0
    /// Whether there is anything to load.
    public internal(set) var foundData = true
    /// Whether the system stood in the way.
    public internal(set) var isSystemFailure = false

    /// A start that goes well.
    public init() { outcome = .starts }

    /// A start that a damage of its own rules prevents.
    init(refusal error: PersistenceError) {
        outcome = .refuses
        message = error.message
        if error.errno != 0 { message += ": \(SystemErrorText.text(error.errno))" }
        path = error.path
        offset = error.offset
        isSystemFailure = error.code == .io || error.code == .locked
    }

    init(_ report: RecoveryReport) {
        cuts = report.damages.filter { $0.isCut && $0.length > 0 }
        outcome = cuts.isEmpty ? .starts : .cuts
        cutBytes = cuts.reduce(0) { $0 + $1.length }
        message = cuts.first?.reason ?? ""
        path = cuts.first?.path
        offset = cuts.first?.offset
        warnings = report.warnings
        commands = report.commands
        keys = report.keys
        sequence = report.sequence
        foundData = report.foundData
    }

    /// Replays a log into `target` as a server does when it starts, and says what came of it.
    ///
    /// - Parameter disk: is only read.
    /// - Throws: nothing but what isn't a verdict.
    public static func of(
        _ source: LogSource, into target: any ReplayTarget, _ disk: any FileSystem,
        clock: any Clock, progress: (RecoveryProgress) -> Void = { _ in }
    ) -> ServerVerdict {
        let dry = DryDisk(disk)
        do throws(PersistenceError) {
            var report: RecoveryReport
            var warnings: [String] = []
            switch source.shape {
            case .file: report = try alone(source, target, dry, progress)
            case .multiPart, .oldFile, .nothing, .withoutManifest:
                let environment = BackendEnvironment(
                    fileSystem: dry, clock: clock, runner: NoRunner(), log: .silent,
                    progress: { _ in })
                let opened = try BackendCatalog.open(
                    EngineRequest(
                        name: AppendOnlyFileBackend.descriptor.name, isExplicit: false),
                    settings: source.settings, environment: environment)
                warnings = opened.warnings
                guard opened.descriptor.name == AppendOnlyFileBackend.descriptor.name else {
                    return elsewhere(opened.descriptor.name, warnings)
                }
                report = try opened.backend.restore(into: target, progress: progress)
                try checkRights(source, dry)
            }
            report.warnings = warnings + report.warnings
            return ServerVerdict(report)
        } catch {
            return ServerVerdict(refusal: error)
        }
    }

    /// The data directory is kept in another way: this log isn't read there.
    private static func elsewhere(_ engine: String, _ warnings: [String]) -> ServerVerdict {
        var verdict = ServerVerdict()
        verdict.foundData = false
        verdict.warnings =
            [
                "\(CurrentFile.name) says that the data here is kept by '\(engine)': a server doesn't read this log"
            ]
            + warnings
        return verdict
    }

    private static func alone(
        _ source: LogSource, _ target: any ReplayTarget, _ disk: DryDisk,
        _ progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport {
        let outcome = withoutActuallyEscaping(progress) {
            progress -> Result<RecoveryReport, PersistenceError> in
            let recovery = LogRecovery(
                places: source.places, settings: source.settings, disk: disk, target: target,
                progress: progress)
            do throws(PersistenceError) {
                try recovery.run()
                return .success(recovery.report)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// The start opens every file of the log to sync it.
    private static func checkRights(
        _ source: LogSource, _ disk: DryDisk
    ) throws(PersistenceError) {
        for part in source.parts where try disk.status(part.path) != nil {
            try disk.open(part.path, .update).close()
        }
    }
}

extension ServerVerdict {
    /// The verdict on a log in which a scan found nothing to judge, without another pass; nil: it has to be replayed.
    public static func ofRegular(
        _ source: LogSource, _ scan: LogScan, _ disk: any FileSystem
    ) throws(PersistenceError) -> ServerVerdict? {
        guard scan.isRegular else { return nil }
        switch source.shape {
        case .file: break
        case .multiPart, .oldFile:
            let current = try CurrentFile.read(in: source.directory, disk)
            if let current, current.engine != AppendOnlyFileBackend.descriptor.name { return nil }
            if try MigrationFile.read(in: source.directory, disk) != nil { return nil }
        case .nothing, .withoutManifest: return nil
        }
        do throws(PersistenceError) {
            try checkRights(source, DryDisk(disk))
        } catch {
            return nil
        }
        var verdict = ServerVerdict()
        verdict.commands = scan.records
        verdict.sequence = scan.parts.compactMap(\.lastSequence).last ?? 0
        return verdict
    }
}

extension ServerVerdict {
    /// The same without what only an execution knows.
    public var withoutKeys: ServerVerdict {
        var copy = self
        copy.keys = 0
        return copy
    }
}

extension LogSource {
    /// Whether a server that loads it cuts an unfinished tail: `aof-load-truncated`.
    public mutating func loads(truncated: Bool) { settings.loadsTruncated = truncated }
}

extension LogRegion {
    /// Nothing is lost with it.
    public var isVoid: Bool {
        length == 0 && !touchesOthers && keys.isEmpty && firstSequence == nil
    }
}

extension ServerVerdict {
    /// Runs nothing: a restore needs no background work.
    final class NoRunner: BackgroundRunner {
        func run<Output: Sendable>(
            on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
            finish: @escaping (Output) -> Void
        ) {}
    }
}
