/// The declaration of a command: one value from which dispatch, COMMAND, ACL categories and the
/// documentation are all answered.
import Bytes
import RESP

/// Executes a command: writes exactly one reply, or throws before it has written any.
public typealias CommandHandler = (
    _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
) throws(CommandError) -> Void

/// What the dispatcher needs to know of a command; names as in Redis's COMMAND.
public struct CommandFlags: OptionSet, Sendable, Hashable {
    /// The set's bits.
    public let rawValue: UInt32
    /// A set of flags.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// May change the dataset.
    public static let write = CommandFlags(rawValue: 1 << 0)
    /// Reads the dataset only.
    public static let readonly = CommandFlags(rawValue: 1 << 1)
    /// May use more memory: refused over `maxmemory`.
    public static let denyoom = CommandFlags(rawValue: 1 << 2)
    /// For administrators.
    public static let admin = CommandFlags(rawValue: 1 << 3)
    /// Publish and subscribe.
    public static let pubsub = CommandFlags(rawValue: 1 << 4)
    /// Not from scripts.
    public static let noscript = CommandFlags(rawValue: 1 << 5)
    /// May block its client.
    public static let blocking = CommandFlags(rawValue: 1 << 6)
    /// Runs while the dataset is being loaded.
    public static let loading = CommandFlags(rawValue: 1 << 7)
    /// Runs on a stale replica.
    public static let stale = CommandFlags(rawValue: 1 << 8)
    /// Not shown to MONITOR.
    public static let skipMonitor = CommandFlags(rawValue: 1 << 9)
    /// Not put into the slow log.
    public static let skipSlowlog = CommandFlags(rawValue: 1 << 10)
    /// O(1) or O(log n).
    public static let fast = CommandFlags(rawValue: 1 << 11)
    /// Runs before authentication.
    public static let noAuth = CommandFlags(rawValue: 1 << 12)
    /// Not inside MULTI.
    public static let noMulti = CommandFlags(rawValue: 1 << 13)
    /// Keys are not at fixed places.
    public static let movablekeys = CommandFlags(rawValue: 1 << 14)
    /// Allowed while busy with a script.
    public static let allowBusy = CommandFlags(rawValue: 1 << 15)
    /// Executes at once inside MULTI instead of being queued (EXEC and its kin).
    public static let notQueued = CommandFlags(rawValue: 1 << 16)
    /// Executes what is queued: it is refused for what its queue would be refused for (EXEC).
    public static let runsQueue = CommandFlags(rawValue: 1 << 17)
    /// Not while a replica loads beside the old dataset.
    public static let noAsyncLoading = CommandFlags(rawValue: 1 << 18)
    /// Some of its arguments belong in no log: MONITOR and SLOWLOG show "(redacted)".
    public static let secrets = CommandFlags(rawValue: 1 << 19)
    /// Runs for a RESP2 client that has subscribed: its connection carries messages.
    public static let whileSubscribed = CommandFlags(rawValue: 1 << 24)

    /// Names for COMMAND, in the order Redis prints them.
    static let names: [(CommandFlags, String)] = [
        (.write, "write"), (.readonly, "readonly"), (.denyoom, "denyoom"), (.admin, "admin"),
        (.pubsub, "pubsub"), (.noscript, "noscript"), (.blocking, "blocking"),
        (.loading, "loading"), (.stale, "stale"), (.skipMonitor, "skip_monitor"),
        (.skipSlowlog, "skip_slowlog"), (.fast, "fast"), (.noAuth, "no_auth"),
        (.noAsyncLoading, "no_async_loading"), (.noMulti, "no_multi"),
        (.movablekeys, "movablekeys"), (.allowBusy, "allow_busy"),
    ]
}

