/// `restore-verify`: restores a backup into a sandbox and proves what is in it.
import ArgumentParser
import Offline

@main
struct RestoreVerify: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-verify",
        abstract: "Restores a backup into a sandbox and proves what is in it.",
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus { .good }
}
