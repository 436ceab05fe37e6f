/// When replies leave: after their ticket, in order, or as MISCONF where the disk failed.
///
/// A real connection's handler in an embedded channel; the backend's tickets move by hand.
import Bytes
import Engine
import NIOCore
import NIOEmbedded
import Persistence
import Testing

@testable import Server

@Suite("Replies wait for their ticket")
struct CommitTests {
    @Test("a write's reply is held until its ticket is released")
    func writesWait() throws {
        let world = try World()
        let client = try world.connect()
        try world.send(client, "SET k v\r\n")
        #expect(try world.received(client) == "")
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(client) == "+OK\r\n")
    }

    @Test("another client's read of an unreleased write waits as well")
    func dirtyReadsWait() throws {
        let world = try World()
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
        let world = try World()
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

    @Test("when the disk fails, writes answer MISCONF and reads their value")
    func failuresAreTold() throws {
        let world = try World()
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
        let world = try World()
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
        let world = try World()
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
        let world = try World()
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        try world.send(client, "SET k v\r\n*1\r\n!bad\r\n")
        let text = try world.received(client)
        #expect(text == "+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n")
        #expect(!client.isActive)
    }

    @Test("an attack through a browser is cut off without a reply")
    func attacksAreCut() throws {
        let world = try World()
        let client = try world.connect()
        try world.send(client, "POST / HTTP/1.1\r\nHost: x\r\n\r\nSET a b\r\n")
        #expect(try world.received(client) == "")
        #expect(!client.isActive)
        #expect(world.server.engine.keyspace.keyCount == 0)
    }
}

/// A server on an embedded loop.
private final class World {
    let loop = EmbeddedEventLoop()
    let backend = FakeBackend()
    let server: Server

    init() throws {
        let offer = BackendOffer(
            names: ["aof", "none"], log: "aof", snapshot: "rdb", nothing: "none")
        let configuration = try ConfigurationLoader.load(
            CommandLineArguments([]), in: ConfigurationEnvironment(backends: offer))
        server = Server(
            loop: loop, configuration: configuration, log: ServerLog(level: .nothing),
            clock: SystemClock(), runner: InlineRunner())
        server.backend = backend
        server.engine.backend = backend
    }

    func connect() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        let session = Session(id: server.nextConnectionID)
        server.nextConnectionID += 1
        let info = ConnectionInfo(channel, descriptor: 0, at: server.engine.clock.now)
        let connection = Connection(server, session: session, info: info)
        server.add(connection)
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    func send(_ channel: EmbeddedChannel, _ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        loop.run()
    }

    func received(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: buffer)
        }
        return text
    }
}

/// Does slow work at once.
private final class InlineRunner: BackgroundRunner {
    func run<Output: Sendable>(
        on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) { finish(work()) }

    func later(_ body: @escaping () -> Void) { body() }
    func drain() {}
}
