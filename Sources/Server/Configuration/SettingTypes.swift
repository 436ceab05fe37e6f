/// The small types that settings are made of; raw values are the words of the directives.

/// Who may use a dangerous feature: `enable-debug-command`, `enable-protected-configs`.
public enum AllowedFrom: String, Sendable {
    /// Nobody.
    case no
    /// Everybody.
    case yes
    /// Clients on this machine.
    case local

    /// Whether a client may, by where it is connected from.
    public func permits(isLocalClient: Bool) -> Bool {
        self == .yes || (self == .local && isLocalClient)
    }
}

/// Who watches the process: `supervised`.
public enum Supervision: String, Sendable {
    /// Nobody.
    case no
    /// upstart.
    case upstart
    /// systemd, told through `$NOTIFY_SOCKET`.
    case systemd
    /// Whichever shows in the environment.
    case auto
}

/// `shutdown-on-sigint`, `shutdown-on-sigterm`: the words of SHUTDOWN.
public struct ShutdownMode: OptionSet, Sendable, Hashable {
    /// The set's bits.
    public let rawValue: UInt8
    /// A mode.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// SAVE.
    public static let save = ShutdownMode(rawValue: 1)
    /// NOSAVE.
    public static let nosave = ShutdownMode(rawValue: 2)
    /// NOW.
    public static let now = ShutdownMode(rawValue: 4)
    /// FORCE.
    public static let force = ShutdownMode(rawValue: 8)

    init(words: [String]) {
        self = []
        let all: [String: ShutdownMode] = [
            "save": .save, "nosave": .nosave, "now": .now, "force": .force,
        ]
        for word in words { formUnion(all[word] ?? []) }
    }
}

/// One `save` line: a snapshot when so many changes came in so many seconds.
public struct SavePoint: Sendable, Hashable {
    /// Seconds since the last save.
    public var seconds: Int
    /// Changes since then.
    public var changes: Int
    /// A save point.
    public init(seconds: Int, changes: Int) {
        self.seconds = seconds
        self.changes = changes
    }
}

/// `maxmemory-clients`.
public enum ClientMemoryLimit: Sendable, Hashable {
    /// Unlimited.
    case none
    /// So many bytes.
    case bytes(Int)
    /// A share of `maxmemory`, 1...100.
    case percentOfMaximumMemory(Int)
}

/// `client-output-buffer-limit`, by class of client.
public struct OutputBufferLimits: Sendable, Hashable {
    /// When a client is cut off; 0 is never.
    public struct Limit: Sendable, Hashable {
        /// At once above so many bytes.
        public var hardBytes = 0
        /// Above so many bytes ...
        public var softBytes = 0
        /// ... for so long.
        public var softSeconds = 0
        /// No limit.
        public init() {}
        /// Whether there is a limit.
        var isSet: Bool { hardBytes > 0 || softBytes > 0 }
    }
    /// Ordinary clients.
    public var normal = Limit()
    /// Replicas.
    public var replica = Limit()
    /// Subscribers.
    public var pubsub = Limit()
    /// No limits.
    public init() {}
}

/// Up to where a collection keeps its compact encoding.
public struct EncodingLimits: Sendable, Hashable {
    /// `hash-max-listpack-entries`.
    public var hashEntries = 512
    /// `hash-max-listpack-value`.
    public var hashValueBytes = 64
    /// `list-max-listpack-size`; negative values are classes of bytes.
    public var listSize = -2
    /// `list-compress-depth`.
    public var listCompressDepth = 0
    /// `set-max-intset-entries`.
    public var setIntegerEntries = 512
    /// `set-max-listpack-entries`.
    public var setEntries = 128
    /// `set-max-listpack-value`.
    public var setValueBytes = 64
    /// `zset-max-listpack-entries`.
    public var sortedSetEntries = 128
    /// `zset-max-listpack-value`.
    public var sortedSetValueBytes = 64
    /// `stream-node-max-bytes`.
    public var streamNodeBytes = 4096
    /// `stream-node-max-entries`.
    public var streamNodeEntries = 100
    /// `hll-sparse-max-bytes`.
    public var sparseSketchBytes = 3000
    /// The defaults.
    public init() {}
}

/// `acl-pubsub-default`: the channels that a new user may use.
public enum ChannelsOfNewUsers: String, Sendable {
    /// All.
    case allchannels
    /// None.
    case resetchannels
}