/// Families of commands; each is an ACL category and a group of the documentation.
public enum CommandGroup: String, Sendable {
    /// Keys of any type.
    case generic
    /// Strings.
    case string
    /// Hashes.
    case hash
    /// Lists.
    case list
    /// Sets.
    case set
    /// Sorted sets.
    case sortedSet = "sorted-set"
    /// Streams.
    case stream
    /// Bits of strings.
    case bitmap
    /// HyperLogLogs.
    case hyperloglog
    /// Places on the globe.
    case geo
    /// Publish and subscribe.
    case pubsub
    /// The connection itself.
    case connection
    /// MULTI and its kin.
    case transactions
    /// The server.
    case server
    /// Scripts and functions.
    case scripting

    /// The ACL categories of a group's commands, unless they declare others.
    var categories: [String] {
        switch self {
        case .generic: ["keyspace"]
        case .transactions: ["transaction"]
        case .server: []
        case .sortedSet: ["sortedset"]
        case .string, .hash, .list, .set, .stream, .bitmap, .hyperloglog, .geo, .pubsub,
            .connection,
            .scripting:
            [rawValue]
        }
    }
}

/// That a command is kept for old clients only.
public struct Deprecation: Sendable, Hashable {
    /// The version of Redis that said so.
    public let since: String
    /// What to use instead.
    public let replacement: String

    /// A deprecation.
    public init(since: String, replacement: String) {
        self.since = since
        self.replacement = replacement
    }
}

/// Where a command's keys are, and what happens to them (Redis's key specifications).
public struct KeySpec: Sendable, Hashable {
    /// Flags that hold instead where some words are absent from the arguments.
    public struct Variant: Sendable, Hashable {
        /// The words, in lower case; any of them will do.
        let words: [String]
        /// The place from which on they are looked for.
        let from: Int
        /// The flags without them.
        let flags: [String]
        /// What those amount to.
        let access: KeyAccess

        init(words: [String], from: Int, flags: [String]) {
            self.words = words
            self.from = from
            self.flags = flags
            access = KeyAccess(flags: flags)
        }
    }

    /// How the keys are found.
    public enum Search: Sendable, Hashable {
        /// From `first` to `last`, every `step`.
        case range
        /// The argument at `first` says how many keys follow it.
        case counted
        /// Behind a word, which is searched from `first` on (negative: from the end, backwards); the first
        /// 1/`limit` of what is left (0: all of it), or one key where `last` is 0.
        case behind(String, limit: Int)
        /// In places that only the command knows; `CommandSpec.keyPlaces` does.
        case unknown
    }

    /// Flags as COMMAND INFO prints them: `RW`, `RO`, `OW`, `RM`, `access`, `update`, `insert`, `delete`, ...
    public let flags: [String]
    /// Place of the first key (the command's name is 0).
    public let first: Int
    /// Place of the last key; negative counts from the end.
    public let last: Int
    /// Distance between keys.
    public let step: Int
    /// What COMMAND INFO says beside the flags.
    public let notes: String?
    /// How a word of the arguments changes the flags; nil: it doesn't.
    public let variant: Variant?
    /// How the keys are found.
    public let search: Search
    /// What the flags amount to.
    let access: KeyAccess
    /// Whether these arguments are keys, and not only treated as such by clusters.
    let areKeys: Bool

    /// A specification.
    public init(
        _ flags: [String], first: Int = 1, last: Int? = nil, step: Int = 1, notes: String? = nil,
        variant: Variant? = nil, search: Search = .range
    ) {
        self.flags = flags
        access = KeyAccess(flags: flags)
        areKeys = !flags.contains("not_key")
        self.search = search
        self.notes = notes
        self.variant = variant
        self.first = first
        self.last = last ?? first
        self.step = step
    }
}

extension KeySpec {
    /// Keys behind their number, which is the argument at `place`.
    public static func counted(_ flags: [String], at place: Int) -> KeySpec {
        KeySpec(flags, first: place, search: .counted)
    }

    /// Keys behind a word.
    public static func behind(
        _ word: String, _ flags: [String], from place: Int, limit: Int = 0
    ) -> KeySpec {
        KeySpec(flags, first: place, last: -1, search: .behind(word, limit: limit))
    }

