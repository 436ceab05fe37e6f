/// Clients that wait for a key: BLPOP and its kin, XREAD BLOCK, WAIT-like commands of the engine.
///
/// A blocking command that finds nothing leaves a `serve` closure behind; whenever one of its keys may have
/// become useful (`signalReady`), the closure is tried again after the command that did it. Those who waited
/// longest are tried first. What `serve` changes is recorded as a unit of its own.
///
/// INVARIANT 1: a session waits for one command at a time; its later requests stay with its connection.
/// INVARIANT 2: nothing is served inside a command, nor inside EXEC: after it.
import Bytes
import RESP
import Records

/// A client that waits.
final class BlockedClient {
    let session: Session
    let keys: [WatchedKey]
    let arguments: [[UInt8]]
    let command: Command?
    /// When it gives up; nil: never.
    let deadline: Deadline?
    /// Tries again; writes the reply and answers true, or answers false and has written nothing.
    let serve: (Engine, Session, ByteViews, ReplyWriter) throws(CommandError) -> Bool
    /// Writes the reply of a wait in vain.
    let giveUp: (ReplyWriter) -> Void

    init(
        session: Session, keys: [WatchedKey], arguments: [[UInt8]], command: Command?,
        deadline: Deadline?,
        serve: @escaping (Engine, Session, ByteViews, ReplyWriter) throws(CommandError) -> Bool,
        giveUp: @escaping (ReplyWriter) -> Void
    ) {
        self.session = session
        self.keys = keys
        self.arguments = arguments
        self.command = command
        self.deadline = deadline
        self.serve = serve
        self.giveUp = giveUp
    }
}

/// Who waits for what.
struct BlockedClients {
    /// By key, those who waited longest first.
    var waiting: [WatchedKey: [BlockedClient]] = [:]
    /// By session.
    var bySession: [ObjectIdentifier: BlockedClient] = [:]
    /// Keys that may have become useful since the last round.
    var ready: [WatchedKey] = []
    /// The key for which clients are tried now.
    var serving: WatchedKey?
}

extension Engine {
    /// Clients that wait.
    public var blockedClientCount: Int { blocked.bySession.count }

    /// Whether a command of this session may wait: not inside EXEC, not in a log.
    func mayBlock(_ session: Session) -> Bool {
        !isInExec && !session.isReplay && session.connection != nil
    }

    /// Lets the session wait for `keys`; its reply comes later. The handler returns without one.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds; 0: for ever.
    ///   - serve: tries again when a key may have become useful; see `BlockedClient`.
    ///   - giveUp: writes the reply of a wait in vain.
    func block(
        _ session: Session, on keys: [ByteView], timeout: Int64, _ arguments: ByteViews,
        serve: @escaping (Engine, Session, ByteViews, ReplyWriter) throws(CommandError) -> Bool,
        giveUp: @escaping (ReplyWriter) -> Void
    ) {
        guard let connection = session.connection else { return }
        var places: [WatchedKey] = []
        for key in keys {
            let place = WatchedKey(database: session.database, key: key.array)
            if !places.contains(place) { places.append(place) }
        }
        let deadline =
            timeout == 0
            ? nil
            : Deadline(
                millisecondsSinceEpoch: clock.now.millisecondsSinceEpoch
                    .addingReportingOverflow(timeout).partialValue)
        let client = BlockedClient(
            session: session, keys: places, arguments: arguments.arrays,
            command: session.lastCommand, deadline: deadline, serve: serve, giveUp: giveUp)
        blocked.bySession[ObjectIdentifier(session)] = client
        for place in places { blocked.waiting[place, default: []].append(client) }
        connection.postpone()
        if timeout > 0 { connection.wake(after: timeout) }
    }

    /// Whether the session waits.
    public func isBlocked(_ session: Session) -> Bool {
        blocked.bySession[ObjectIdentifier(session)] != nil
    }

    /// The key may have become useful to those who wait for it.
    @inline(__always)
    func signalReady(_ key: ByteView, _ database: Int) {
        if !blocked.waiting.isEmpty { signal(key, database) }
    }

    @inline(never)
    private func signal(_ key: ByteView, _ database: Int) {
        let place = WatchedKey(database: database, key: key.array)
        if blocked.waiting[place] != nil { blocked.ready.append(place) }
    }

    /// A stream of this table is gone: who waits for it as a group's consumer waits in vain.
    @inline(__always)
    func signalGone(_ key: ByteView, _ table: Table) {
        if blocked.waiting.isEmpty { return }
        for database in 0..<keyspace.databaseCount where keyspace.tables[database] == table {
            signal(key, database)
        }
    }

    /// Every key of these databases may have become useful (SWAPDB).
    func signalAll(_ databases: [Int]) {
        for place in blocked.waiting.keys where databases.contains(place.database) {
            blocked.ready.append(place)
        }
    }

    /// Serves those who wait for what has become ready; called after commands.
    @inline(__always)
    func serveBlocked() {
        if !blocked.ready.isEmpty && !isInExec { serveReady() }
    }

    @inline(never)
    private func serveReady() {
        // Serving may make other keys ready (BLMOVE): they come behind.
        var next = 0
        while next < blocked.ready.count {
            let place = blocked.ready[next]
            next += 1
            blocked.serving = place
            for client in blocked.waiting[place] ?? []
            where blocked.bySession[ObjectIdentifier(client.session)] === client {
                tryToServe(client)
            }
        }
        blocked.ready.removeAll()
        blocked.serving = nil
    }

    private func tryToServe(_ client: BlockedClient) {
        let reply = ReplyWriter(capacity: 256)
        reply.version = client.session.version
        let isServed = client.arguments.withByteViews { arguments in
            do throws(CommandError) {
                return try client.serve(self, client.session, arguments, reply)
            } catch {
                reply.bytes.removeAll()
                reply.error(error.message)
                countError(error)
                return true
            }
        }
        closeUnit()
        if isServed { release(client) { $0.bytes.append(reply.bytes.view) } }
    }

    /// Ends a session's wait in vain: its time is over, or CLIENT UNBLOCK said so.
    ///
    /// - Parameter isOverdue: only where its deadline has come.
    /// - Returns: whether it waited.
    @discardableResult
    public func giveUp(_ session: Session, isOverdue: Bool = false) -> Bool {
        guard let client = blocked.bySession[ObjectIdentifier(session)] else { return false }
        if isOverdue {
            guard let deadline = client.deadline, deadline <= clock.now else { return false }
        }
        release(client, client.giveUp)
        return true
    }

    /// Ends a session's wait with an error (CLIENT UNBLOCK ERROR).
    @discardableResult
    public func interrupt(_ session: Session, _ error: CommandError) -> Bool {
        guard let client = blocked.bySession[ObjectIdentifier(session)] else { return false }
        countError(error)
        release(client) { $0.error(error.message) }
        return true
    }

    /// Forgets a session that is gone.
    public func forgetBlocked(_ session: Session) {
        if let client = blocked.bySession[ObjectIdentifier(session)] { remove(client) }
    }

    private func remove(_ client: BlockedClient) {
        blocked.bySession[ObjectIdentifier(client.session)] = nil
        for place in client.keys {
            blocked.waiting[place]?.removeAll { $0 === client }
            if blocked.waiting[place]?.isEmpty == true { blocked.waiting[place] = nil }
        }
    }

    private func release(_ client: BlockedClient, _ write: @escaping (ReplyWriter) -> Void) {
        remove(client)
        client.session.connection?.complete(write)
    }
}
