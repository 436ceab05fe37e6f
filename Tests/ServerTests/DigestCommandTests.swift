/// HOLDFAST DIGEST against a runner whose work is done when the test says so.
import NIOCore
import NIOEmbedded
import Persistence
import Testing

@testable import Server

/// Keeps slow work until it is told to do it.
private final class HeldRunner: BackgroundRunner {
    private var work: [() -> Void] = []
    /// Work that waits.
    var count: Int { work.count }

    func run<Output: Sendable>(
        on lane: BackgroundLane, _ work: @escaping @Sendable () -> Output,
        finish: @escaping (Output) -> Void
    ) { self.work.append { finish(work()) } }

    func later(_ body: @escaping () -> Void) { body() }

    func release() {
        let waiting = work
        work = []
        for each in waiting { each() }
    }
}

@Suite("HOLDFAST DIGEST")
struct DigestCommandTests {
    private static let ofNothing =
        "1e167d1edf04d85302ddeb120751599ae7005854b5f913bc07f523879e729970"
    private static let ofGreeting =
        "55fa5dc51f0786b267b6741b05dfb823098e3ebfe7d3c3ea51163990b8f23db3"

    @Test("the reply has the digest of what was there at the call, and its sequence")
    func frozen() throws {
        let runner = HeldRunner()
        let world = try ServerWorld(runner: runner)
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        let other = try world.connect()
        #expect(try world.ask(client, "SET greeting hello") == "+OK\r\n")
        #expect(try world.ask(client, "HOLDFAST DIGEST\r\nPING") == "")
        #expect(try world.ask(other, "SET greeting bye") == "+OK\r\n")
        runner.release()
        world.loop.run()
        let reply = try world.received(client)
        #expect(reply.hasPrefix("*12\r\n$7\r\nversion\r\n:1\r\n$6\r\ndigest\r\n$64\r\n"))
        #expect(reply.contains(Self.ofGreeting))
        #expect(reply.contains("$8\r\nsequence\r\n:1\r\n"))
        #expect(
            reply.contains("$4\r\nkeys\r\n:1\r\n$9\r\ndatabases\r\n*1\r\n*18\r\n$2\r\ndb\r\n:0\r\n")
        )
        #expect(reply.contains("$6\r\nstring\r\n:1\r\n$4\r\nlist\r\n:0\r\n"))
        #expect(reply.hasSuffix("+PONG\r\n"))
        #expect(world.server.digests.isEmpty)
    }

    @Test("one database, and the buckets of a level")
    func options() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        _ = try world.ask(client, "HELLO 3\r\nSET greeting hello\r\nSELECT 1\r\nSET a b")
        let reply = try world.ask(client, "HOLDFAST DIGEST BUCKETS 4 DB 0")
        #expect(reply.hasPrefix("%7\r\n"))
        #expect(reply.contains(Self.ofGreeting))
        #expect(
            reply.hasSuffix(
                "$7\r\nbuckets\r\n*1\r\n*3\r\n:26863\r\n:1\r\n$64\r\n"
                    + "aaa3f802b6a852b307f09d511150012315639a4e8112a23783134022f1e300bd\r\n"))
        #expect(try world.ask(client, "HOLDFAST DIGEST DB 15").contains(Self.ofNothing))
        for wrong in ["x", "DB", "BUCKETS", "DB 1 DB 1", "BUCKETS 1 BUCKETS 1"] {
            #expect(
                try world.ask(client, "HOLDFAST DIGEST \(wrong)") == "-ERR syntax error\r\n",
                "\(wrong)")
        }
        for wrong in ["DB 16", "DB -1", "DB x"] {
            #expect(
                try world.ask(client, "HOLDFAST DIGEST \(wrong)")
                    == "-ERR DB index is out of range\r\n")
        }
        for wrong in ["5", "-1", "x"] {
            #expect(
                try world.ask(client, "HOLDFAST DIGEST BUCKETS \(wrong)")
                    == "-ERR level must be between 0 and 4\r\n")
        }
        #expect(
            try world.ask(client, "HOLDFAST HELP").contains("DIGEST [DB <n>] [BUCKETS <level>]"))
    }

    @Test("it is refused where too many wait, and inside MULTI")
    func bounds() throws {
        let runner = HeldRunner()
        let world = try ServerWorld(runner: runner)
        for _ in 0..<8 {
            #expect(try world.ask(try world.connect(), "HOLDFAST DIGEST") == "")
        }
        let client = try world.connect()
        #expect(
            try world.ask(client, "HOLDFAST DIGEST")
                == "-ERR too many digests are being computed, try again later\r\n")
        runner.release()
        world.loop.run()
        #expect(try world.ask(client, "HOLDFAST DIGEST") == "")
        #expect(runner.count == 1)
        runner.release()
        world.loop.run()
        #expect(try world.received(client).contains(Self.ofNothing))
        let queuing = try world.connect()
        #expect(try world.ask(queuing, "MULTI\r\nHOLDFAST DIGEST").contains("-ERR"))
    }

    @Test("a client that goes away takes its digest along, and its place comes free")
    func clientGone() throws {
        let runner = HeldRunner()
        let world = try ServerWorld(runner: runner)
        world.backend.releasesAtOnce = true
        let client = try world.connect()
        // Enough keys for the walk to ask whether it is still wanted.
        _ = try world.ask(
            client, "MSET " + (0..<5000).map { "key\($0) v" }.joined(separator: " "))
        _ = try world.ask(client, "HOLDFAST DIGEST")
        let request = try #require(world.server.digests.values.first)
        #expect(!request.isCancelled)
        try client.close().wait()
        world.loop.run()
        #expect(request.isCancelled)
        #expect(world.server.digests.count == 1)
        runner.release()
        world.loop.run()
        #expect(world.server.digests.isEmpty)
        #expect(try world.ask(try world.connect(), "PING") == "+PONG\r\n")
    }
}
