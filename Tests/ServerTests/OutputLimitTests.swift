/// Clients that don't read: their output piles up in one piece, and beyond the limit of their class they are cut
/// off at once, with all that was kept for them.
import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("Clients that don't read what they are sent")
struct OutputLimitTests {
    private struct Stage {
        let world: ServerWorld
        let slow: EmbeddedChannel
        let speaker: EmbeddedChannel
        let connection: Connection

        init(_ arguments: [String]) throws {
            world = try ServerWorld(arguments)
            world.backend.releasesAtOnce = true
            slow = try world.connect()
            speaker = try world.connect()
            _ = try world.ask(slow, "SUBSCRIBE a")
            connection = try #require(world.server.connections[1])
            slow.isWritable = false
        }

        func publish(_ bytes: Int) throws -> String {
            try world.ask(speaker, "PUBLISH a " + String(repeating: "x", count: bytes))
        }
    }

    @Test("what the channel doesn't take piles up, and leaves in order once it does")
    func backlog() throws {
        let stage = try Stage([])
        for number in 0..<1000 { _ = try stage.world.ask(stage.speaker, "PUBLISH a \(number)") }
        #expect(try stage.world.received(stage.slow) == "")
        #expect(stage.connection.backlog.readableBytes > 20_000)
        stage.slow.isWritable = true
        stage.slow.pipeline.fireChannelWritabilityChanged()
        let words = try stage.world.received(stage.slow).split(separator: "\r\n").map(String.init)
        let numbers = stride(from: 6, to: words.count, by: 7).map { words[$0] }
        #expect(numbers == (0..<1000).map(String.init))
        #expect(stage.connection.backlog.readableBytes == 0)
    }

    @Test("the hard limit cuts a subscriber off with the message that exceeds it")
    func hardLimit() throws {
        let stage = try Stage(["--client-output-buffer-limit", "pubsub", "100kb", "0", "0"])
        var receivers = 0
        while try stage.publish(5000) == ":1\r\n" { receivers += 1 }
        #expect((19...22).contains(receivers))
        #expect(stage.connection.backlog.capacity == 0 && stage.connection.output.capacity == 0)
        #expect(!stage.slow.isActive)
        #expect(stage.world.server.connections.count == 1)
        #expect(stage.world.server.subscriptions.isEmpty)
        let figures = try stage.world.ask(stage.speaker, "INFO stats")
        #expect(figures.contains("client_output_buffer_limit_disconnections:1\r\n"))
    }

    @Test("one message beyond the limit is enough, and the others get it")
    func amongOthers() throws {
        let stage = try Stage(["--client-output-buffer-limit", "pubsub", "100kb", "0", "0"])
        let others = try (0..<5).map { _ in try stage.world.connect() }
        for other in others { _ = try stage.world.ask(other, "SUBSCRIBE a") }
        for _ in 0..<30 {
            _ = try stage.publish(5000)
            for other in others { #expect(try stage.world.received(other).count > 5000) }
        }
        #expect(try stage.publish(10) == ":5\r\n")
    }

    @Test("the limit of ordinary clients is theirs, and doesn't hold for subscribers")
    func classes() throws {
        let stage = try Stage([
            "--client-output-buffer-limit", "normal", "50kb", "0", "0", "pubsub", "0", "0", "0",
        ])
        for _ in 0..<100 { #expect(try stage.publish(5000) == ":1\r\n") }
        let reader = try stage.world.connect()
        _ = try stage.world.ask(reader, "SET k " + String(repeating: "x", count: 5000))
        reader.isWritable = false
        for _ in 0..<30 where reader.isActive { try stage.world.send(reader, "GET k\r\n") }
        #expect(!reader.isActive)
    }

    @Test("a client's own messages count")
    func ownMessages() throws {
        let stage = try Stage(["--client-output-buffer-limit", "pubsub", "100kb", "0", "0"])
        let client = try stage.world.connect()
        _ = try stage.world.ask(client, "HELLO 3")
        _ = try stage.world.ask(client, "SUBSCRIBE b")
        client.isWritable = false
        let text = "PUBLISH b " + String(repeating: "x", count: 5000) + "\r\n"
        try stage.world.send(client, String(repeating: text, count: 50))
        #expect(!client.isActive)
    }
}
