/// `aof-rewrite`: compacts an append-only file without a server.
import ArgumentParser
import Backends
import Offline
import Persistence

@main
struct AOFRewrite: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "aof-rewrite", abstract: "Compacts an append-only file without a server.",
        discussion: """
            Loads a log of Holdfast, Redis or Valkey as a server would, and writes what is in it as a fresh \
            log: to a new directory, or in place. The result is read back and compared by digest before it \
            replaces anything. A damaged log is refused: see aof-check.

            EXAMPLES
              aof-rewrite --dry-run --stats /var/lib/redis   what a rewrite would free, and what fills the log
              aof-rewrite --output compact /var/lib/redis    a new data directory
              aof-rewrite /var/lib/redis                     in place; no server may run there

            EXIT CODES
              0 good, 1 warnings, 2 damaged (nothing was written), 3 unusable, 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    @Argument(
        help:
            "A data directory, the folder of a log, a manifest, or one file (- for standard input)."
    )
    var path: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The data directory to write; must not be there yet. Without it the log is rewritten in place.",
            valueName: "dir"))
    var output: String?

    @Flag(
        name: [.customShort("n"), .long], help: "Write nothing: say how large the result would be.")
    var dryRun = false

    @Flag(help: "Say how much of the log is dead, and which keys and commands fill it.")
    var stats = false

    @Option(help: "Keys that --stats names.")
    var top = 10

    @Flag(
        help: "Write the base as a snapshot in Redis's format instead of commands with checksums.")
    var rdb = false

    @Option(help: "Databases of the server that would load the log.")
    var databases = 16

    func validate() throws {
        if dryRun && output != nil {
            throw ValidationError("--dry-run writes nothing to --output.")
        }
        if path == "-" && !dryRun && output == nil {
            throw ValidationError("Standard input can't be rewritten in place: name an --output.")
        }
        if top < 0 || top > 4096 { throw ValidationError("--top is 0 to 4096.") }
        if databases < 1 || databases > 1 << 20 {
            throw ValidationError("No such number of databases.")
        }
    }

    mutating func work() throws -> ExitStatus {
        path = try ScratchFile.input(path)
        var compaction = LogCompaction()
        compaction.databases = databases
        compaction.base = rdb ? .snapshot : .commands
        compaction.isDryRun = dryRun
        compaction.wantsStatistics = stats
        compaction.topKeys = top
        let bar = ProgressBar(path, isWanted: common.showsProgress)
        compaction.progress = { bar.move(to: $0.loadedBytes, of: $0.totalBytes) }
        defer { bar.finish() }
        let report = try compaction.run(path, to: output)
        bar.finish()
        if common.json {
            try Output.standard.line(report.json.document)
        } else if !common.quiet {
            try report.printText()
        }
        return report.warnings.isEmpty ? .good : .warnings
    }
}
