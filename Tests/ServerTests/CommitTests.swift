/// When replies leave: after their ticket, in order, or as MISCONF where the disk failed.
///
/// A real connection's handler in an embedded channel; the backend's tickets move by hand.
import Bytes
import Engine
import NIOCore
import Persistence
import Testing

@testable import Server

@Suite("Replies wait for their ticket")
struct CommitTests {
    @Test("a write's reply is held until its ticket is released")
    func writesWait() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        try world.send(client, "SET k v\r\n")
        #expect(try world.received(client) == "")
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(client) == "+OK\r\n")
    }

    @Test("another client's read of an unreleased write waits as well")
    func dirtyReadsWait() throws {
        let world = try ServerWorld()
        let writer = try world.connect()
        let reader = try world.connect()
        try world.send(writer, "SET k v\r\n")
        try world.send(reader, "GET k\r\n")
        #expect(try world.received(reader) == "")
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(reader) == "$1\r\nv\r\n")
    }

    @Test("replies keep the order of the requests across held and free ones")
    func orderIsKept() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        try world.send(client, "PING\r\n")
        #expect(try world.received(client) == "+PONG\r\n")
        try world.send(client, "SET a 1\r\n")
        try world.send(client, "PING\r\n")
        #expect(try world.received(client) == "")
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(client) == "+OK\r\n+PONG\r\n")
    }

    @Test("a release between a read and the end of its tick lets nothing uncommitted out")
    func releaseBeforeTheTickEnds() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        try world.send(client, "SET a 1\r\n")
        // Read and executed; its tick has not ended, so nothing of it is committed.
        try client.writeInbound(ByteBuffer(string: "INCR a\r\n"))
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(client) == "+OK\r\n")
        world.loop.run()
        #expect(try world.received(client) == "")
        world.backend.released = 2
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(client) == ":2\r\n")
    }

    @Test("when the disk fails, writes answer MISCONF and reads their value")
    func failuresAreTold() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        try world.send(client, "PING\r\nSET k v\r\nGET k\r\n")
        #expect(try world.received(client) == "")
        world.backend.refusal = WriteRefusal(reason: "Input/output error")
        world.server.backendProgressed(failed: 1)
        let text = try world.received(client)
        #expect(text.hasPrefix("+PONG\r\n-MISCONF Errors writing to the AOF file: Input/output"))
        #expect(text.hasSuffix("\r\n$1\r\nv\r\n"))
    }

    @Test("while writes are refused reads go on, and the refused write never executes")
    func refusalsPrecedeExecution() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        try world.send(client, "SET k old\r\n")
        world.backend.refusal = WriteRefusal(reason: "No space left on device")
        try world.send(client, "SET k new\r\nGET k\r\n")
        let text = try world.received(client)
        #expect(text.contains("-MISCONF Errors writing to the AOF file: No space left on device"))
        #expect(text.hasSuffix("$3\r\nold\r\n"))
        world.backend.refusal = nil
        try world.send(client, "SET k new\r\n")
        #expect(try world.received(client) == "+OK\r\n")
    }

    @Test("a congested disk holds writers back, readers go on")
    func congestionHoldsWriters() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let writer = try world.connect()
        let reader = try world.connect()
        world.backend.isCongested = true
        try world.send(writer, "SET k v\r\nPING\r\n")
        try world.send(reader, "GET k\r\n")
        #expect(try world.received(writer) == "")
        #expect(try world.received(reader) == "$-1\r\n")
        world.backend.isCongested = false
        world.server.backendProgressed(failed: nil)
        world.loop.run()
        #expect(try world.received(writer) == "+OK\r\n+PONG\r\n")
    }

    @Test("a protocol error after good requests answers them first, then closes")
    func violationsCloseAfterReplies() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        try world.send(client, "SET k v\r\n*1\r\n!bad\r\n")
        let text = try world.received(client)
        #expect(text == "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n")
        #expect(!client.isActive)
    }

    @Test("an attack through a browser is cut off without a reply")
    func attacksAreCut() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        try world.send(client, "POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a b\r\n")
        #expect(try world.received(client) == "")
        #expect(!client.isActive)
        #expect(world.server.engine.keyspace.keyCount == 0)
    }
}
