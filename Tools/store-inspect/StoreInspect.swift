/// `store-inspect`: what is in a data directory, a snapshot or a log; one key, its history, differences.
import ArgumentParser
import Backends
import Bytes
import Digest
import Offline
import Persistence
import Records

@main
struct StoreInspect: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-inspect",
        abstract: "Shows what is in a data directory, a snapshot or a log.",
        discussion: """
            Of a directory: which files a server would load, which are orphaned, unfinished, newer, foreign. Of its data: \
            keys by type, sizes, times to live, the biggest keys, prefixes, the memory they take. Nothing is changed.

            EXAMPLES
              store-inspect /var/lib/redis
              store-inspect dump.rdb --key user:1 --db 0
              store-inspect data --history user:1          every change of a key, from the log
              store-inspect --diff old.rdb new.hfz         which keys differ, and how
              store-inspect --diff old.rdb new.rdb --resp | redis-cli --pipe

            EXIT CODES
              0 good, or no difference; 1 something is to be known, or there are differences, or no such key; 2 damage; \
            3 can't be read; 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @Argument(
        help: "A file, a data directory, a log's folder or manifest; two of them for --diff.",
        completion: .file())
    var paths: [String]

    @Option(help: ArgumentHelp("Print this key's entry.", valueName: "name"))
    var key: String?

    @Option(help: ArgumentHelp("Print every change of this key in a log.", valueName: "name"))
    var history: String?

    @Flag(help: "Print how the first path differs from the second.")
    var diff = false

    @Flag(help: "With --diff: the commands that turn the first into the second.")
    var resp = false

    @Option(help: "The database of --key and --history; otherwise all.")
    var db: Int?

    @Option(help: "Differences that are named.")
    var limit = 100

    @Option(help: "Databases of the sandbox that logs are executed in.")
    var databases = 1024

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if paths.count != (diff ? 2 : 1) {
            throw ValidationError(diff ? "--diff takes two paths." : "One path is needed.")
        }
        if [key != nil, history != nil, diff].count(where: { $0 }) > 1 {
            throw ValidationError("--key, --history and --diff exclude each other.")
        }
        if resp && !diff { throw ValidationError("--resp goes with --diff.") }
    }

    func work() throws -> ExitStatus {
        let bar = ProgressBar(paths[0], isWanted: common.showsProgress)
        let progress = ProgressRelay(bar)
        var options = OpenDataset.Options()
        options.databases = databases
        options.progress = { progress.move($0) }
        defer { bar.finish() }
        if diff { return try compare(options, bar) }
        if let key { return try show(Array(key.utf8), options, bar) }
        if let history { return try follow(Array(history.utf8), bar) }
        return try survey(options, bar)
    }

    // MARK: The whole

    private func survey(_ options: OpenDataset.Options, _ bar: ProgressBar) throws -> ExitStatus {
        let disk = SystemFileSystem()
        var path = paths[0]
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        let isDirectory = try disk.status(path)?.isDirectory == true
        let place: DatasetPlace
        do throws(PersistenceError) {
            place = try DatasetPlace.find(path)
        } catch {
            if isDirectory && !common.json {
                for line in StoreReport.text(try DirectorySurvey(path, nil)) {
                    try Output.standard.line(line)
                }
            }
            throw error
        }
        let survey = isDirectory ? try DirectorySurvey(path, place) : nil
        let dataset = try OpenDataset(path, options)
        let statistics = try DatasetStatistics(dataset.view, now: SystemClock().now)
        bar.finish()
        let report = StoreReport(survey, dataset, statistics)
        if common.json {
            try Output.standard.line(report.json.document)
        } else {
            for line in report.text { try Output.standard.line(line) }
        }
        if !dataset.damages.isEmpty { return .damaged }
        return report.warnings.isEmpty ? .good : .warnings
    }

    // MARK: One key

    private func show(
        _ name: [UInt8], _ options: OpenDataset.Options, _ bar: ProgressBar
    ) throws -> ExitStatus {
        let found = try KeyLookup.find(name, database: db, in: paths[0], options)
        bar.finish()
        if common.json {
            let list = found.map { KeyLookup.json($0.database, name, $0.entry) }
            try Output.standard.line(JSONValue.array(list).document)
        } else {
            for item in found {
                for line in KeyLookup.text(item.database, name, item.entry) {
                    try Output.standard.line(line)
                }
            }
        }
        if found.isEmpty { Output.tell("store-inspect: there is no such key in \(paths[0])") }
        return found.isEmpty ? .warnings : .good
    }

    private func follow(_ name: [UInt8], _ bar: ProgressBar) throws -> ExitStatus {
        let disk = SystemFileSystem()
        guard case .log = try DatasetPlace.find(paths[0]) else {
            throw ToolFailure(.unusable, "\(paths[0]) is no log: only a log knows what was before")
        }
        var changes: [JSONValue] = []
        var count = 0
        let isJSON = common.json
        let damages = try KeyHistory.run(
            try LogSource.find(paths[0], disk), key: name, database: db, withHistory: true,
            vocabulary: EngineVocabulary(), disk,
            progress: { bar.move(to: $0.loadedBytes, of: $0.totalBytes) }
        ) { (change) throws(PersistenceError) in
            count += 1
            if isJSON {
                changes.append(change.json)
            } else {
                bar.finish()
                try Output.standard.line(change.text)
            }
        }
        bar.finish()
        if isJSON {
            try Output.standard.line(
                JSONValue.object([
                    ("changes", .array(changes)),
                    ("damages", .array(damages.map { .string($0) })),
                ]).document)
        } else {
            for damage in damages { Output.tell("store-inspect: \(damage)") }
        }
        if !damages.isEmpty { return .damaged }
        return count == 0 ? .warnings : .good
    }

    // MARK: Differences

    private func compare(_ options: OpenDataset.Options, _ bar: ProgressBar) throws -> ExitStatus {
        let left = DatasetEntries(try OpenDataset(paths[0], options))
        let right = DatasetEntries(try OpenDataset(paths[1], options))
        let comparison = try DatasetComparison(left, right)
        bar.finish()
        if resp {
            let output = Output.standard
            try comparison.appendCommands(making: right, to: output.buffer) { try output.settle() }
        } else {
            let explanations = try comparison.explanations(left, right, limit: limit)
            if common.json {
                try Output.standard.line(comparison.json(explanations).document)
            } else {
                for line in comparison.text(explanations, limit: limit) {
                    try Output.standard.line(line)
                }
            }
        }
        if resp && comparison.isPartial {
            throw ToolFailure(.unusable, "There are too many differences to tell them all")
        }
        return comparison.isSame ? .good : .differ
    }
}
