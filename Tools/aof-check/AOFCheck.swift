/// `aof-check`: checks append-only files, says what a server would do with them, and saves what can be saved.
import ArgumentParser
import Offline

@main
struct AOFCheck: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "aof-check",
        abstract:
            "Checks append-only files, says what a server would do with them, and saves what can be saved.",
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus { .good }
}
