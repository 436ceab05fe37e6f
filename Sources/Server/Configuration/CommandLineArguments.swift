/// The server's command line: `[FILE] [--directive value ...] [-]`, as Redis reads it.
///
///     holdfast-server redis.conf --port 7777 --save 900 1 300 10 --save '' "--appendfsync always" -
///
/// Options become lines of configuration behind the file's, so they win. A word in front of which an
/// option's name stands is its value even when it begins with two dashes (a password may). A `-`
/// in the first or last place reads standard input between the file and the options.
import Bytes

/// What the command line asks for.
public struct CommandLineArguments: Sendable, Hashable {
    /// What is to be done.
    public enum Request: Sendable, Hashable {
        /// Serve.
        case serve
        /// Print the version.
        case version
        /// Print the usage.
        case help
    }

    /// What is to be done.
    public private(set) var request = Request.serve
    /// The configuration file, as given.
    public private(set) var file: String?
    /// Whether configuration is read from standard input too.
    public private(set) var readsStandardInput = false
    /// The options as lines of configuration.
    private(set) var optionLines: [UInt8] = []

    /// Reads the arguments behind the program's name.
    public init(_ arguments: [String]) {
        switch arguments.first {
        case "-v", "--version":
            request = .version
            return
        case "-h", "--help":
            request = .help
            return
        case let first? where !first.hasPrefix("-"):
            file = first
            readOptions(Array(arguments.dropFirst()), isFirstOfAll: false)
        default:
            readOptions(arguments, isFirstOfAll: true)
        }
    }

    private mutating func readOptions(_ words: [String], isFirstOfAll: Bool) {
        // Whether the last name has what it needs, so that `--word` begins another.
        var mayBeginOption = true
        for (index, word) in words.enumerated() {
            let isLast = index == words.count - 1
            if word == "-" && ((isFirstOfAll && index == 0) || isLast) {
                readsStandardInput = true
            } else if mayBeginOption && word.hasPrefix("--") {
                if !optionLines.isEmpty { optionLines.append(10) }
                optionLines += Array(word.utf8.dropFirst(2)) + [32]
                mayBeginOption = true
                guard ConfigurationFile.words(Array(word.utf8))?.count == 1 else { continue }
                let isBare = isLast || words[index + 1].hasPrefix("--")
                if isBare && word.lowercased() == "--save" {
                    // `--save` with nothing is how scripts that build command lines say "none".
                    optionLines += Array("\"\"".utf8)
                } else {
                    mayBeginOption = false
                }
            } else {
                optionLines += QuotedText.quote(Array(word.utf8)) + [32]
                mayBeginOption = true
            }
        }
    }

    /// The usage, for `--help`.
    public static let usage = """
        Usage: holdfast-server [FILE.conf] [--directive value ...] [-]
               holdfast-server -            (reads the configuration from standard input)
               holdfast-server -v, --version
               holdfast-server -h, --help

        Directives are those of redis.conf, and backend, aof-history-keep, snapshot-dir.
        Options override the file.

        Examples:
               holdfast-server
               holdfast-server /etc/redis/redis.conf --loglevel verbose
               holdfast-server --port 7777 --backend aof --appendfsync always
               echo 'maxmemory 128mb' | holdfast-server -

        """
}
