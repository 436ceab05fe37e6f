/// `store-inspect`: shows what is in a directory, a log or a snapshot.
import ArgumentParser
import Offline

@main
struct StoreInspect: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-inspect",
        abstract: "Shows what is in a directory, a log or a snapshot.", version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus { .good }
}
