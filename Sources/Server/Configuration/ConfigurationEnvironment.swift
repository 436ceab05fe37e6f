/// What configuration needs of the world around it, injected: the backends there are, the command
/// names, the working directory, standard input. Tests replace each; the executable wires the real ones.
import Persistence

/// The backends a server can be told to use, as `backend` and the older directives name them.
public struct BackendOffer: Sendable, Hashable {
    /// Names that `backend` accepts, in the order to list them.
    public var names: [String]
    /// What `appendonly yes` stands for.
    public var log: String
    /// What `appendonly no` with save points stands for, whether it exists yet or not.
    public var snapshot: String
    /// What `appendonly no` without save points stands for.
    public var nothing: String
    /// Those that answer queries.
    public var queryable: [String]

    /// An offer.
    public init(
        names: [String], log: String, snapshot: String, nothing: String, queryable: [String] = []
    ) {
        self.queryable = queryable
        self.names = names
        self.log = log
        self.snapshot = snapshot
        self.nothing = nothing
    }
}

/// The world as configuration sees it.
public struct ConfigurationEnvironment: Sendable {
    /// The backends there are.
    public var backends: BackendOffer
    /// Whether a command of that name (any case) exists; nil leaves `rename-command` unchecked.
    public var commandExists: (@Sendable (_ name: [UInt8]) -> Bool)?
    /// Changes the working directory and answers the absolute path it is then.
    public var changeDirectory: @Sendable (_ path: String) throws(ConfigurationRefusal) -> String
    /// The absolute path of the working directory.
    public var currentDirectory: @Sendable () -> String
    /// All of standard input, for `-`.
    public var readStandardInput: @Sendable () -> [UInt8]

    /// The real world with these backends and commands.
    public init(backends: BackendOffer, commandExists: (@Sendable ([UInt8]) -> Bool)? = nil) {
        self.backends = backends
        self.commandExists = commandExists
        self.changeDirectory = { (path: String) throws(ConfigurationRefusal) in
            let number = WorkingDirectory.change(to: path)
            if number != 0 { throw ConfigurationRefusal(SystemErrorText.text(number)) }
            return WorkingDirectory.current
        }
        self.currentDirectory = { WorkingDirectory.current }
        self.readStandardInput = { ConfigurationFile.readStandardInput() }
    }
}
