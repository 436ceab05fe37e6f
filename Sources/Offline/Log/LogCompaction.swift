/// Offline compaction of a log: loaded as a server loads it, written as a fresh base, read back and compared by digest.
///
/// Memory: the live data twice while the result is read back as commands (a sandbox each).
import Backends
import Bytes
import Digest
import Engine
import Persistence
import Records

/// Compacts a log.
public struct LogCompaction {
    /// What came of it.
    public struct Report {
        /// Bytes of the log before.
        public internal(set) var oldBytes = 0
        /// Bytes of the log after (of a dry run: of its base).
        public internal(set) var newBytes = 0
        /// Keys.
        public internal(set) var keys = 0
        /// Commands that were replayed.
        public internal(set) var commands = 0
        /// The last sequence.
        public internal(set) var sequence: UInt64 = 0
        /// The digest of the data, in hexadecimal.
        public internal(set) var digest = ""
        /// What fills the log, where that was asked for.
        public internal(set) var statistics: LogStatistics?
        /// New files.
        public internal(set) var files: [String] = []
        /// Files that were removed.
        public internal(set) var removed: [String] = []
        /// What the load told.
        public internal(set) var warnings: [String] = []
        /// Whether nothing was written.
        public internal(set) var isDryRun = false
    }

    /// Databases of the server that would load it.
    public var databases = 16
    /// How the base is written.
    public var base = OfflineRewrite.Base.commands
    /// Write nothing.
    public var isDryRun = false
    /// Say what fills the log.
    public var wantsStatistics = false
    /// Keys named in the statistics.
    public var topKeys = 10
    /// Told how far a pass is.
    public var progress: (RecoveryProgress) -> Void = { _ in }

    private let disk: any FileSystem
    private let clock = SystemClock()

    /// A compaction.
    public init(_ disk: any FileSystem = SystemFileSystem()) { self.disk = disk }

    /// Compacts what is at `path`; to `output`, or in place where that is nil.
    ///
    /// - Throws: what prevents a start, `.locked` where a server runs, `.conflict`, `.io`.
    public func run(_ path: String, to output: String?) throws -> Report {
        let source = try LogSource.find(path, disk)
        if source.shape == .nothing {
            throw ToolFailure(.unusable, "There is no append-only log in \(path)")
        }
        let isInPlace = output == nil && !isDryRun
        if isInPlace && source.shape == .file {
            throw ToolFailure(
                .usage, "A single file is compacted into a new directory: give --output")
        }
        let directory =
            isInPlace ? try DataDirectory(path: source.directory, fileSystem: disk) : nil
        defer { directory?.release() }
        let engine = Engine(databases: databases, clock: clock)
        let verdict = ServerVerdict.of(
            source, into: engine.replayTarget(), disk, clock: clock, progress: progress)
        try check(verdict, source)
        var report = Report()
        report.warnings = verdict.warnings
        report.commands = verdict.commands
        report.sequence = verdict.sequence
        report.oldBytes = try source.bytes(disk)
        report.isDryRun = isDryRun
        if wantsStatistics {
            report.statistics = try LogStatistics(
                source, vocabulary: EngineVocabulary(engine), topKeys: topKeys, disk,
                progress: progress)
        }
        engine.refreshTime()
        let view = engine.freeze()
        let digest = try DatasetDigest.of(view).digest
        report.digest = digest.root.hex
        report.keys = engine.keyspace.keyCount
        let writing = InterruptibleDisk(self.disk)
        defer { writing.finish() }
        let rewrite = OfflineRewrite(writing, clock: clock)
        if isDryRun {
            report.newBytes = try rewrite.predict(view, sequence: verdict.sequence, as: base)
            return report
        }
        let verify = { (fresh: LogSource) throws(PersistenceError) in
            try self.verify(fresh, digest, view.frozenAt, verdict.sequence)
        }
        let written: OfflineRewrite.Report
        if let directory {
            written = try rewrite.replace(
                source, directory, with: view, sequence: verdict.sequence, as: base, verify: verify)
        } else {
            written = try rewrite.write(
                view, sequence: verdict.sequence, as: base, to: output ?? "", verify: verify)
        }
        report.newBytes = written.bytes
        report.files = written.files
        report.removed = written.removed
        return report
    }

