/// One client as the engine sees it: database, protocol, transaction. It knows no socket.
import Bytes
import RESP

/// The engine's side of a connection (or of a replayed log).
public final class Session {
    /// Rises with every connection, never used twice.
    public let id: UInt64
    /// The database that commands act on.
    public var database = 0
    /// Protocol version, 2 or 3.
    public var version = 2
    /// Whether the client has said who it is, or nobody asked when it came.
    public var isAuthenticated = true { didSet { refreshAccess() } }
    /// Who the client is; nil: a session without a server around it, which may do everything.
    public var user: User? { didSet { refreshAccess() } }
    /// Whether no command needs to be checked: authenticated, and as a user to whom nothing is forbidden.
    public private(set) var isUnrestricted = true
    /// CLIENT SETNAME.
    public var name: [UInt8] = []
    /// CLIENT SETINFO LIB-NAME.
    public var libraryName: [UInt8] = []
    /// CLIENT SETINFO LIB-VER.
    public var libraryVersion: [UInt8] = []
    /// The open MULTI, nil outside.
    public internal(set) var transaction: Transaction?
    /// Keys under WATCH.
    var watched: [WatchedKey] = []
    /// A watched key was touched: EXEC will answer nil.
    var isDirty = false
    /// CLIENT NO-TOUCH: reads leave the access stamps alone.
    public var leavesStamps = false
    /// The log is being replayed through this session: nothing expires, nothing is recorded.
    public let isReplay: Bool
    /// Also a small sorted set keeps the sign of zero: a log of ours says what was stored.
    var keepsSigns: Bool
    /// It has subscribed to something; a RESP2 client may then do little else.
    public var isSubscribed = false
    /// Keys that it reads are reported to `Engine.onRead` (CLIENT TRACKING).
    public var tracksReads = false
    /// CLIENT CACHING was said: it holds for the next command or transaction.
    public var isCachingNext = false
    /// What the server attaches: its connection.
    public weak var connection: (any SessionConnection)?
    /// Name of the last command, for CLIENT LIST.
    public internal(set) var lastCommand: Command?

    /// A session of a new client.
    public init(id: UInt64, isReplay: Bool = false) {
        self.id = id
        self.isReplay = isReplay
        keepsSigns = isReplay
    }

    /// The user's rules have changed.
    public func refreshAccess() {
        isUnrestricted = isAuthenticated && user?.isUnrestricted ?? true
    }

    /// Whether a MULTI is open.
    public var isInTransaction: Bool { transaction != nil }

    /// Keys under WATCH.
    var watchedCount: Int { watched.count }
}

/// Commands queued behind MULTI.
public struct Transaction {
    /// One queued command.
    struct Queued {
        let command: Command
        let arguments: [[UInt8]]
    }

    var queue: [Queued] = []
    /// A command could not be queued: EXEC will refuse.
    var isAborted = false
    /// Flags that any of the queued commands has.
    var flags: CommandFlags = []
    /// Bytes that the queued arguments take.
    public internal(set) var bytes = 0

    /// Commands queued so far.
    public var count: Int { queue.count }
}

/// A key under WATCH.
struct WatchedKey: Hashable {
    let database: Int
    let key: [UInt8]
}

/// What a session needs of its connection; the server implements it.
public protocol SessionConnection: AnyObject {
    /// The client asked to leave (QUIT): close when the replies are out.
    func closeAfterReplies()
    /// The command that executes now replies later, through `complete`; requests behind it wait.
    func postpone()
    /// Sends the reply of the postponed command and goes on with the requests behind it.
    func complete(_ write: @escaping (ReplyWriter) -> Void)
    /// Has `Engine.giveUp(_:isOverdue:)` called after this many milliseconds.
    func wake(after milliseconds: Int64)
    /// Sends a message that is no reply (a RESP3 push, a message of a channel, a MONITOR line), in order with
    /// the replies.
    func push(_ bytes: ByteView)
}
