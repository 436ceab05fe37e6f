/// `aof-rewrite`: compacts an append-only file without a server.
import ArgumentParser
import Offline

@main
struct AOFRewrite: ToolCommand {
    static let configuration = CommandConfiguration(
        commandName: "aof-rewrite", abstract: "Compacts an append-only file without a server.",
        version: ToolVersion.text)

    @OptionGroup var common: CommonOptions

    func work() throws -> ExitStatus { .good }
}
