/// What a tool's exit code says; the same for all of them.
///
/// The numbers are a promise to scripts. 64 and 74 are those of BSD's sysexits.h.
import Persistence

/// How a tool ended.
public enum ExitStatus: Int32, Sendable {
    /// All is well; of a comparison: both are the same.
    case good = 0
    /// All data is there, and there is something to know; of a comparison: they differ.
    case warnings = 1
    /// Something is damaged, and what lies around it can be saved.
    case damaged = 2
    /// Nothing can be read here; of a comparison: they can't be compared.
    case unusable = 3
    /// The options make no sense.
    case usage = 64
    /// The system failed to read or write.
    case io = 74
    /// Stopped by a signal (SIGINT); as a shell counts it.
    case interrupted = 130

    /// A comparison that found differences.
    public static let differ = ExitStatus.warnings

    /// The worse of two.
    public func worse(_ other: ExitStatus) -> ExitStatus {
        other.rawValue > rawValue ? other : self
    }
}

/// What ends a tool: a sentence for a person and a number for a script.
public struct ToolFailure: Error, CustomStringConvertible {
    /// How the tool ends.
    public let status: ExitStatus
    /// What to print behind the tool's name; empty: it was said already.
    public let description: String

    /// A failure.
    public init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}

extension ToolFailure {
    /// What a file or the system did wrong.
    public init(_ error: PersistenceError) {
        let status: ExitStatus =
            switch error.code {
            case .io, .locked: .io
            case .tornTail: .damaged
            case .corrupt, .unsupportedVersion, .unsupportedFormat, .conflict: .unusable
            }
        self.init(status, error.description)
    }
}
