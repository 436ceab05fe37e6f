/// A connection's output: what is written, what waits, what is sent, and when a client that doesn't read is cut off.
///
/// On its way a reply passes, each where needed: `output` (of this tick), `waiting` (for its commit ticket), `backlog`
/// (for a client that reads too slowly), the channel. The channel is given no more than it takes at once, for there
/// each small message would cost a buffer and a promise of its own: what piles up, piles up in `backlog`, in one piece.
import Bytes
import NIOCore
import Persistence
import RESP

extension Connection {
    /// Output that is checked against the limits by the cron alone; what Redis's fixed buffer holds.
    static let uncheckedBytes = 16 << 10

    /// Bytes of replies that have not left yet.
    var pendingOutputBytes: Int {
        let own = output.readableBytes + backlog.readableBytes
        let held = waiting.reduce(own) { $0 + $1.bytes.readableBytes }
        let options = context?.channel.syncOptions
        // A closed channel has nothing buffered.
        return held + ((try? options?.getOption(.bufferedWritableBytes)) ?? 0)
    }

    // MARK: Filling

    /// Moves the replies of this batch to `output` and has them sent at the end of the tick.
    func takeReplies(_ reply: ReplyWriter) {
        let bytes = reply.bytes
        if bytes.count > 0 {
            if !isCutOff { append(bytes.view) }
            bytes.removeAll()
        }
        if output.readableBytes > 0 || isClosing { server.markDirty(self) }
        checkOutput()
    }

    /// Appends a message that is no reply (a MONITOR line, a push) and has it sent.
    ///
    /// What the client's own command makes it hear comes behind that command's reply.
    func push(_ bytes: ByteView) {
        if isClosing { return }
        if server.executing === self { return server.ownMessages.append(bytes) }
        append(bytes)
        server.markDirty(self)
        checkOutput()
    }

    /// Puts what the client's own command made it hear behind the reply.
    func takeOwnMessages(_ reply: ReplyWriter) {
        reply.bytes.append(server.ownMessages.view)
        server.ownMessages.removeAll(keepingUpTo: 64 << 10)
    }

    private func append(_ bytes: ByteView) {
        unsafe bytes.withUnsafePointer { base, count in
            _ = unsafe output.writeBytes(UnsafeRawBufferPointer(start: base, count: count))
        }
    }

    @inline(__always)
    private func checkOutput() {
        if output.readableBytes + backlog.readableBytes > Connection.uncheckedBytes {
            server.enforceOutputLimit(of: self)
        }
    }

    // MARK: Sending

    /// Hands the output, whose ticket is released, to the channel.
    func flush() {
        var bytes = output
        output = ByteBuffer()
        writeMarks.removeAll(keepingCapacity: true)
        if bytes.readableBytes > 0 { write(bytes) }
        flushWritten()
        // Sent, the memory is ours alone again and serves the next tick.
        if bytes.capacity > 0, bytes.capacity <= 16 << 10, output.capacity == 0 {
            bytes.clear()
            output = bytes
        }
    }

    /// Hands bytes to the channel, which keeps them until the next flush.
    func write(_ bytes: ByteBuffer) {
        server.statistics.bytesWritten += bytes.readableBytes
        server.statistics.writes += 1
        if backlog.readableBytes > 0 || context?.channel.isWritable == false {
            backlog.writeImmutableBuffer(bytes)
            return
        }
        hasWritten = true
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// The channel takes more: it gets what has piled up.
    func drainBacklog() {
        if backlog.readableBytes == 0 { return }
        let bytes = backlog
        backlog = ByteBuffer()
        hasWritten = true
        context?.write(wrapOutboundOut(bytes), promise: nil)
        flushWritten()
    }

    /// Has the channel send what was written to it, and closes it where that was all.
    func flushWritten() {
        guard let context else { return }
        if hasWritten {
            hasWritten = false
            context.flush()
        }
        if isClosing && waiting.isEmpty && output.readableBytes == 0 && backlog.readableBytes == 0 {
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

    // MARK: Closing

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

    /// Cuts the connection off at the end of the tick, and gives its output's memory back now.
    ///
    /// For use while others are being served: closing changes the lists that are being walked.
    func cutOff() {
        if isCutOff { return }
        isClosing = true
        isCutOff = true
        output = ByteBuffer()
        backlog = ByteBuffer()
        waiting.removeAll()
        writeMarks.removeAll()
        server.cutOff.append(self)
        server.scheduleTick()
    }
}

/// Output that waits for a ticket, and where in it the replies of writes stand.
struct HeldOutput {
    let ticket: CommitTicket
    var bytes: ByteBuffer
    let writes: [Range<Int>]
}
