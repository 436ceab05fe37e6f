/// `restore-verify`: restores a backup into a sandbox, checks all of it, and compares it with another dataset.
import ArgumentParser
import Digest
import Offline
import Persistence
import Records

@main
struct RestoreVerify: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-verify",
        abstract: "Restores a backup into a sandbox, checks all of it, and compares it.",
        discussion: """
            Builds the data in memory as a server would, checks every checksum and the digest, and says PASS or FAIL with \
            the time a restoration takes here. --against compares with another file, a directory, or a running server: \
            ours through its digest, any Redis by SCAN and DUMP (it must not be written to meanwhile; what has expired \
            counts on neither side). --start starts a real holdfast-server on a copy.

            EXAMPLES
              restore-verify backup.hfz
              restore-verify dump.rdb --against redis://127.0.0.1:6379
              restore-verify --start /backups/2026-11-23.rdb

            EXIT CODES
              0 good, or the same; 1 they differ; 2 damaged; 3 can't be restored or compared; 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @Argument(
        help: "A file, a data directory, a log's folder or manifest, or -.", completion: .file())
    var backup: String

    @Option(
        help: ArgumentHelp(
            "Another file or directory, or redis://[user:password@]host[:port][/db].",
            valueName: "other"), completion: .file())
    var against: String?

    @Flag(help: "Start a holdfast-server on a copy, and ask it.")
    var start = false

    @Option(
        help: "The server for --start; otherwise the one beside this tool, or on PATH.",
        completion: .file())
    var server: String?

    @Option(help: "Databases of the server that would restore it.")
    var databases = 1024

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus {
        let address = try against.flatMap { (text) throws(ToolFailure) in try ServerAddress(text) }
        let bar = ProgressBar(backup, isWanted: common.showsProgress)
        let progress = ProgressRelay(bar)
        let place = try ScratchFile.input(backup)
        var options = OpenDataset.Options()
        options.loads = true
        options.databases = databases
        options.progress = { progress.move($0) }
        let dataset: OpenDataset
        do {
            dataset = try OpenDataset(place, options)
        } catch let error as PersistenceError {
            bar.finish()
            return try failed(error)
        }
        var check = RestoreCheck(dataset)
        try compare(&check, address, options)
        bar.finish()
        if start { try tryStart(&check) }
        if common.json {
            try Output.standard.line(check.json.document)
        } else if !common.quiet || check.status != .good {
            for line in check.text { try Output.standard.line(line) }
        }
        return check.status
    }

    private func compare(
        _ check: inout RestoreCheck, _ address: ServerAddress?, _ options: OpenDataset.Options
    ) throws {
        guard let against else { return }
        if let address {
            // A server answers only for what hasn't expired.
            var selection = Selection()
            selection.expired = .drop
            selection.now = SystemClock().now
            selection.databases = address.onlyDatabase.map { [$0] }
            let live = try LiveDataset(address)
            if !live.tellsDeadlines {
                selection.deadlines = .drop
                check.warn("\(live.title) is too old to tell deadlines: they are not compared")
            }
            try check.compare(with: live, selection)
        } else {
            var options = options
            options.loads = false
            let other: OpenDataset
            do {
                other = try OpenDataset(against, options)
            } catch let error as PersistenceError {
                throw ToolFailure(.unusable, "Can't compare: \(error.description)")
            }
            try check.compare(with: DatasetEntries(other), Selection())
        }
    }

    private func tryStart(_ check: inout RestoreCheck) throws {
        guard let path = server ?? ServerTrial.find() else {
            throw ToolFailure(
                .unusable,
                "There is no holdfast-server beside this tool or on PATH: name it with --server")
        }
        let trial = try ServerTrial(check.dataset.place)
        let result = try trial.run(
            path, engine: check.dataset.place.engineName, databases: databases)
        let now = SystemClock().now
        check.judge(
            result, expected: try DatasetDigest.of(check.dataset.view, at: now).digest.root)
    }

    /// A backup that can't be restored.
    private func failed(_ error: PersistenceError) throws -> ExitStatus {
        let status: ExitStatus =
            switch error.code {
            case .corrupt, .tornTail: .damaged
            default: ToolFailure(error).status
            }
        if common.json {
            try Output.standard.line(
                JSONValue.object([
                    ("backup", .object([("path", .string(backup))])),
                    ("faults", .array([.string(error.description)])),
                    ("status", .integer(Int(status.rawValue))), ("pass", .bool(false)),
                ]).document)
        } else {
            try Output.standard.line(Terminal.styled("fault   ", .bad) + " \(error.description)")
            try Output.standard.line(Terminal.styled("FAIL", .bad))
        }
        return status
    }
}
