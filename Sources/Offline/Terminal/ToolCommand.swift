/// How a tool runs: options parsed, signals taken over, the work done, the result told as an exit code.
///
/// A tool is a `ToolCommand` with `@main`; swift-argument-parser gives it `--help`, `--version` and
/// `--generate-completion-script bash|zsh|fish`. Its errors of usage end with 64 as it has it.
import ArgumentParser
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A tool; `work` is all that one has to write.
public protocol ToolCommand: ParsableCommand {
    /// Does the work and says how it ended.
    ///
    /// - Throws: `ToolFailure`, `PersistenceError`; anything else is printed and ends with `.io`.
    mutating func work() throws -> ExitStatus
}

extension ToolCommand {
    /// Runs the tool; ends the process.
    public mutating func run() throws {
        Interruption.prepare()
        defer { ScratchFile.removeInputs() }
        var status: ExitStatus
        do {
            status = try work()
        } catch let failure as ToolFailure {
            status = Self.told(failure)
        } catch let error as PersistenceError {
            status = Self.told(ToolFailure(error))
        } catch let error as ValidationError {
            throw error
        } catch let error as ExitCode {
            throw error
        } catch {
            status = Self.told(ToolFailure(.io, "\(error)"))
        }
        do throws(PersistenceError) {
            try Output.standard.flush()
        } catch {
            status = Self.told(ToolFailure(error))
        }
        throw ExitCode(status.rawValue)
    }

    private static func told(_ failure: ToolFailure) -> ExitStatus {
        if !failure.description.isEmpty {
            Output.tell("\(_commandName): \(failure.description)")
        }
        return failure.status
    }
}

/// What every tool understands.
public struct CommonOptions: ParsableArguments {
    /// `--json`.
    @Flag(help: "Print one JSON document instead of text.")
    public var json = false

    /// `--quiet`.
    @Flag(name: [.short, .long], help: "No progress bar, and only what went wrong.")
    public var quiet = false

    /// The options as they are when nobody gives any.
    public init() {}

    /// Whether a progress bar is wanted.
    public var showsProgress: Bool { !json && !quiet }
}

/// What `--version` prints.
public enum ToolVersion {
    /// The version, as the server has it.
    public static let text = "Holdfast \(ProductVersion.text)"
}