    /// Only what a server would load whole is compacted: a compaction must not make damage final.
    private func check(_ verdict: ServerVerdict, _ source: LogSource) throws {
        let place = verdict.path.map { " (\($0), offset \(verdict.offset ?? 0))" } ?? ""
        switch verdict.outcome {
        case .starts where verdict.foundData: return
        case .starts:
            throw ToolFailure(
                .unusable, verdict.warnings.first ?? "There is no data in \(source.path)")
        case .cuts:
            throw ToolFailure(
                .damaged,
                "The log ends with an unfinished tail\(place): cut it with 'aof-check --fix', or "
                    + "salvage it")
        case .refuses:
            throw ToolFailure(
                verdict.isSystemFailure ? .io : .damaged,
                "A server would not load it: \(verdict.message)\(place). See 'aof-check'")
        }
    }

    private func verify(
        _ fresh: LogSource, _ digest: DatasetDigest, _ frozenAt: Deadline, _ sequence: UInt64
    ) throws(PersistenceError) {
        let engine = Engine(databases: databases, clock: clock)
        let last = try fresh.replayParts(into: engine.replayTarget(), disk)
        let again: DatasetDigest
        do {
            again = try DatasetDigest.of(engine.freeze(), at: frozenAt).digest
        } catch {
            throw PersistenceError(.io, "\(error)", path: fresh.path)
        }
        if again == digest && last == sequence { return }
        throw PersistenceError(
            .corrupt, "What was written reads back as other data: the old log stays as it is",
            path: fresh.parts.first?.path)
    }
}

extension LogCompaction.Report {
    /// Bytes that a compaction frees.
    public var deadBytes: Int { max(0, oldBytes - newBytes) }
    /// The part of the log that is dead.
    public var garbageRatio: Double {
        oldBytes == 0 ? 0 : Double(deadBytes) / Double(oldBytes)
    }

    /// The report as text.
    public func printText() throws(PersistenceError) {
        let out = Output.standard
        for warning in warnings { try out.line(Terminal.styled("warning: ", .warning) + warning) }
        if let statistics {
            try out.line("commands by bytes:")
            for command in statistics.commands.prefix(10) {
                try out.line(
                    "  \(command.name)  \(Figures.counted(command.records, "record"))  "
                        + Figures.size(command.bytes))
            }
            try out.line("keys by bytes:")
            for key in statistics.keys {
                let more = key.error > 0 ? " (or up to \(Figures.size(key.error)) more)" : ""
                try out.line(
                    "  \(LogCheckText.quoted(key.key))  \(Figures.counted(key.records, "record"))  "
                        + Figures.size(key.bytes) + more)
            }
            try out.line(
                "dead: \(Figures.size(deadBytes)) of \(Figures.size(oldBytes)), "
                    + "\(Figures.fixed(garbageRatio * 100, 1)) %")
        }
        try out.line(
            "\(Figures.counted(keys, "key")) from \(Figures.counted(commands, "command")), digest \(digest)"
        )
        try out.line(
            "\(Figures.size(oldBytes)) \(isDryRun ? "would become" : "became") \(Figures.size(newBytes))"
        )
        for file in files { try out.line("wrote \(file)") }
        for file in removed { try out.line("removed \(file)") }
    }

    /// The report as a document.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("dryRun", .bool(isDryRun)), ("oldBytes", .integer(oldBytes)),
            ("newBytes", .integer(newBytes)), ("deadBytes", .integer(deadBytes)),
            ("garbageRatio", .number(garbageRatio)), ("keys", .integer(keys)),
            ("commands", .integer(commands)), ("sequence", LogCheckReport.number(sequence)),
            ("digest", .string(digest)), ("files", .array(files.map { .string($0) })),
            ("removed", .array(removed.map { .string($0) })),
            ("warnings", .array(warnings.map { .string($0) })),
        ]
        if let statistics {
            members.append(
                (
                    "commandsByBytes",
                    .array(
                        statistics.commands.map {
                            .object([
                                ("command", .string($0.name)), ("records", .integer($0.records)),
                                ("bytes", .integer($0.bytes)),
                            ])
                        })
                ))
            members.append(
                (
                    "keysByBytes",
                    .array(
                        statistics.keys.map {
                            .object([
                                ("key", .bytes($0.key)), ("records", .integer($0.records)),
                                ("bytes", .integer($0.bytes)), ("error", .integer($0.error)),
                            ])
                        })
                ))
        }
        return .object(members)
    }
}
