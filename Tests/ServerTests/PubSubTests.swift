/// Publish and subscribe over embedded connections; replies as redis-server 7.0 gives them, but for messages to
/// oneself, which come behind the reply as in 7.2.
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Server

@Suite("Publish and subscribe")
struct PubSubTests {
    /// A world whose replies leave at once.
    private func world(_ arguments: [String] = []) throws -> ServerWorld {
        let world = try ServerWorld(arguments)
        world.backend.releasesAtOnce = true
        return world
    }

    /// An array, or in RESP3 a push, of bulk strings; `:n` and `$-1` stand for themselves.
    private func message(_ words: [String], version: Int = 2) -> String {
        let items = words.map { word in
            word.hasPrefix(":") || word == "$-1" || word == "_"
                ? word + "\r\n" : "$\(word.utf8.count)\r\n\(word)\r\n"
        }
        return (version == 3 ? ">" : "*") + "\(words.count)\r\n" + items.joined()
    }

    private func message(_ words: String...) -> String { message(words) }

    private func push(_ words: String...) -> String { message(words, version: 3) }

    @Test("subscriptions are confirmed one by one, counted, and undone")
    func confirmations() throws {
        let world = try world()
        let client = try world.connect()
        #expect(
            try world.ask(client, "SUBSCRIBE a b a")
                == message("subscribe", "a", ":1") + message("subscribe", "b", ":2")
                + message("subscribe", "a", ":2"))
        #expect(try world.ask(client, "PSUBSCRIBE p*") == message("psubscribe", "p*", ":3"))
        #expect(try world.ask(client, "SSUBSCRIBE s") == message("ssubscribe", "s", ":1"))
        #expect(
            try world.ask(client, "UNSUBSCRIBE b x")
                == message("unsubscribe", "b", ":2") + message("unsubscribe", "x", ":2"))
        #expect(try world.ask(client, "UNSUBSCRIBE") == message("unsubscribe", "a", ":1"))
        #expect(try world.ask(client, "UNSUBSCRIBE") == message("unsubscribe", "$-1", ":1"))
        #expect(try world.ask(client, "PUNSUBSCRIBE") == message("punsubscribe", "p*", ":0"))
        #expect(try world.ask(client, "GET k").hasPrefix("-ERR Can't execute 'get'"))
        #expect(try world.ask(client, "SUNSUBSCRIBE") == message("sunsubscribe", "s", ":0"))
        #expect(try world.ask(client, "GET k") == "$-1\r\n")
        #expect(try world.ask(client, "SUNSUBSCRIBE") == message("sunsubscribe", "$-1", ":0"))
    }

    @Test("messages reach channels, patterns and shards, each in the form of its protocol")
    func delivery() throws {
        let world = try world()
        let (old, new, speaker) = (try world.connect(), try world.connect(), try world.connect())
        _ = try world.ask(new, "HELLO 3")
        _ = try world.ask(old, "SUBSCRIBE news")
        _ = try world.ask(old, "PSUBSCRIBE n?ws")
        #expect(try world.ask(new, "SUBSCRIBE news") == push("subscribe", "news", ":1"))
        #expect(try world.ask(new, "SSUBSCRIBE news") == push("ssubscribe", "news", ":1"))
        #expect(try world.ask(speaker, "PUBLISH news hi") == ":3\r\n")
        #expect(
            try world.received(old)
                == message("message", "news", "hi") + message("pmessage", "n?ws", "news", "hi"))
        #expect(try world.received(new) == push("message", "news", "hi"))
        #expect(try world.ask(speaker, "SPUBLISH news ho") == ":1\r\n")
        #expect(try world.received(new) == push("smessage", "news", "ho"))
        #expect(try world.ask(speaker, "PUBLISH nobody hi") == ":0\r\n")
        #expect(try world.received(old) == "")
    }

    @Test("a RESP2 client that has subscribed may do little else, a RESP3 client everything")
    func subscribedMode() throws {
        let world = try world()
        let client = try world.connect()
        _ = try world.ask(client, "SUBSCRIBE a")
        #expect(
            try world.ask(client, "config get x")
                == "-ERR Can't execute 'config|get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n"
        )
        #expect(try world.ask(client, "EXEC").hasPrefix("-EXECABORT Transaction discarded because"))
        #expect(try world.ask(client, "PING") == message("pong", ""))
        #expect(try world.ask(client, "PING hi") == message("pong", "hi"))
        #expect(try world.ask(client, "RESET") == "+RESET\r\n")
        #expect(try world.ask(client, "PUBSUB CHANNELS") == "*0\r\n")
        #expect(try world.ask(client, "PING") == "+PONG\r\n")
        _ = try world.ask(client, "HELLO 3")
        _ = try world.ask(client, "SUBSCRIBE a")
        #expect(try world.ask(client, "PING") == "+PONG\r\n")
        #expect(try world.ask(client, "GET k") == "_\r\n")
    }

    @Test(
        "what a client says to itself comes behind the reply, of a transaction behind all replies")
    func ownMessages() throws {
        let world = try world()
        let client = try world.connect()
        _ = try world.ask(client, "HELLO 3")
        _ = try world.ask(client, "SUBSCRIBE me")
        let hello = push("message", "me", "1")
        #expect(
            try world.ask(client, "PUBLISH me 1\r\nPING\r\nPUBLISH me 1")
                == ":1\r\n" + hello + "+PONG\r\n:1\r\n" + hello)
        _ = try world.ask(client, "MULTI\r\nPUBLISH me 1\r\nGET k")
        #expect(try world.ask(client, "EXEC") == "*2\r\n:1\r\n_\r\n" + hello)
    }

    @Test("a transaction may subscribe, but not to shards")
    func transactions() throws {
        let world = try world()
        let client = try world.connect()
        _ = try world.ask(client, "MULTI\r\nSUBSCRIBE a\r\nGET k")
        #expect(
            try world.ask(client, "EXEC") == "*2\r\n" + message("subscribe", "a", ":1") + "$-1\r\n")
        _ = try world.ask(client, "UNSUBSCRIBE")
        _ = try world.ask(client, "MULTI\r\nSSUBSCRIBE a")
        #expect(
            try world.ask(client, "EXEC")
                == "*1\r\n-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n")
    }

    @Test("CLIENT REPLY holds back neither confirmations nor messages")
    func replyModes() throws {
        let world = try world()
        let (client, speaker) = (try world.connect(), try world.connect())
        #expect(try world.ask(client, "CLIENT REPLY OFF") == "")
        #expect(try world.ask(client, "SUBSCRIBE a") == message("subscribe", "a", ":1"))
        _ = try world.ask(speaker, "PUBLISH a 1")
        #expect(try world.received(client) == message("message", "a", "1"))
        #expect(try world.ask(client, "PING") == "")
    }

    @Test("a message waits with the replies for the commit of its tick")
    func commit() throws {
        let world = try ServerWorld()
        let (listener, writer) = (try world.connect(), try world.connect())
        _ = try world.ask(listener, "SUBSCRIBE a")
        try world.send(writer, "SET k v\r\nPUBLISH a 1\r\n")
        #expect(try world.received(listener) == "")
        world.backend.released = 1
        world.server.backendProgressed(failed: nil)
        #expect(try world.received(listener) == message("message", "a", "1"))
        #expect(try world.received(writer) == "+OK\r\n:1\r\n")
    }

    @Test("PUBSUB and INFO tell who listens; a client that leaves is forgotten")
    func introspection() throws {
        let world = try world()
        let (client, other) = (try world.connect(), try world.connect())
        _ = try world.ask(client, "SUBSCRIBE a b")
        _ = try world.ask(client, "PSUBSCRIBE a*")
        _ = try world.ask(client, "SSUBSCRIBE s")
        #expect(try world.ask(other, "PUBSUB CHANNELS a*") == message("a"))
        #expect(try world.ask(other, "PUBSUB NUMSUB b zz") == message("b", ":1", "zz", ":0"))
        #expect(try world.ask(other, "PUBSUB NUMSUB") == "*0\r\n")
        #expect(try world.ask(other, "PUBSUB NUMPAT") == ":1\r\n")
        #expect(try world.ask(other, "PUBSUB SHARDCHANNELS") == message("s"))
        #expect(try world.ask(other, "PUBSUB SHARDNUMSUB s") == message("s", ":1"))
        let line = try world.ask(other, "CLIENT LIST TYPE pubsub")
        #expect(line.contains("flags=P ") && line.contains(" sub=2 psub=1 ssub=1 "))
        let figures = try world.ask(other, "INFO stats")
        #expect(figures.contains("pubsub_channels:2\r\npubsub_patterns:1\r\n"))
        #expect(figures.contains("pubsubshard_channels:1\r\n"))
        #expect(try world.ask(other, "CLIENT KILL TYPE pubsub") == ":1\r\n")
        world.loop.run()
        #expect(world.server.subscriptions.isEmpty)
        #expect(try world.ask(other, "PUBLISH a 1") == ":0\r\n")
    }

    @Test(
        "any order of subscribing, leaving and publishing reaches those who listen, and them alone")
    func randomSubscriptions() throws {
        var generator = SeededGenerator(seed: TestKnobs.seed)
        let world = try world()
        let speaker = try world.connect()
        var clients = try (0..<8).map { _ in try world.connect() }
        var heard: [Set<String>] = Array(repeating: [], count: 8)
        let names = (0..<12).map { "c\($0)" }
        for _ in 0..<3000 {
            let place = Int.random(in: 0..<8, using: &generator)
            let name = names[Int.random(in: 0..<12, using: &generator)]
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<8:
                _ = try world.ask(clients[place], "SUBSCRIBE \(name)")
                heard[place].insert(name)
            case 8..<13:
                _ = try world.ask(clients[place], "UNSUBSCRIBE \(name)")
                heard[place].remove(name)
            case 13:
                clients[place].close(promise: nil)
                clients[place] = try world.connect()
                heard[place] = []
            case 14:
                _ = try world.ask(clients[place], "UNSUBSCRIBE")
                heard[place] = []
            default:
                let listeners = heard.filter { $0.contains(name) }.count
                #expect(try world.ask(speaker, "PUBLISH \(name) hi") == ":\(listeners)\r\n")
                for (client, own) in zip(clients, heard) {
                    let expected = own.contains(name) ? message("message", name, "hi") : ""
                    #expect(try world.received(client) == expected)
                }
            }
            let channels = heard.reduce(into: Set()) { $0.formUnion($1) }.count
            #expect(world.server.subscriptions[.channel].count == channels)
        }
    }

    @Test("10 000 channels of one client come and go")
    func manyChannels() throws {
        let world = try world()
        let client = try world.connect()
        for block in 0..<100 {
            let names = (0..<100).map { "channel:\(block * 100 + $0)" }.joined(separator: " ")
            _ = try world.ask(client, "SUBSCRIBE \(names)")
        }
        #expect(world.server.subscriptions[.channel].count == 10_000)
        let speaker = try world.connect()
        #expect(try world.ask(speaker, "PUBLISH channel:7777 x") == ":1\r\n")
        #expect(try world.received(client) == message("message", "channel:7777", "x"))
        client.close(promise: nil)
        world.loop.run()
        #expect(world.server.subscriptions.isEmpty)
    }
}
