/// The terminal, if there is one: whether output is seen by a person, how wide it is, colours.
///
/// Colours only where standard output is a terminal, `NO_COLOR` is not set and `TERM` isn't `dumb`.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a stream of the process is connected to.
public enum Terminal {
    /// Whether standard output is a terminal.
    public static let showsOutput = isatty(STDOUT_FILENO) == 1
    /// Whether standard error is a terminal.
    public static let showsErrors = isatty(STDERR_FILENO) == 1
    /// Whether standard input is a terminal: nobody pipes anything in.
    public static let isInput = isatty(STDIN_FILENO) == 1

    /// Columns of the terminal behind standard error, 80 where nobody knows.
    public static var columns: Int {
        var size = winsize()
        // SAFETY: the call fills the structure it is given.
        guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// The value of an environment variable.
    static func environment(_ name: String) -> String? {
        // SAFETY: the text is copied before anybody can change the environment; no other thread does.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    private static let hasColours =
        showsOutput && environment("NO_COLOR") == nil && environment("TERM") != "dumb"

    /// What a piece of text means.
    public enum Style: String, Sendable {
        /// A verdict that is good.
        case good = "32"
        /// Something to know.
        case warning = "33"
        /// Something wrong.
        case bad = "31"
        /// A heading.
        case strong = "1"
        /// Detail.
        case faint = "2"
    }

    /// The text in a style, plain where nobody sees colours.
    public static func styled(_ text: String, _ style: Style) -> String {
        hasColours ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }
}
