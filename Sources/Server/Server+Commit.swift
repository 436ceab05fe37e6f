/// The end of a tick: one commit for everything executed, then the replies that may leave.
///
/// ORDER: `commit` before any reply of the tick. A reply leaves when the backend says that its
/// ticket is released: at once without a journal and under everysec and no (their write(2) is done), after the
/// fsync under always. When the disk fails, replies of writes that still wait become -MISCONF, for nobody
/// knows whether they are on disk; replies of reads leave as they are.
import Bytes
import Engine
import NIOCore
import Persistence
import RESP

extension Server {
    /// Has the connection's output sent at the end of this tick.
    @inline(__always)
    func markDirty(_ connection: Connection) {
        if connection.isDirty { return }
        connection.isDirty = true
        dirty.append(connection)
        scheduleTick()
    }

    /// Has `endOfTick` run once the loop has read from all ready connections.
    @inline(__always)
    func scheduleTick() {
        if isTickScheduled { return }
        isTickScheduled = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute { bound.value.endOfTick() }
    }

    /// Commits what was executed and sends what may leave.
    func endOfTick() {
        isTickScheduled = false
        if tracking.hasChanges { broadcastChanges() }
        let ticket = commit()
        let isReleased = backend.map { $0.released >= ticket } ?? true
        let connections = dirty
        dirty.removeAll(keepingCapacity: true)
        for connection in connections {
            connection.isDirty = false
            if connection.isCutOff { continue }
            if connection.wroteInBatch {
                connection.wroteInBatch = false
                connection.lastWriteTicket = ticket
            }
            if isReleased && connection.waiting.isEmpty {
                connection.flush()
            } else {
                if connection.waiting.isEmpty { holding.append(connection) }
                connection.hold(until: ticket)
            }
        }
        if !holding.isEmpty { releaseHeld() }
        if !cutOff.isEmpty { closeCutOff() }
    }

    /// Closes the connections that were cut off.
    private func closeCutOff() {
        let connections = cutOff
        cutOff.removeAll()
        for connection in connections { connection.close() }
    }

    /// Hands what was executed to the backend; the time it takes is an event of the latency monitor.
    private func commit() -> CommitTicket {
        guard let backend else { return 0 }
        if latency.thresholdNanoseconds == .max { return backend.commit() }
        let start = engine.clock.monotonicNanoseconds
        let ticket = backend.commit()
        latency.add(
            "aof-write", nanoseconds: engine.clock.monotonicNanoseconds &- start, at: engine.now)
        return ticket
    }

    /// Sends held outputs whose ticket is released, or has failed.
    ///
    /// ORDER: runs at any time, also between a read and the end of its tick: what a connection has in
    /// `output` then was executed and not yet committed, and stays.
    func releaseHeld() {
        guard let backend else { return }
        let released = backend.released
        var still: [Connection] = []
        for connection in holding {
            while let first = connection.waiting.first {
                if first.ticket <= released {
                    connection.write(first.bytes)
                } else if first.ticket <= failedThrough {
                    connection.write(refused(first))
                } else {
                    break
                }
                connection.waiting.removeFirst()
            }
            connection.flushWritten()
            if !connection.waiting.isEmpty { still.append(connection) }
        }
        holding = still
    }

    /// The output with the replies of writes replaced by what is known: nothing.
    private func refused(_ held: HeldOutput) -> ByteBuffer {
        let reason = backend?.refusal?.reason ?? "Input/output error"
        let error =
            "-MISCONF Errors writing to the AOF file: \(reason). "
            + "The write was executed in memory, its durability is unknown.\r\n"
        var out = ByteBuffer()
        var place = 0
        for range in held.writes {
            if let before = held.bytes.getSlice(at: place, length: range.lowerBound - place) {
                out.writeImmutableBuffer(before)
            }
            out.writeString(error)
            place = range.upperBound
        }
        let rest = held.bytes.readableBytes - place
        if let after = held.bytes.getSlice(at: place, length: rest) {
            out.writeImmutableBuffer(after)
        }
        return out
    }

    /// The backend made progress, or failed, outside of a call of ours.
    public func backendProgressed(failed: CommitTicket?) {
        if let failed { failedThrough = max(failedThrough, failed) }
        if !holding.isEmpty { releaseHeld() }
        if !stalled.isEmpty && backend?.isCongested != true { resumeAll() }
        checkDurabilityWaiters()
    }

    // MARK: Requests that must wait

    /// Whether this request may not run now: clients are paused, or the disk can't keep up with writes.
    ///
    /// - Parameter isCongested: what the backend says, which is asked once a batch.
    @inline(__always)
    func mustWait(_ connection: Connection, _ arguments: ByteViews, isCongested: Bool) -> Bool {
        if clientPause == nil && !holdsWrites && !isCongested { return false }
        return mustReallyWait(connection, arguments)
    }

    private func mustReallyWait(_ connection: Connection, _ arguments: ByteViews) -> Bool {
        let command = engine.commands.find(arguments[0])
        let mayWrite =
            command?.spec.flags.contains(.write) == true
            || command?.spec.name == "exec" && connection.session.isInTransaction
        // PUBLISH is paused as a write is, though it changes nothing.
        let publishes = command?.spec.name == "publish" || command?.spec.name == "spublish"
        if (holdsWrites || backend?.isCongested == true) && mayWrite { return true }
        guard let pause = clientPause else { return false }
        if pause.until <= engine.now {
            clientPause = nil
            return false
        }
        return mayWrite || publishes || pause.pausesAll && command?.spec.name != "client"
    }

    /// Goes on with a connection whose requests waited, in a task of its own.
    func resumeSoon(_ connection: Connection) {
        let bound = NIOLoopBound((self, connection), eventLoop: loop)
        loop.execute { bound.value.0.resume(bound.value.1) }
    }

    /// Goes on with a connection whose requests waited.
    func resume(_ connection: Connection) {
        guard connection.isStalled else { return }
        stalled.removeAll { $0 === connection }
        connection.resume()
    }

    /// Goes on with all connections whose requests waited.
    func resumeAll() {
        let connections = stalled
        stalled.removeAll()
        for connection in connections { connection.resume() }
    }
}
