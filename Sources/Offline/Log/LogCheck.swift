/// Checks a log: every byte looked at, every command replayed where wanted, and what servers would make of it.
///
/// The verdict on our server is its own: its recovery runs over a disk that isn't written, into an engine that is
/// thrown away. Memory: a window of each file; with replay the live data.
import Backends
import Bytes
import Engine
import Persistence

/// How a log is checked.
public struct LogCheck {
    /// Execute every command; nil: where the path is a directory or a manifest.
    public var replays: Bool?
    /// Databases of the server that is asked.
    public var databases = 16
    /// Whether an unfinished tail may be cut (`aof-load-truncated`).
    public var loadsTruncated = true
    /// Told how far a pass is.
    public var progress: (_ pass: String, RecoveryProgress) -> Void = { _, _ in }

    private let disk: any FileSystem
    private let vocabulary: EngineVocabulary

    /// A check; one may serve many logs.
    public init(
        _ disk: any FileSystem = SystemFileSystem(),
        vocabulary: EngineVocabulary = EngineVocabulary()
    ) {
        self.disk = disk
        self.vocabulary = vocabulary
    }

    /// Checks what is at `path`.
    ///
    /// - Throws: `.io`, `.conflict` where the path names nothing definite.
    public func run(_ path: String) throws(PersistenceError) -> LogCheckReport {
        var source = try LogSource.find(path, disk)
        source.loads(truncated: loadsTruncated)
        let scan = try LogScan.run(source, vocabulary: vocabulary, disk) {
            progress("reading", $0)
        }
        let replays = self.replays ?? (source.shape != .file)
        var report = LogCheckReport(source: source, scan: scan, isReplayed: replays)
        report.holdfast = try verdict(source, scan, replays)
        report.redis = try RedisVerdict.of(source, scan, disk)
        return report
    }

    private func verdict(
        _ source: LogSource, _ scan: LogScan, _ replays: Bool
    ) throws(PersistenceError) -> ServerVerdict {
        if !replays, let verdict = try ServerVerdict.ofRegular(source, scan, disk) {
            return verdict
        }
        if replays {
            let engine = Engine(databases: databases, clock: SystemClock())
            return ServerVerdict.of(
                source, into: engine.replayTarget(), disk, clock: SystemClock()
            ) { progress("replaying", $0) }
        }
        let target = NullReplayTarget(vocabulary: vocabulary, databases: databases)
        var verdict = ServerVerdict.of(source, into: target, disk, clock: SystemClock()) {
            progress("judging", $0)
        }
        verdict.forgetKeys()
        return verdict
    }
}

/// What a check found.
public struct LogCheckReport {
    /// What was checked.
    public let source: LogSource
    /// What is in it.
    public let scan: LogScan
    /// Whether every command was executed.
    public let isReplayed: Bool
    /// What our server would do.
    public internal(set) var holdfast = ServerVerdict()
    /// What a Redis 7.0 would do.
    public internal(set) var redis = RedisVerdict()

    /// How the tool ends.
    public var status: ExitStatus {
        if source.shape == .nothing { return .unusable }
        if holdfast.outcome == .refuses && holdfast.isSystemFailure { return .io }
        let isHurt = holdfast.outcome != .starts || scan.regions.contains { !$0.isVoid }
        if isHurt {
            let isAnythingLeft = scan.parts.contains {
                $0.certainBytes + $0.plausibleBytes > 0 && $0.records + $0.snapshotKeys > 0
            }
            return isAnythingLeft ? .damaged : .unusable
        }
        return warnings.isEmpty ? .good : .warnings
    }

    /// What is no damage, and to be known.
    public var warnings: [String] {
        var all: [String] = scan.notes
        for part in scan.parts {
            all += part.notes.map { "\(part.part.name): \($0)" }
            if part.wrongArity.count > 0 {
                all.append(
                    "\(part.part.name): \(part.wrongArity.count) commands have a wrong number of "
                        + "arguments, the first at offset \(part.wrongArity.offset)")
            }
            for command in part.unknownCommands {
                all.append(
                    "\(part.part.name): unknown command '\(command.name)' at offset \(command.offset)"
                )
            }
            if part.kind == .empty && part.part.role == .single {
                all.append("\(part.part.name) is empty")
            }
        }
        all += source.orphans.map { "\($0) is in the folder, but the manifest doesn't name it" }
        all += source.temporaries.map { "\($0) is what an unfinished rewrite left" }
        return all + holdfast.warnings
    }

    /// Bytes that a server's start would cut although records can still be read in them.
    public var readableBytesCut: Int {
        guard holdfast.outcome == .cuts else { return 0 }
        var bytes = 0
        for cut in holdfast.cuts {
            guard let part = scan.parts.first(where: { $0.part.path == cut.path }) else { continue }
            var damaged = 0
            for region in part.regions where region.offset + region.length > cut.offset {
                damaged += region.offset + region.length - max(region.offset, cut.offset)
            }
            bytes += max(0, cut.length - damaged)
        }
        return bytes
    }
}

extension ServerVerdict {
    /// Nothing was executed: the number of keys says nothing.
    mutating func forgetKeys() { self = withoutKeys }
}
