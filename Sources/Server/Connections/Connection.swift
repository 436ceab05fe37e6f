/// One client's connection: bytes to requests, replies to bytes.
///
/// Requests are executed straight from the socket's buffer; only what is left of it when a request
/// is unfinished, or when the connection must wait (CLIENT PAUSE, a congested disk, a client that doesn't read its
/// replies), is copied and kept.
///
/// INVARIANT 1: replies are appended to `output` in the order of the requests, and leave in that order.
/// INVARIANT 2: while `waiting` holds output, newer output queues behind it.
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
    private let server: Server
    private let parser = RequestParser()
    private(set) var context: ChannelHandlerContext?

    /// Bytes read and not yet executed, from `unreadStart` on.
    private var unread: ByteWriter?
    private var unreadStart = 0
    /// Replies not yet handed to the channel.
    var output = ByteBuffer()
    /// Where replies of writing commands stand in `output`.
    var writeMarks: [Range<Int>] = []
    /// Outputs that wait for their ticket.
    var waiting: CircularBuffer<HeldOutput> = []
    /// In the server's list of connections with fresh output.
    var isDirty = false
    /// In the server's list of connections whose requests wait.
    var isStalled = false
    private(set) var isClosing = false
    /// The channel holds bytes that it was not told to send.
    private var hasWritten = false
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

    /// Bytes of replies that have not left yet.
    var pendingOutputBytes: Int {
        let held = waiting.reduce(output.readableBytes) { $0 + $1.bytes.readableBytes }
        let options = context?.channel.syncOptions
        // A closed channel has nothing buffered.
        return held + ((try? options?.getOption(.bufferedWritableBytes)) ?? 0)
    }

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
        if context.channel.isWritable && isStalled { server.resume(self) }
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
        server.isProcessing = true
        defer { server.isProcessing = false }
        server.engine.beginBatch()
        var start = 0
        var violation: RESPError?
        while start < bytes.count && violation == nil && canExecute {
            parser.limits.isUnauthenticated = !session.isAuthenticated
            do throws(RESPError) {
                let skipped = try batch.fill(
                    from: bytes.dropFirst(start), parser, limit: session.isAuthenticated ? .max : 1)
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
        var consumed = 0
        for index in 0..<batch.count {
            let arguments = batch.arguments(index)
            if server.mustWait(self, arguments) {
                stall()
                break
            }
            if isAttack(arguments[0]) { break }
            execute(engine, arguments, reply)
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
    private func execute(_ engine: Engine, _ arguments: ByteViews, _ reply: ReplyWriter) {
        let mark = reply.bytes.count
        let changes = engine.changes
        engine.execute(session, arguments, reply)
        if replyMode != .on { suppressReply(reply, mark) }
        if engine.changes != changes {
            wroteInBatch = true
            let base = output.readableBytes
            writeMarks.append(base + mark..<base + reply.bytes.count)
        }
    }

    private func suppressReply(_ reply: ReplyWriter, _ mark: Int) {
        switch replyMode {
        case .on: break
        case .off: reply.bytes.truncate(to: mark)
        case .skipNext: replyMode = .skipping
        case .skipping:
            reply.bytes.truncate(to: mark)
            replyMode = .on
        }
    }

    /// Moves the replies of this batch to `output` and has them sent at the end of the tick.
    private func takeReplies(_ reply: ReplyWriter) {
        let bytes = reply.bytes
        if bytes.count > 0 {
            unsafe bytes.view.withUnsafePointer { base, count in
                _ = unsafe output.writeBytes(UnsafeRawBufferPointer(start: base, count: count))
            }
            bytes.removeAll()
        }
        if output.readableBytes > 0 || isClosing { server.markDirty(self) }
    }

    /// Appends a message that is no reply (a MONITOR line, a push) and has it sent.
    func push(_ bytes: ByteView) {
        unsafe bytes.withUnsafePointer { base, count in
            _ = unsafe output.writeBytes(UnsafeRawBufferPointer(start: base, count: count))
        }
        server.markDirty(self)
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
        if server.isProcessing { return later { $0.resume() } }
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
        if server.isProcessing { return later { $0.complete(write) } }
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

    // MARK: Sending

    /// Hands the output, whose ticket is released, to the channel.
    func flush() {
        if output.readableBytes > 0 {
            write(output)
            output.capacity > 64 << 10 ? output = ByteBuffer() : output.clear()
        }
        writeMarks.removeAll(keepingCapacity: true)
        flushWritten()
    }

    /// Hands bytes to the channel, which keeps them until the next flush.
    func write(_ bytes: ByteBuffer) {
        server.statistics.bytesWritten += bytes.readableBytes
        server.statistics.writes += 1
        hasWritten = true
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Has the channel send what was written to it, and closes it where that was all.
    func flushWritten() {
        guard let context else { return }
        if hasWritten {
            hasWritten = false
            context.flush()
        }
        if isClosing && waiting.isEmpty && output.readableBytes == 0 {
            context.close(mode: .all, promise: nil)
        }
        if isStalled && context.channel.isWritable { server.resumeSoon(self) }
    }

    /// Queues the output behind a ticket.
    func hold(until ticket: CommitTicket) {
        waiting.append(HeldOutput(ticket: ticket, bytes: output, writes: writeMarks))
        output = ByteBuffer()
        writeMarks.removeAll(keepingCapacity: true)
    }

    /// The client asked to leave.
    func closeAfterReplies() {
        isClosing = true
        server.markDirty(self)
    }

    /// Cuts the connection off now.
    func close() {
        isClosing = true
        context?.close(mode: .all, promise: nil)
    }
}

/// Output that waits for a ticket, and where in it the replies of writes stand.
struct HeldOutput {
    let ticket: CommitTicket
    var bytes: ByteBuffer
    let writes: [Range<Int>]
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
