/// `aof-check`: checks append-only files, says what a server would do with them, and saves what can be saved.
import ArgumentParser
import Backends
import Offline
import Persistence

@main
struct AOFCheck: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "aof-check",
        abstract:
            "Checks append-only files, says what a server would do with them, and saves what can be saved.",
        discussion: """
            Reads logs of Holdfast, Redis and Valkey: a data directory, the folder of a log, a manifest, or \
            one file. Nothing is changed unless --fix is given.

            EXAMPLES
              aof-check /var/lib/redis                 structure, checksums, and every command replayed
              aof-check --no-replay appendonly.aof     structure alone, as fast as the disk
              aof-check --fix appendonly.aof           cut an unfinished tail
              aof-check --salvage saved /var/lib/redis keep every record outside the damage
              aof-check --before-command FLUSHALL --output before /var/lib/redis
              aof-check --truncate-to 2024-06-01T12:00:00Z --output before /var/lib/redis

            EXIT CODES
              0 good, 1 warnings, 2 damage that can be salvaged, 3 unusable, 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    @Argument(
        help:
            "A data directory, the folder of a log, a manifest, or one file (- for standard input)."
    )
    var path: String

    @Flag(
        inversion: .prefixedNo, exclusivity: .exclusive,
        help: "Execute every command in a sandbox (default for directories and manifests).")
    var replay: Bool?

    @Option(help: "Databases of the server that would load the log.")
    var databases = 16

    @Flag(help: "Cut an unfinished tail, as the next start would; nothing else is touched.")
    var fix = false

    @Flag(name: .shortAndLong, help: "Don't ask before --fix.")
    var yes = false

    @Option(
        help: ArgumentHelp(
            "Write every record outside the damage to a new directory (of one file: to a new file).",
            valueName: "out"))
    var salvage: String?

    @Option(
        help: ArgumentHelp(
            "Write the log as it was: behind a sequence (12345), or at a time (@1717245296, "
                + "2024-06-01T12:34:56Z).", valueName: "point"))
    var truncateTo: String?

    @Option(
        help: ArgumentHelp(
            "Write the log as it was before the last command of this name.", valueName: "name"))
    var beforeCommand: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where --truncate-to and --before-command write; must not be there yet.",
            valueName: "out"))
    var output: String?

    @Flag(help: "Print and exit as redis-check-aof 7.0 does.")
    var compat = false

    func validate() throws {
        let writes = [fix, salvage != nil, truncateTo != nil, beforeCommand != nil].filter { $0 }
        if writes.count > 1 {
            throw ValidationError(
                "--fix, --salvage, --truncate-to and --before-command exclude each other.")
        }
        let goesBack = truncateTo != nil || beforeCommand != nil
        if goesBack != (output != nil) {
            throw ValidationError("--truncate-to and --before-command go with --output.")
        }
        if compat && (writes.count > (fix ? 1 : 0) || common.json) {
            throw ValidationError("--compat goes with --fix at most.")
        }
        if let truncateTo, PointText.parse(truncateTo) == nil {
            throw ValidationError("'\(truncateTo)' is neither a sequence nor a time.")
        }
        if path == "-" && fix { throw ValidationError("--fix has no file to cut.") }
        if databases < 1 || databases > 1 << 20 {
            throw ValidationError("No such number of databases.")
        }
    }

    mutating func work() throws -> ExitStatus {
        path = try ScratchFile.input(path)
        if compat { return try CompatCheck(path: path, fixes: fix, asks: !yes).run() }
        if let salvage { return try save(to: salvage) }
        if let output { return try goBack(to: output) }
        let report = try check()
        if fix { return try fix(report) }
        try show(report)
        return report.status
    }

    private var bar: ProgressBar { ProgressBar(path, isWanted: common.showsProgress) }

    private func check() throws -> LogCheckReport {
        var check = LogCheck()
        check.replays = fix ? true : replay
        check.databases = databases
        let bar = bar
        check.progress = { _, progress in
            bar.move(to: progress.loadedBytes, of: progress.totalBytes)
        }
        defer { bar.finish() }
        return try check.run(path)
    }

    private func show(_ report: LogCheckReport) throws {
        if common.json {
            try Output.standard.line(report.json.document)
        } else {
            try report.printText(isQuiet: common.quiet)
        }
    }

    private func fix(_ report: LogCheckReport) throws -> ExitStatus {
        try show(report)
        guard report.holdfast.outcome == .cuts else {
            if report.status.rawValue < ExitStatus.damaged.rawValue { return report.status }
            throw ToolFailure(
                report.status, "This is no unfinished tail, so --fix changes nothing; see --salvage"
            )
        }
        if report.readableBytesCut > 0 && !yes {
            throw ToolFailure(
                .damaged,
                "Records can still be read in what would be cut: use --salvage, or --yes to cut "
                    + "them all the same")
        }
        if !yes && Terminal.isInput {
            try Output.standard.flush()
            Output.tell("Cut \(report.holdfast.cutBytes) bytes? [y/N]")
            guard readLine()?.lowercased().hasPrefix("y") == true else {
                throw ToolFailure(.damaged, "Nothing was changed")
            }
        }
        try LogActions(databases: databases).fix(report)
        if !common.json { try Output.standard.line("Cut \(report.holdfast.cutBytes) bytes") }
        return .good
    }

    private func save(to output: String) throws -> ExitStatus {
        let actions = LogActions(databases: databases)
        let bar = bar
        defer { bar.finish() }
        let report = try actions.salvage(actions.find(path), to: output) {
            bar.move(to: $0.loadedBytes, of: $0.totalBytes)
        }
        bar.finish()
        try tell(report.json) { try report.printText() }
        return report.status
    }

    private func tell(_ json: JSONValue, text: () throws -> Void) throws {
        if common.json {
            try Output.standard.line(json.document)
        } else if !common.quiet {
            try text()
        }
    }

    private func goBack(to output: String) throws -> ExitStatus {
        let actions = LogActions(databases: databases)
        let bar = bar
        defer { bar.finish() }
        let report = try actions.goBack(actions.find(path), to: point, output: output) {
            bar.move(to: $0.loadedBytes, of: $0.totalBytes)
        }
        bar.finish()
        try tell(report.json) { try report.printText() }
        return .good
    }

    private var point: PointInTime.Point {
        if let beforeCommand { return .before(beforeCommand) }
        switch truncateTo.flatMap(PointText.parse) {
        case .sequence(let number)?: return .sequence(number)
        case .time(let milliseconds)?: return .time(milliseconds)
        case nil: return .sequence(.max)
        }
    }
}
