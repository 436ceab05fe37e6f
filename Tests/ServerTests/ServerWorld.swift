/// A server on an embedded loop, whose clients are embedded channels: no socket, no thread, no waiting.
import Engine
import NIOCore
import NIOEmbedded
import Persistence

@testable import Server

/// The world of a test.
final class ServerWorld {
    let loop = EmbeddedEventLoop()
    let backend = FakeBackend()
    let server: Server

    /// A server started with these words of a command line.
    init(
        _ arguments: [String] = [], runner: any BackgroundRunner = InlineRunner()
    ) throws {
        server = Server(
            loop: loop, configuration: try Fixture.load(arguments),
            log: ServerLog(level: .nothing), clock: SystemClock(), runner: runner)
        server.backend = backend
        server.engine.backend = backend
    }

    func connect() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        let session = server.makeSession()
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

    /// Sends a line and answers what came back.
    func ask(_ channel: EmbeddedChannel, _ line: String) throws -> String {
        try send(channel, line + "\r\n")
        return try received(channel)
    }
}

/// Does slow work at once.
final class InlineRunner: BackgroundRunner {
    func run<Output: Sendable>(
        on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) { finish(work()) }

    func later(_ body: @escaping () -> Void) { body() }
    func drain() {}
}
