/// One client's connection: bytes to requests, replies to bytes.
///
/// Requests are executed straight from the socket's buffer; only what is left of it when a request
/// is unfinished, or when the connection must wait (CLIENT PAUSE, a congested disk, a client that doesn't read its
/// replies), is copied and kept.
///
/// INVARIANT 1: replies are appended to `output` in the order of the requests, and leave in that order.
/// INVARIANT 2: while `waiting` holds output, newer output queues behind it; so it does behind `backlog`
/// (Connection+Output.swift).
import Bytes
import Engine
import NIOCore
import Persistence
import RESP

/// A client's channel handler; lives on the server's loop.
final class Connection: ChannelInboundHandler, SessionConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let session: Session
    let info: ConnectionInfo
    /// The server outlives its connections: it lets go of them when their channels close.
    let server: Server
    private let parser = RequestParser()
    private(set) var context: ChannelHandlerContext?

    /// Bytes read and not yet executed, from `unreadStart` on.
    private var unread: ByteWriter?
    private var unreadStart = 0
    /// Replies not yet handed to the channel.
    var output = ByteBuffer()
    /// Where replies of writing commands stand in `output`.
    var writeMarks: [Range<Int>] = []
    /// Output that may leave, which the channel doesn't take: the client reads more slowly than it is sent to.
    var backlog = ByteBuffer()
    /// Outputs that wait for their ticket.
    var waiting: CircularBuffer<HeldOutput> = []
    /// In the server's list of connections with fresh output.
    var isDirty = false
    /// In the server's list of connections whose requests wait.
    var isStalled = false
    var isClosing = false
    /// It is closed at the end of the tick, and its output is gone already.
    var isCutOff = false
    /// The channel holds bytes that it was not told to send.
    var hasWritten = false
    /// A command that ends later (SAVE, WAITAOF): requests behind it wait for its reply.
    private(set) var isPostponed = false
    /// The end of a blocked command's patience.
    private var wakeUp: Scheduled<Void>?
    /// This tick executed a write of this client's.
    var wroteInBatch = false
    /// Ticket of this client's last write, for WAITAOF.
    var lastWriteTicket: CommitTicket = 0
    /// CLIENT REPLY.
    var replyMode = ReplyMode.on
    /// The command that executes answered with confirmations of subscriptions, which CLIENT REPLY doesn't hold back.
    var isConfirming = false
    /// What it is subscribed to; nil: nothing.
    var subscriptions: ConnectionSubscriptions?
    /// CLIENT TRACKING; nil: off.
    var tracking: ClientTracking?
    /// Since when the output is over its soft limit.
    var softLimitSince: UInt64?

    init(_ server: Server, session: Session, info: ConnectionInfo) {
        self.server = server
        self.session = session
        self.info = info
        parser.limits.maximumBulkBytes = server.configuration.settings.maximumBulkBytes
        session.connection = self
    }

    /// The client's address as CLIENT LIST prints it.
    var peerText: String { info.peer }

    /// Bytes of requests that are kept, for CLIENT LIST and the limits.
    var unreadBytes: Int { (unread?.count ?? 0) - unreadStart }

    /// Bytes that this client takes, about.
    var memoryBytes: Int { pendingOutputBytes + unreadBytes + 2048 }

    // MARK: The channel's events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        server.remove(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        server.statistics.bytesRead += buffer.readableBytes
        server.statistics.reads += 1
        info.lastInteraction = server.engine.now
        if isClosing { return }
        if let unread {
            unsafe buffer.withUnsafeReadableBytes { unread.append(unsafe ByteView(raw: $0)) }
            if isStalled || isPostponed { return checkQueryLimit() }
            processUnread()
        } else {
            let consumed = unsafe buffer.withUnsafeReadableBytes { raw in
                process(unsafe ByteView(raw: raw))
            }
            if consumed < buffer.readableBytes && !isClosing {
                let rest = ByteWriter(
                    capacity: min(1 << 20, max(4096, parser.missingBytes(available: 0) + 4096)))
                unsafe buffer.withUnsafeReadableBytes { raw in
                    rest.append(unsafe ByteView(raw: raw).dropFirst(consumed))
                }
                unread = rest
                unreadStart = 0
            }
        }
        checkQueryLimit()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            drainBacklog()
            if isStalled && context.channel.isWritable { server.resume(self) }
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Requests

    /// Executes requests that were kept.
    func processUnread() {
        guard let unread else { return }
        unreadStart += process(unread.view.dropFirst(unreadStart))
        if unreadStart == unread.count {
            self.unread = nil
            unreadStart = 0
        } else if unreadStart > 64 << 10 && unreadStart > unread.count / 2 {
            let rest = ByteWriter(capacity: unread.count - unreadStart + 4096)
            rest.append(unread.view.dropFirst(unreadStart))
            self.unread = rest
            unreadStart = 0
        }
    }

    /// Executes the requests at the front of `bytes`; answers how many bytes are used up.
    ///
    /// Requests are parsed a batch ahead of their execution, so that the memory their keys lead to is on
    /// its way when they execute (Engine+Prefetch.swift).
    private func process(_ bytes: ByteView) -> Int {
        let batch = server.batch
        let reply = server.reply
        server.executing = self
        defer { server.executing = nil }
        server.engine.beginBatch()
        var start = 0
        var violation: RESPError?
        while start < bytes.count && violation == nil && canExecute {
            let isStranger =
                !session.isUnrestricted && server.engine.mustAuthenticate(session)
            parser.limits.isUnauthenticated = isStranger
            do throws(RESPError) {
                let skipped = try batch.fill(
                    from: bytes.dropFirst(start), parser, limit: isStranger ? 1 : .max)
                if batch.count == 0 {
                    start += skipped
                    break
                }
            } catch {
                violation = error
            }
            if batch.count > 1 { batch.prefetch(server.engine, database: session.database) }
            start += execute(batch, reply)
        }
        if let violation { refuse(violation, reply) }
        takeReplies(reply)
        return start
    }

    /// Executes the requests of a batch; answers the bytes that they took.
    private func execute(_ batch: RequestBatch, _ reply: ReplyWriter) -> Int {
        let engine = server.engine
        let session = session
        let isCongested = server.backend?.isCongested == true
        var consumed = 0
        for index in 0..<batch.count {
            let arguments = batch.arguments(index)
            if server.mustWait(self, arguments, isCongested: isCongested) {
                stall()
                break
            }
            if isAttack(arguments[0]) { break }
            execute(engine, session, arguments, reply)
            consumed = batch.ends[index]
            if reply.bytes.count > 1 << 20 {
                takeReplies(reply)
                if output.readableBytes > 16 << 20 { stall() }
            }
            if !canExecute { break }
        }
        // What was parsed ahead and not executed is parsed again.
        if consumed != batch.end { parser.reset() }
        return consumed
    }

    private var canExecute: Bool { !isClosing && !isStalled && !isPostponed }

    private func refuse(_ violation: RESPError, _ reply: ReplyWriter) {
        if !canExecute { return }
        reply.error(Array(violation.message.utf8))
        server.log.log(
            .verbose,
            "Protocol error (\(violation.message)) from client: id=\(session.id) addr=\(peerText)")
        isClosing = true
    }

    @inline(__always)
    private func execute(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) {
        let mark = reply.bytes.count
        let changes = engine.changes
        engine.execute(session, arguments, reply)
        if replyMode != .on { suppressReply(reply, mark) }
        if engine.changes != changes {
            wroteInBatch = true
            let base = output.readableBytes
            writeMarks.append(base + mark..<base + reply.bytes.count)
        }
        if server.ownMessages.count > 0 { takeOwnMessages(reply) }
        if session.isCachingNext { endCaching(arguments) }
    }

    /// CLIENT CACHING holds for one command or transaction, other words of CLIENT not counted.
    private func endCaching(_ arguments: ByteViews) {
        if session.isInTransaction || arguments[0].equalsIgnoringCase("client") { return }
        session.isCachingNext = false
    }

    private func suppressReply(_ reply: ReplyWriter, _ mark: Int) {
        if isConfirming {
            isConfirming = false
            if replyMode == .skipping { replyMode = .on }
            return
        }
        switch replyMode {
        case .on: break
        case .off: reply.bytes.truncate(to: mark)
        case .skipNext: replyMode = .skipping
        case .skipping:
            reply.bytes.truncate(to: mark)
            replyMode = .on
        }
    }

    /// Somebody's browser was made to talk to us: cut it off before it can do harm.
    private func isAttack(_ word: ByteView) -> Bool {
        guard word.equalsIgnoringCase("post") || word.equalsIgnoringCase("host:") else {
            return false
        }
        server.log.log(.warning, possibleAttack(from: peerText))
        isClosing = true
        return true
    }

    private func checkQueryLimit() {
        guard unreadBytes > server.configuration.settings.maximumQueryBufferBytes else { return }
        server.log.log(
            .warning, "Closing client that reached max query buffer length: addr=\(peerText)")
        server.statistics.queryLimitDisconnections += 1
        close()
    }

    // MARK: Waiting

    /// Stops executing this client's requests until `server.resume`.
    private func stall() {
        if isStalled { return }
        isStalled = true
        server.stalled.append(self)
        setReading(false)
    }

    /// Goes on with the requests that were kept.
    func resume() {
        if server.executing != nil { return later { $0.resume() } }
        isStalled = false
        processUnread()
        if !isStalled { setReading(true) }
    }

    private func setReading(_ isOn: Bool) {
        // A channel just closed refuses; it reads no more anyway.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    /// The command that executes now replies later: see `complete`.
    func postpone() { isPostponed = true }

    /// Sends the reply of a postponed command and goes on with the requests behind it.
    func complete(_ write: @escaping (ReplyWriter) -> Void) {
        if server.executing != nil { return later { $0.complete(write) } }
        guard isPostponed else { return }
        isPostponed = false
        wakeUp?.cancel()
        wakeUp = nil
        if isClosing { return }
        let reply = server.reply
        let mark = reply.bytes.count
        reply.version = session.version
        write(reply)
        if replyMode != .on { suppressReply(reply, mark) }
        takeReplies(reply)
        processUnread()
    }

    /// Ends the wait of a blocked command after this long, if nothing else has.
    func wake(after milliseconds: Int64) {
        let bound = NIOLoopBound(self, eventLoop: server.loop)
        // A wait beyond a century is one for ever.
        let span = min(milliseconds, 1 << 41)
        wakeUp?.cancel()
        wakeUp = server.loop.scheduleTask(in: .milliseconds(span)) {
            let connection = bound.value
            connection.server.engine.refreshTime()
            connection.server.engine.giveUp(connection.session, isOverdue: true)
        }
    }

    /// Does it in a task of its own: a command is executing now.
    private func later(_ work: @escaping (Connection) -> Void) {
        let bound = NIOLoopBound((self, work), eventLoop: server.loop)
        server.loop.execute { bound.value.1(bound.value.0) }
    }
}

/// CLIENT REPLY.
enum ReplyMode {
    /// All replies are sent.
    case on
    /// None is.
    case off
    /// SKIP was said: its own reply is not sent, nor is the next one.
    case skipNext
    /// The next reply is not sent.
    case skipping
}

/// Redis's words for a browser that was made to talk to the server.
private func possibleAttack(from peer: String) -> String {
    "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to "
        + "Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to "
        + "compromise your Redis instance. Connection from \(peer) aborted."
}

extension ByteView {
    /// A view of NIO's buffer, for the length of the closure it was lent to.
    @inline(__always)
    init(raw: UnsafeRawBufferPointer) {
        // SAFETY: an empty buffer may have no address; nothing is read then.
        if let base = raw.baseAddress {
            unsafe self.init(base: base.assumingMemoryBound(to: UInt8.self), count: raw.count)
        } else {
            self = .empty
        }
    }
}
