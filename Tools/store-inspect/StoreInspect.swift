/// `store-inspect`: shows what is in a directory, a log or a snapshot.
import ArgumentParser
import Backends
import Bytes
import Offline
import Persistence

@main
struct StoreInspect: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-inspect",
        abstract: "Shows what is in a directory, a log or a snapshot.",
        discussion: """
            PATH is any data directory of Holdfast, Redis or Valkey, an append-only file, or a snapshot in any format \
            (rdb, json, compressed, sqlite, aof). Of a directory it tells which files a server would load and what the \
            others are; of the data, keys by type, memory, time to live, the biggest keys and prefixes. Nothing is changed.

            A key between double quotes may have \\xHH, \\n, \\r, \\t, \\a, \\b, \\" and \\\\ in it, as keys are printed.

            EXAMPLES
              store-inspect data                              what is here, and what is in it
              store-inspect --files data                      the files only: nothing is loaded
              store-inspect --key user:42 dump.rdb            one key with all it holds
              store-inspect --history user:42 data            every change of it that the log tells of
              store-inspect --diff old.rdb new.hfz            which keys differ, and how
              store-inspect --diff old.rdb data --format resp | redis-cli --pipe
                                                              turns the first into the second

            EXIT CODES
              0 good (of --diff: no difference; of --key and --history: found), 1 something to know (they differ; not \
            found), 3 nothing can be read, 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @Argument(
        help: "Directory, log or snapshot (- for standard input); with --diff two of them.",
        completion: .file())
    var paths: [String]

    @Flag(help: "Only what the files are; the data isn't loaded.")
    var files = false

    @Option(help: "Show one key with all it holds.")
    var key: String?

    @Option(help: "Show every change of one key that the log tells of, kept history included.")
    var history: String?

    @Flag(help: "Compare two datasets.")
    var diff = false

    @Option(
        help:
            "How --diff prints: text, json, or resp (commands that turn the first into the second)."
    )
    var format = Format.text

    @Option(help: "Only this database.")
    var db: Int?

    @Option(help: "How many of the biggest keys, or of the differing ones, are shown.")
    var top = 10

    @Option(help: "What separates the parts of keys.")
    var separator = ":"

    @OptionGroup var common: CommonOptions

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, resp
    }

    func validate() throws {
        if paths.count != (diff ? 2 : 1) {
            throw ValidationError(diff ? "--diff compares two paths." : "One path is expected.")
        }
        let modes = [files, key != nil, history != nil, diff].filter { $0 }.count
        if modes > 1 {
            throw ValidationError("--files, --key, --history and --diff exclude each other.")
        }
        if paths.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("There is one standard input.")
        }
        if separator.utf8.count != 1 { throw ValidationError("--separator is one byte.") }
        if top < 1 || top > 100_000 { throw ValidationError("--top is a number from 1 to 100000.") }
        if let db, db < 0 { throw ValidationError("--db is a number from 0 on.") }
    }

    mutating func work() throws -> ExitStatus {
        paths = try paths.map { try ScratchFile.input($0) }
        if diff { return try compare() }
        if let key { return try show(KeyText.parse(key)) }
        if let history { return try follow(KeyText.parse(history)) }
        return try overview()
    }

    private func progress(_ title: String) -> @Sendable (RecoveryProgress) -> Void {
        let bar = ProgressBar(title, isWanted: common.showsProgress)
        return { bar.move(to: $0.loadedBytes, of: $0.totalBytes) }
    }

    private func overview() throws -> ExitStatus {
        let path = paths[0]
        let out = Output.standard
        var doctor: StoreDoctor?
        if try SystemFileSystem().status(path)?.isDirectory == true {
            doctor = try StoreDoctor(path)
        }
        if files {
            guard let doctor else { throw ValidationError("--files looks at a directory.") }
            if common.json {
                try out.line(doctor.json.document)
            } else {
                for line in doctor.lines { try out.line(line) }
            }
            return doctor.engine == nil ? .unusable : doctor.isHealthy ? .good : .warnings
        }
        if !common.json, let doctor { for line in doctor.lines { try out.line(line) } }
        try out.flush()
        let reader = try StoreReader(path)
        let (engine, warnings) = try reader.engine(progress: progress(path))
        let separator = self.separator.utf8.first ?? 58
        let overview = try StoreOverview(engine, top: top, separator: separator, database: db)
        if common.json {
            var members: [(name: String, value: JSONValue)] = [
                ("source", .string(reader.description)), ("data", overview.json),
                ("warnings", .array(warnings.map { .string($0) })),
            ]
            if let doctor { members.insert(("directory", doctor.json), at: 0) }
            try out.line(JSONValue.object(members).document)
        } else {
            try out.line(reader.description)
            for warning in warnings {
                try out.line(Terminal.styled("warning", .warning) + "  \(warning)")
            }
            for line in overview.lines { try out.line(line) }
        }
        return warnings.isEmpty && doctor?.isHealthy ?? true ? .good : .warnings
    }

    private func show(_ key: [UInt8]) throws -> ExitStatus {
        let reader = try StoreReader(paths[0])
        let found = try reader.contents(of: key, database: db, progress: progress(paths[0]))
        if found.isEmpty {
            throw ToolFailure(.warnings, "\(paths[0]) has no key \(KeyText.quoted(key))")
        }
        if common.json {
            try Output.standard.line(JSONValue.array(found.map(\.json)).document)
        } else {
            for entry in found { for line in entry.lines { try Output.standard.line(line) } }
        }
        return .good
    }

    private func follow(_ key: [UInt8]) throws -> ExitStatus {
        let disk = SystemFileSystem()
        let source = try LogSource.find(paths[0], disk)
        let files = try source.files(disk)
        let history = try LogHistory.of(
            key, database: db, in: source, vocabulary: EngineVocabulary(), disk,
            progress: progress(paths[0]))
        let report = KeyHistoryReport(key, history)
        if common.json {
            try Output.standard.line(report.json.document)
        } else {
            for line in report.lines { try Output.standard.line(line) }
        }
        if history.changes.isEmpty {
            throw ToolFailure(
                .warnings, "\(files.count) files tell of no change of \(KeyText.quoted(key))")
        }
        return history.damages.isEmpty ? .good : .warnings
    }

    private func compare() throws -> ExitStatus {
        let readers = [try StoreReader(paths[0]), try StoreReader(paths[1])]
        let first = try readers[0].engine(progress: progress(paths[0]))
        let second = try readers[1].engine(progress: progress(paths[1]))
        for warning in first.warnings + second.warnings where !common.quiet {
            Output.tell("store-inspect: \(warning)")
        }
        let difference = try DatasetDifference(first.engine.freeze(), second.engine.freeze())
        let out = Output.standard
        switch common.json ? .json : format {
        case .text:
            for one in try difference.differences(limit: top) { try out.line(one.line) }
            let total = difference.counts.values.reduce(0, +)
            if total > top { try out.line("... \(Figures.counted(total - top, "more key"))") }
            try out.line(
                "\(Figures.counted(difference.equal, "key")) equal, "
                    + "\(Figures.count(difference.counts[.changed] ?? 0)) changed, "
                    + "\(Figures.count(difference.counts[.removed] ?? 0)) only in the first, "
                    + "\(Figures.count(difference.counts[.added] ?? 0)) only in the second")
        case .json:
            let keys = try difference.differences()
            let document = JSONValue.object([
                ("equal", .integer(difference.equal)),
                ("differences", .array(keys.map(\.json))),
            ])
            try out.line(document.document)
        case .resp: try difference.writeCommands(to: out.buffer) { try out.settle() }
        }
        return difference.isEmpty ? .good : .differ
    }
}
