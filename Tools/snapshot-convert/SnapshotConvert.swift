/// `snapshot-convert`: converts datasets between all formats.
import ArgumentParser
import Offline

@main
struct SnapshotConvert: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot-convert", abstract: "Converts datasets between all formats.",
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus { .good }
}
