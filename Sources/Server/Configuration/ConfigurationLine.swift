/// One line of configuration and where it stands, and what is wrong with one.
///
/// Errors keep Redis's form, which harnesses look for, and add the one thing it lacks: the file.

/// A line that isn't blank and no comment.
struct ConfigurationLine {
    /// Where lines come from.
    enum Source: Hashable, Sendable {
        case file(String)
        case standardInput
        case commandLine
    }

    let source: Source
    /// Counted from 1, in its source; options are counted on behind the files, as Redis counts them.
    let number: Int
    /// The text, blanks at both ends gone.
    let text: [UInt8]
}

/// Why the configuration can't be used; the server doesn't start.
public struct ConfigurationError: Error, Sendable, Hashable {
    /// The line at fault, where there is one.
    public struct Place: Sendable, Hashable {
        /// The file, nil for the command line and standard input.
        public let file: String?
        /// The line's number, from 1.
        public let line: Int
        /// The line's text.
        public let text: String
    }

    /// What is wrong.
    public let reason: String
    /// Where.
    public let place: Place?
    /// A file that couldn't be read at all: logged as a line, without the banner.
    public let unreadableFile: String?

    init(_ reason: String, at line: ConfigurationLine? = nil) {
        self.reason = reason
        self.unreadableFile = nil
        self.place = line.map { line in
            var file: String?
            if case .file(let path) = line.source { file = path }
            return Place(
                file: file, line: line.number, text: String(decoding: line.text, as: UTF8.self))
        }
    }

    init(unreadable path: String, _ reason: String) {
        self.reason = reason
        self.place = nil
        self.unreadableFile = path
    }

    /// The text for standard error, in Redis's form; `product` as "Redis 7.2.5".
    public func report(product: String) -> String {
        if let path = unreadableFile {
            return "Fatal error, can't open config file '\(path)': \(reason)\n"
        }
        var report = "\n*** FATAL CONFIG FILE ERROR (\(product)) ***\n"
        if let place {
            report += "Reading the configuration file, at line \(place.line)\n"
            report += ">>> '\(place.text)'\n"
        }
        report += "\(reason)\n"
        if let file = place?.file { report += "The file is \(file)\n" }
        return report
    }
}
