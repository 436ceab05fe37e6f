/// Client-side caching: the table against a model, and what clients are told.
import Bytes
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Server

@Suite("Client-side caching")
struct TrackingTests {
    private func world(_ arguments: [String] = []) throws -> ServerWorld {
        let world = try ServerWorld(arguments)
        world.backend.releasesAtOnce = true
        return world
    }

    private func invalidate(_ keys: String...) -> String {
        ">2\r\n$10\r\ninvalidate\r\n*\(keys.count)\r\n"
            + keys.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    @Test("the table holds what a dictionary of sets holds")
    func tableProperty() {
        var generator = SeededGenerator(seed: TestKnobs.seed)
        var table = TrackingTable()
        var model: [[UInt8]: Set<UInt64>] = [:]
        for _ in 0..<20_000 {
            let key = Array("key:\(Int.random(in: 0..<300, using: &generator))".utf8)
            let client = UInt64.random(in: 1...6, using: &generator)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<7:
                key.withByteView { table.add($0, by: client) }
                model[key, default: []].insert(client)
            case 7, 8:
                let found = key.withByteView { table.remove($0) }
                #expect(clients(found) == model.removeValue(forKey: key))
            default:
                let found = table.removeRandom()
                #expect(clients(found) == found.flatMap { model.removeValue(forKey: $0.name) })
            }
            #expect(table.count == model.count)
            #expect(table.itemCount == model.values.reduce(0) { $0 + $1.count })
        }
    }

    private func clients(_ key: TrackedKey?) -> Set<UInt64>? {
        guard let key else { return nil }
        var all: Set<UInt64> = []
        key.forEachClient { all.insert($0) }
        return all
    }

    @Test("a key that was read is told once when it changes")
    func once() throws {
        let world = try world()
        let (client, other) = (try world.connect(), try world.connect())
        _ = try world.ask(client, "HELLO 3")
        #expect(try world.ask(client, "CLIENT TRACKING ON") == "+OK\r\n")
        _ = try world.ask(client, "MGET a b")
        _ = try world.ask(other, "SET a 1")
        _ = try world.ask(other, "SET a 2")
        #expect(try world.received(client) == invalidate("a"))
        #expect(try world.ask(client, "SET b 1") == "+OK\r\n" + invalidate("b"))
        _ = try world.ask(client, "GET a")
        _ = try world.ask(other, "FLUSHDB")
        #expect(try world.received(client) == ">2\r\n$10\r\ninvalidate\r\n_\r\n")
        #expect(try world.ask(other, "INFO stats").contains("tracking_total_keys:0\r\n"))
    }

    @Test("broadcast tells prefixes, one message a tick, and spares who asked not to hear himself")
    func broadcast() throws {
        let world = try world()
        let (client, own) = (try world.connect(), try world.connect())
        for each in [client, own] { _ = try world.ask(each, "HELLO 3") }
        _ = try world.ask(client, "CLIENT TRACKING ON BCAST PREFIX a: PREFIX b:")
        _ = try world.ask(own, "CLIENT TRACKING ON BCAST NOLOOP")
        #expect(try world.ask(own, "SET a:1 1\r\nSET c:1 1\r\nSET a:1 2\r\nSET a:2 1") == ok(4))
        #expect(try world.received(client) == invalidate("a:1", "a:2"))
        #expect(try world.ask(client, "SET c:1 1") == ok(1))
        #expect(try world.received(own) == invalidate("c:1"))
        #expect(try world.ask(client, "INFO stats").contains("tracking_total_prefixes:3\r\n"))
        client.close(promise: nil)
        world.loop.run()
        #expect(world.server.tracking.prefixes.count == 1)
        _ = try world.ask(own, "CLIENT TRACKING OFF")
        #expect(world.server.tracking.clientCount == 0)
        #expect(world.server.engine.onKeyChange == nil)
    }

    private func ok(_ count: Int) -> String { String(repeating: "+OK\r\n", count: count) }

    @Test("a RESP2 client has another one told, which has subscribed; that one gone, it is told so")
    func redirection() throws {
        let world = try world()
        let (client, listener) = (try world.connect(), try world.connect())
        _ = try world.ask(listener, "SUBSCRIBE __redis__:invalidate")
        _ = try world.ask(client, "CLIENT TRACKING ON REDIRECT 2")
        _ = try world.ask(client, "GET a")
        #expect(try world.ask(client, "SET a 1") == "+OK\r\n")
        #expect(
            try world.received(listener)
                == "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n")
        #expect(try world.ask(client, "CLIENT GETREDIR") == ":2\r\n")
        listener.close(promise: nil)
        world.loop.run()
        _ = try world.ask(client, "HELLO 3")
        _ = try world.ask(client, "GET a")
        #expect(
            try world.ask(client, "SET a 1")
                == "+OK\r\n>2\r\n$21\r\ntracking-redir-broken\r\n:2\r\n")
        #expect(try world.ask(client, "CLIENT INFO").contains(" flags=tR "))
        #expect(try world.ask(client, "CLIENT TRACKINGINFO").contains("broken_redirect"))
    }

    @Test("the table is kept within tracking-table-max-keys; what it forgets is told")
    func limit() throws {
        let world = try world(["--tracking-table-max-keys", "10"])
        let client = try world.connect()
        _ = try world.ask(client, "HELLO 3")
        _ = try world.ask(client, "CLIENT TRACKING ON")
        var told = 0
        for number in 0..<50 {
            let reply = try world.ask(client, "GET k\(number)")
            if reply.contains("invalidate") { told += 1 }
        }
        #expect(told == 40)
        #expect(world.server.tracking.table.count == 10)
        _ = try world.ask(client, "CONFIG SET tracking-table-max-keys 3")
        world.server.trimTrackingTable()
        #expect(world.server.tracking.table.count == 3)
    }

    @Test("OPTIN and OPTOUT follow CLIENT CACHING for one command or transaction")
    func caching() throws {
        let world = try world()
        let (client, other) = (try world.connect(), try world.connect())
        _ = try world.ask(client, "HELLO 3")
        func hears(_ keys: [String]) throws -> [String] {
            let before = try world.received(client)
            #expect(before == "")
            for key in keys { _ = try world.ask(other, "SET \(key) 1") }
            let text = try world.received(client)
            return keys.filter { text.contains(invalidate($0)) }
        }
        _ = try world.ask(client, "CLIENT TRACKING ON OPTIN")
        _ = try world.ask(client, "GET a\r\nCLIENT CACHING YES\r\nCLIENT ID\r\nGET b\r\nGET c")
        #expect(try hears(["a", "b", "c"]) == ["b"])
        _ = try world.ask(client, "CLIENT CACHING YES\r\nMULTI\r\nGET a\r\nGET b\r\nEXEC\r\nGET c")
        #expect(try hears(["a", "b", "c"]) == ["a", "b"])
        _ = try world.ask(client, "CLIENT TRACKING OFF")
        _ = try world.ask(client, "CLIENT TRACKING ON OPTOUT")
        _ = try world.ask(client, "GET a\r\nCLIENT CACHING NO\r\nGET b\r\nGET c")
        #expect(try hears(["a", "b", "c"]) == ["a", "c"])
    }
}
