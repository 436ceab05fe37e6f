/// `snapshot-convert`: converts datasets between all formats.
import ArgumentParser
import Offline
import Persistence

@main
struct SnapshotConvert: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot-convert", abstract: "Converts datasets between all formats.",
        discussion: """
            Reads what Redis, Valkey and Holdfast write (the format is found by content), checks all of it, and \
            writes it as another format: under a hidden name, synced, read back, its digest compared; only then \
            the name appears. IN may be a data directory or a log, too; - is standard input or output.

            FORMATS
              json compressed sqlite aof        Holdfast's files; aof is a single log, aof-dir a data directory
              rdb, rdb:9 rdb:10 rdb:11 rdb:12   Redis's dump, in the lowest version that holds the data, or a given one
              ndjson resp csv                   texts: an entry a line; commands for redis-cli --pipe; a list of keys

            EXAMPLES
              snapshot-convert dump.rdb dump.json
              snapshot-convert /var/lib/redis backup.hfz
              snapshot-convert --match 'user:*' --type hash dump.rdb - --to ndjson | jq .key
              snapshot-convert --to resp dump.rdb - | redis-cli --pipe
              snapshot-convert --to rdb:9 --allow-loss new.rdb for-redis-6.rdb

            EXIT CODES
              0 good, 1 something was lost (with --allow-loss) or is to be known, 3 can't be read, or something \
            would be lost, or the output is there; 64 usage, 74 I/O
            """,
        version: ToolVersion.text)

    @Argument(
        help: "A file, a data directory, a log's folder or manifest, or -.", completion: .file())
    var input: String

    @Argument(help: "The new file (a new directory for aof-dir), or -.", completion: .file())
    var output: String

    @Option(help: "The format of IN, where its content is not to decide.")
    var from: String?

    @Option(help: "The format of OUT, where its name doesn't tell.")
    var to: String?

    @OptionGroup var choice: SelectionOptions

    @Flag(help: "Write what the target can hold, and leave out the rest.")
    var allowLoss = false

    @Flag(help: "Replace OUT if it is there.")
    var force = false

    @Option(help: "Databases of the sandbox that logs are executed in.")
    var databases = 1024

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus {
        let target =
            try to.map { (name) throws(ToolFailure) in try DatasetTarget(named: name) }
            ?? (output == "-" ? DatasetTarget(named: "ndjson") : DatasetTarget(forPath: output))
        var conversion = Conversion()
        conversion.allowsLoss = allowLoss
        conversion.replaces = force
        if output != "-" { try conversion.checkOutput(output) }
        let bar = ProgressBar(input, isWanted: common.showsProgress)
        let progress = ProgressRelay(bar)
        conversion.progress = { _, state in progress.move(state) }
        let place = try ScratchFile.input(input)
        var options = OpenDataset.Options()
        options.format = from
        options.databases = databases
        options.digests = !choice.isEverything || target.limits != ValueLimits()
        options.progress = { progress.move($0) }
        let source = try OpenDataset(place, options)
        conversion.selection = try choice.selection(of: source)
        let result = try conversion.run(
            source, as: target, to: output == "-" ? nil : output
        ) { losses in
            bar.finish()
            if !common.json { for line in ConversionReport.text(losses) { Output.tell(line) } }
        }
        bar.finish()
        return try tell(ConversionReport(result))
    }

    private func tell(_ report: ConversionReport) throws -> ExitStatus {
        // Standard output holds the data where it goes there.
        if common.json {
            if output == "-" {
                Output.tell(report.json.document)
            } else {
                try Output.standard.line(report.json.document)
            }
        } else if !common.quiet {
            for line in report.text {
                if output == "-" { Output.tell(line) } else { try Output.standard.line(line) }
            }
        }
        return report.hasWarnings ? .warnings : .good
    }
}
