/// Where the files of the log are and what they are called; Redis 7's names.
import Persistence

/// Paths of one log.
struct LogPlaces: Sendable, Hashable {
    /// `dir`.
    let parent: String
    /// `dir/appenddirname`.
    let directory: String
    /// `appendfilename`.
    let prefix: String

    init(_ settings: BackendSettings) {
        parent = settings.directory
        directory = settings.directory + "/" + settings.appendDirectoryName
        prefix = settings.appendFileName
    }

    /// The manifest's name.
    var manifestName: String { prefix + ".manifest" }
    /// The manifest's path.
    var manifest: String { directory + "/" + manifestName }
    /// The single file of Redis before 7.
    var oldFile: String { parent + "/" + prefix }
    /// The name of increment `number`.
    func increment(_ number: Int) -> String { "\(prefix).\(number).incr.aof" }
    /// The name of base `number`, whose bytes are commands or a snapshot; Redis's names for them.
    func base(_ number: Int, isSnapshot: Bool) -> String {
        "\(prefix).\(number).base.\(isSnapshot ? "rdb" : "aof")"
    }
    /// The path of a file of the log.
    func path(_ name: String) -> String { directory + "/" + name }
    /// Whether a file in the folder belongs to this log, unfinished ones included.
    func isOurs(_ name: String) -> Bool {
        let name =
            name.hasPrefix(Self.temporaryPrefix)
            ? name.dropFirst(Self.temporaryPrefix.count) : name[...]
        return name == prefix || name.hasPrefix(prefix + ".")
    }
    /// How unfinished files are named.
    static let temporaryPrefix = "temp-"
}