    /// One key behind a word.
    public static func oneBehind(_ word: String, _ flags: [String], from place: Int) -> KeySpec {
        KeySpec(flags, first: place, last: 0, search: .behind(word, limit: 0))
    }

    /// Keys whose places only the command knows.
    public static func unknown(_ flags: [String], notes: String) -> KeySpec {
        KeySpec(flags, first: 0, notes: notes, search: .unknown)
    }
}

/// Which arguments are channels that the command listens or publishes to.
public struct ChannelSpec: Sendable, Hashable {
    /// Place of the first channel.
    let first: Int
    /// Place of the last one; negative counts from the end.
    let last: Int
    /// Distance between them.
    let step: Int
    /// Whether they are patterns of channels.
    let isPattern: Bool

    /// A specification.
    public init(first: Int = 1, last: Int, step: Int = 1, isPattern: Bool = false) {
        self.first = first
        self.last = last
        self.step = step
        self.isPattern = isPattern
    }

    func places(in arguments: ByteViews) -> StrideThrough<Int> {
        let end = last < 0 ? arguments.count + last : min(last, arguments.count - 1)
        return stride(from: first, through: end, by: step)
    }
}

/// One command or subcommand.
public struct CommandSpec {
    /// Lower case; a subcommand's own word.
    public let name: String
    /// Arguments with the name: exactly this many, or at least its magnitude where negative.
    public let arity: Int
    /// What the dispatcher must know.
    public let flags: CommandFlags
    /// Where the keys are.
    public let keys: [KeySpec]
    /// The family.
    public let group: CommandGroup
    /// First version of Redis that had it.
    public let since: String
    /// One line.
    public let summary: String
    /// In terms of the dataset.
    public let complexity: String
    /// The syntax behind the name, as in Redis's documentation: `key value [NX | XX]`.
    public let syntax: String
    /// Hints for proxies, as COMMAND INFO prints them: `request_policy:all_shards`.
    public let tips: [String]
    /// ACL categories beside those that the flags say, without `@`; by default the group's.
    public let categories: [String]
    /// Since when another command is to be preferred, and which; nil: it isn't.
    public let deprecation: Deprecation?
    /// The words after a container's name; empty for a plain command.
    public let subcommands: [CommandSpec]
    /// Executes it.
    public let handler: CommandHandler
    /// The channels that it listens or publishes to, which a user needs a right to.
    public let channels: ChannelSpec?
    /// The keys of `KeySpec.unknown`: their places and flags in these arguments.
    public var keyPlaces: ((ByteViews) -> [(place: Int, flags: [String])])?
    /// A container whose second word may be none of its subcommands: its own handler takes it.
    public var takesOtherWords = false
    /// For the server's own use rather than for applications; COMMAND DOCS says so.
    public var isInternal = false

    /// A declaration.
    public init(
        _ name: String, arity: Int, _ flags: CommandFlags, keys: [KeySpec] = [],
        channels: ChannelSpec? = nil, group: CommandGroup, since: String, summary: String,
        complexity: String = "O(1)",
        syntax: String = "", tips: [String] = [], categories: [String]? = nil,
        deprecation: Deprecation? = nil, subcommands: [CommandSpec] = [],
        handler: @escaping CommandHandler
    ) {
        self.name = name
        self.arity = arity
        self.flags = flags
        self.keys = keys
        self.channels = channels
        self.group = group
        self.since = since
        self.summary = summary
        self.complexity = complexity
        self.syntax = syntax
        self.tips = tips
        self.categories = categories ?? group.categories
        self.deprecation = deprecation
        self.subcommands = subcommands
        self.handler = handler
    }

    /// A container such as CLIENT: its second word chooses.
    public init(
        container name: String, group: CommandGroup, since: String, summary: String,
        subcommands: [CommandSpec]
    ) {
        self.init(
            name, arity: -2, [], group: group, since: since, summary: summary,
            complexity: "Depends on subcommand.", categories: [], subcommands: subcommands
        ) { _, _, arguments, _ throws(CommandError) in
            throw .unknownSubcommand(arguments[1], of: name)
        }
    }
}
