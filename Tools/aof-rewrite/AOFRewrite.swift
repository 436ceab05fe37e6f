/// `aof-rewrite`: compacts an append-only file without a server.
import ArgumentParser
import Backends
import Offline
import Persistence

@main
struct AOFRewrite: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "aof-rewrite",
        abstract: "Compacts an append-only file without a server.",
        discussion: """
            Replays the log into memory, writes what is left as a new base, reads that back and compares digests; only then \
            the old files go. LOG is a data directory, a log's folder, its manifest, or a single file; those of a real Redis \
            as well. Without --output the log is replaced in place: stop the server first (a server of ours holds a lock \
            that is looked at, a redis-server holds none).

            Examples:
              aof-rewrite --dry-run --stats data         what would be saved, and what fills the log
              aof-rewrite --output compacted data        a new data directory beside the old one
              aof-rewrite /var/lib/redis/appendonlydir   in place

            Exit codes: 0 done; 1 done, with warnings (an unfinished tail was left out); 3 the log can't be read or is \
            locked; 64 usage; 74 I/O.
            """,
        version: ToolVersion.text)

    @Argument(help: "Data directory, log folder, manifest or file.", completion: .file())
    var log: String

    @Option(
        name: .shortAndLong,
        help: "Write a new data directory (a new file where LOG is a file) and leave LOG alone.",
        completion: .file())
    var output: String?

    @Flag(
        name: [.customShort("n"), .long],
        help: "Write nothing; compute how large the new log would be.")
    var dryRun = false

    @Flag(help: "Tell what fills the log: dead bytes, commands, keys.")
    var stats = false

    @Option(
        help:
            "What a new base is written as: rdb, or commands, which any Redis since 7.0 reads too.")
    var base = Base.rdb

    @OptionGroup var common: CommonOptions

    enum Base: String, ExpressibleByArgument, CaseIterable {
        case rdb, commands
    }

    func validate() throws {
        if dryRun && output != nil {
            throw ValidationError("--dry-run writes nothing: it goes without --output.")
        }
    }

    func work() throws -> ExitStatus {
        let bar = ProgressBar(log, isWanted: common.showsProgress)
        let rewrite = LogRewrite(
            try LogSource.find(log, SystemFileSystem()), as: base == .rdb ? .snapshot : .commands
        ) { _, progress in
            bar.move(to: progress.loadedBytes, of: progress.totalBytes)
        }
        let destination: LogRewrite.Destination =
            dryRun ? .nowhere : output.map { .output($0) } ?? .inPlace
        let result = try rewrite.run(destination, withStatistics: stats)
        bar.finish()
        let report = LogRewriteReport(rewrite, result)
        if common.json {
            try Output.standard.line(report.json.document)
        } else if !common.quiet || report.hasWarnings {
            for line in report.text { try Output.standard.line(line) }
        }
        return report.hasWarnings ? .warnings : .good
    }
}
