/// CONFIG SET port and bind over real sockets: the new ones open before the old ones close.
import NIOCore
import NIOPosix
import Persistence
import TestSupport
import Testing

@testable import Server

@Suite("Listening", .serialized)
struct ListeningTests {
    @Test("CONFIG SET port moves the server; connections that are open stay")
    func movesPort() throws {
        let world = try SocketWorld()
        defer { world.stop() }
        let client = try RESPClient(port: world.port)
        let other = try FreePort.find()
        #expect(try client.run("CONFIG", "SET", "port", "\(other)") == .simple(Array("OK".utf8)))
        #expect(try RESPClient(port: other).run("PING") == .simple(Array("PONG".utf8)))
        #expect(try client.run("PING") == .simple(Array("PONG".utf8)))
        #expect(throws: ClientError.self) { try RESPClient(port: world.port) }
    }

    @Test("a port that is taken is refused, and the server goes on where it was")
    func refusesTakenPort() throws {
        let world = try SocketWorld()
        defer { world.stop() }
        let neighbour = try SocketWorld()
        defer { neighbour.stop() }
        let client = try RESPClient(port: world.port)
        let reply = try client.run("CONFIG", "SET", "port", "\(neighbour.port)")
        #expect(
            reply
                == .error(
                    Array(
                        ("ERR CONFIG SET failed (possibly related to argument 'port') - "
                            + "Unable to listen on this port. Check server logs.").utf8)))
        let port = try client.run("CONFIG", "GET", "port")
        #expect(port == .array([.bulk(Array("port".utf8)), .bulk(Array("\(world.port)".utf8))]))
        #expect(try RESPClient(port: world.port).run("PING") == .simple(Array("PONG".utf8)))
    }

    @Test("bind may be widened and narrowed on the same port, and goes back where it fails")
    func rebinds() throws {
        let world = try SocketWorld()
        defer { world.stop() }
        let client = try RESPClient(port: world.port)
        for bind in ["127.0.0.2 127.0.0.1", "127.0.0.1", "*", "127.0.0.1"] {
            #expect(try client.run("CONFIG", "SET", "bind", bind) == .simple(Array("OK".utf8)))
            #expect(try RESPClient(port: world.port).run("PING") == .simple(Array("PONG".utf8)))
        }
        guard case .error = try client.run("CONFIG", "SET", "bind", "192.0.2.1") else {
            Issue.record("an address that this machine doesn't have was accepted")
            return
        }
        #expect(try RESPClient(port: world.port).run("PING") == .simple(Array("PONG".utf8)))
    }
}

/// A server on a loop of its own, without data files.
private final class SocketWorld {
    let port: Int
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let server: NIOLoopBound<Server>

    init() throws {
        let port = try FreePort.find()
        let loop = group.any()
        self.port = port
        server = try loop.flatSubmit { () -> EventLoopFuture<NIOLoopBound<Server>> in
            do {
                let server = Server(
                    loop: loop,
                    configuration: try Fixture.load(
                        ["--port", "\(port)", "--bind", "127.0.0.1", "--maxclients", "100"]),
                    log: ServerLog(level: .nothing), clock: SystemClock(),
                    runner: LaneRunner(deliver: { work in loop.execute { work() } }))
                let bound = NIOLoopBound(server, eventLoop: loop)
                return server.listen().flatMap { bound.value.start(backend: nil) }.map { bound }
            } catch {
                return loop.makeFailedFuture(error)
            }
        }.wait()
    }

    func stop() {
        let server = server
        // The loop's own end can fail only where it has ended before.
        try? group.any().submit { server.value.shutdown(signal: "test", isInterrupt: false) }.wait()
        try? group.syncShutdownGracefully()
    }
}
