/// What `aof-check` does beside looking: cutting a tail, salvaging, going back to a point.
import Backends
import Bytes
import Engine
import Persistence

/// Work on a log that writes.
public struct LogActions {
    private let disk: any FileSystem
    private let databases: Int
    private let vocabulary = EngineVocabulary()

    /// Actions with the databases that a server would have.
    public init(databases: Int, _ disk: any FileSystem = SystemFileSystem()) {
        self.databases = databases
        self.disk = disk
    }

    private func sandbox() -> LogSalvage.Sandbox {
        let engine = Engine(databases: databases, clock: SystemClock())
        return (engine.replayTarget(), { engine.freeze() })
    }

    /// Cuts an unfinished tail; only what the next start would cut.
    public func fix(_ report: LogCheckReport) throws(PersistenceError) {
        let engine = Engine(databases: databases, clock: SystemClock())
        try LogRepair.cutTail(
            report.source, report.holdfast, into: engine.replayTarget(), disk,
            clock: SystemClock())
    }

    /// Writes what can be saved to `output`.
    public func salvage(
        _ source: LogSource, to output: String,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> LogSalvage.Report {
        let disk = InterruptibleDisk(self.disk)
        defer { disk.finish() }
        let salvage = LogSalvage(
            source, vocabulary: vocabulary, disk, sandbox: sandbox)
        return try salvage.run(to: output, progress: progress)
    }

    /// Writes the log as it was at a point to `output`.
    public func goBack(
        _ source: LogSource, to point: PointInTime.Point, output: String,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> PointInTime.Report {
        let disk = InterruptibleDisk(self.disk)
        defer { disk.finish() }
        let way = PointInTime(source, vocabulary: vocabulary, disk, sandbox: sandbox)
        return try way.run(point, to: output, progress: progress)
    }

    /// Looks at a path.
    public func find(_ path: String) throws(PersistenceError) -> LogSource {
        try LogSource.find(path, disk)
    }
}

extension LogSalvage.Report {
    /// How the tool ends.
    public var status: ExitStatus { regions.isEmpty ? .good : .damaged }

    /// The report as text.
    public func printText() throws(PersistenceError) {
        let out = Output.standard
        for region in regions {
            try out.line("\(region.path):")
            for line in LogCheckText.lines(of: region) { try out.line("  " + line) }
        }
        try out.line(
            "kept: \(Figures.counted(records, "record"))"
                + (snapshotKeys > 0
                    ? ", \(Figures.counted(snapshotKeys, "key")) of a snapshot" : ""))
        if !suspectKeys.isEmpty {
            try out.line(
                "kept apart: \(Figures.counted(suspectRecords, "record")) of "
                    + "\(Figures.counted(suspectKeys.count, "suspect key"))"
                    + (healedRecords > 0 ? " (\(healedRecords) of them healed by a checksum)" : ""))
        }
        if maySuspectOthers {
            try out.line(
                "What is lost can't all be read: other keys, and a FLUSHALL, SWAPDB or RENAME, may "
                    + "have been in it")
        }
        for file in files { try out.line("wrote \(file)") }
    }

    /// The report as a document.
    public var json: JSONValue {
        .object([
            ("status", .integer(Int(status.rawValue))), ("records", .integer(records)),
            ("snapshotKeys", .integer(snapshotKeys)),
            ("suspectRecords", .integer(suspectRecords)),
            ("healedRecords", .integer(healedRecords)),
            (
                "suspectKeys",
                .array(
                    suspectKeys.sorted { $0.lexicographicallyPrecedes($1) }.map { .bytes($0) })
            ),
            ("mayTouchOtherKeys", .bool(maySuspectOthers)),
            ("regions", .array(regions.map(LogCheckReport.json))),
            ("files", .array(files.map { .string($0) })),
        ])
    }
}

extension PointInTime.Report {
    /// The report as text.
    public func printText() throws(PersistenceError) {
        let out = Output.standard
        if let base { try out.line("base: \(base)") }
        try out.line(
            "kept: \(Figures.counted(records, "record"))"
                + (sequence > 0 ? " up to sequence \(sequence)" : ""))
        try out.line("left out: \(Figures.counted(leftOut, "record"))")
        for file in files { try out.line("wrote \(file)") }
    }

    /// The report as a document.
    public var json: JSONValue {
        .object([
            ("base", .text(base)), ("records", .integer(records)), ("leftOut", .integer(leftOut)),
            ("sequence", LogCheckReport.number(sequence)),
            ("files", .array(files.map { .string($0) })),
        ])
    }
}
