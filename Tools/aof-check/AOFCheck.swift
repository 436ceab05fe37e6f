/// `aof-check`: checks append-only files, says what a server would do with them, and saves what can be saved.
import ArgumentParser
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

            EXIT CODES
              0 good, 1 warnings, 2 damage that can be salvaged, 3 unusable, 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    @Argument(help: "A data directory, the folder of a log, a manifest, or one file.")
    var path: String

    @Flag(
        inversion: .prefixedNo, exclusivity: .exclusive,
        help: "Execute every command in a sandbox (default for directories and manifests).")
    var replay: Bool?

    @Option(help: "Databases of the server that would load the log.")
    var databases = 16

    func work() throws -> ExitStatus {
        var check = LogCheck()
        check.replays = replay
        check.databases = databases
        let bar = ProgressBar(path, isWanted: common.showsProgress)
        check.progress = { _, progress in
            bar.move(to: progress.loadedBytes, of: progress.totalBytes)
        }
        let report = try check.run(path)
        bar.finish()
        if common.json {
            try Output.standard.line(report.json.document)
        } else {
            try report.printText(isQuiet: common.quiet)
        }
        return report.status
    }
}
