/// How much is logged: the words of `loglevel`, and the mark each leaves in a line.

/// The importance of a line, and the least importance that is written.
public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// For developers.
    case debug
    /// Rarely useful.
    case verbose
    /// What one wants to know in production.
    case notice
    /// What one must know.
    case warning
    /// Write nothing at all; no line has this level.
    case nothing

    /// The mark between time and message.
    var mark: Character {
        switch self {
        case .debug: "."
        case .verbose: "-"
        case .notice: "*"
        case .warning, .nothing: "#"
        }
    }

    /// The place in the order, least important first.
    var rank: UInt8 {
        switch self {
        case .debug: 0
        case .verbose: 1
        case .notice: 2
        case .warning: 3
        case .nothing: 4
        }
    }

    /// Less important first.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }
}
