/// Streams under random commands: frozen views, accounts, replay, what a log's base says of them.
import Bytes
import RESP
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Streams under random commands")
struct StreamPropertyTests {
    private func world(_ entries: Int, _ bytes: Int) -> EngineFixture {
        let world = EngineFixture(databases: 1)
        world.engine.settings.limits.streamNodeEntries = entries
        world.engine.settings.limits.streamNodeBytes = bytes
        return world
    }

    private func run(_ world: EngineFixture, _ draw: inout StreamCommandDraw, _ count: Int) {
        for _ in 0..<count {
            _ = world.raw(draw.next().map { Array($0.utf8) })
            if draw.below(9) == 0 { world.advance(milliseconds: 3) }
        }
    }

    @Test(
        "views stay what they were, accounts are true, a replay gives the same",
        arguments: [(1, 4096), (3, 200), (100, 4096), (0, 0)])
    func randomChanges(entries: Int, bytes: Int) throws {
        let world = world(entries, bytes)
        let engine = world.engine
        var draw = StreamCommandDraw(seed: TestKnobs.seed ^ UInt64(entries))
        var views: [(view: FrozenKeyspace, dump: StreamDump)] = []
        for round in 0..<(TestKnobs.isCampaign ? 400 : 40) {
            run(world, &draw, 60)
            if views.count < 4, round % 2 == 0 {
                let view = engine.freeze()
                views.append((view, try StreamDump(view)))
            } else if !views.isEmpty, draw.below(3) == 0 {
                let gone = views.remove(at: draw.below(views.count))
                #expect(try StreamDump(gone.view) == gone.dump)
            }
            if round % 8 == 0 {
                #expect(engine.keyspace.liveBytes == StreamWalk.bytes(engine.keyspace))
            }
        }
        for (view, dump) in views { #expect(try StreamDump(view) == dump) }
        views.removeAll()
        engine.keyspace.collect()
        #expect(engine.keyspace.frozenBytes == 0)
        #expect(engine.keyspace.liveBytes == StreamWalk.bytes(engine.keyspace))
        let dump = try StreamDump(engine.freeze())
        #expect(!dump.streams.isEmpty)
        #expect(try StreamDump(world.replayed().freeze()) == dump)
        #expect(
            DebugDigest.of(world.replayed().keyspace).text
                == DebugDigest.of(engine.keyspace).text)
        engine.keyspace.collect()
        world.run("FLUSHALL")
        #expect(engine.keyspace.liveBytes == StreamWalk.bytes(engine.keyspace))
    }

    @Test("the mutations that a frozen stream is spelled with make it again")
    func spelled() throws {
        for seed in 0..<(TestKnobs.isCampaign ? 200 : 12) {
            let world = world(4, 4096)
            var draw = StreamCommandDraw(seed: TestKnobs.seed &+ UInt64(seed))
            run(world, &draw, 300)
            let view = world.engine.freeze()
            #expect(
                try StreamDump(respelled(view).freeze()) == StreamDump(view),
                "seed \(TestKnobs.seed) + \(seed)")
        }
    }

    /// An engine that replays what a view is spelled with.
    private func respelled(_ view: FrozenKeyspace) throws -> Engine {
        let backend = RecordingBackend()
        let speller = MutationSpeller()
        try view.forEachEntry(database: 0) { entry in
            try speller.spell(entry) { backend.record($0, database: 0) }
        }
        let engine = Engine(databases: 1, clock: ManualClock())
        let target = engine.replayTarget()
        for command in backend.commands {
            let outcome = command.words.withByteViews { target.replay($0) }
            if case .applied = outcome { continue }
            Issue.record("\(outcome): \(command.words.map { String(decoding: $0, as: UTF8.self) })")
        }
        return engine
    }

    @Test("streams without entries, and what is pending of entries that are gone, are spelled")
    func spelledEdges() throws {
        let scripts = [
            ["XGROUP CREATE s g $ MKSTREAM", "XGROUP DESTROY s g"],
            ["XGROUP CREATE s g 5-5 MKSTREAM ENTRIESREAD 9", "XGROUP CREATECONSUMER s g c"],
            ["XADD s 7-1 a b", "XTRIM s MAXLEN 0"], ["XADD s 7-1 a b", "XDEL s 7-1"],
            ["XADD s 7-1 a b", "XDEL s 7-1", "XSETID s 9-9 ENTRIESADDED 99 MAXDELETEDID 8-1"],
            [
                "XADD s 1 a b", "XADD s 2 a b", "XADD s 3 a b", "XADD s 4 a b",
                "XGROUP CREATE s g 0",
                "XREADGROUP GROUP g c STREAMS s >", "XTRIM s MINID 3",
            ],
            [
                "XADD s 1 a b", "XADD s 2 a b", "XADD s 3 a b", "XADD s 4 a b",
                "XGROUP CREATE s g 0",
                "XREADGROUP GROUP g c STREAMS s >", "XDEL s 3 4", "XTRIM s MINID 2",
                "XGROUP SETID s g 1",
            ],
            [
                "XADD s 1 a b", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >",
                "XTRIM s MAXLEN 0", "XSETID s 0-1",
            ],
        ]
        for script in scripts {
            let world = EngineFixture(databases: 1)
            for line in script {
                let reply = world.line(line)
                #expect(!reply.hasPrefix("-"), "\(line): \(reply)")
            }
            let view = world.engine.freeze()
            #expect(try StreamDump(respelled(view).freeze()) == StreamDump(view), "\(script)")
        }
    }

    @Test("a write under a view copies a node and some paths, however long the stream is")
    func copiesAreBounded() throws {
        let world = world(100, 4096)
        let keyspace = world.engine.keyspace
        world.run("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
        for number in 1...(TestKnobs.isCampaign ? 200_000 : 8_000) {
            world.run("XADD", "s", "\(number)", "name", "value \(number)", "age", "\(number)")
        }
        world.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "4000", "STREAMS", "s", ">")
        let writes = [
            "XADD s 9000000 name x age 1", "XDEL s 4444", "XACK s g 2222", "XTRIM s MAXLEN = 7990",
            "XCLAIM s g d 0 3333", "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
            "XGROUP CREATE s other $", "XGROUP DELCONSUMER s g nobody",
        ]
        for write in writes {
            let view = world.engine.freeze()
            let dump = try StreamDump(view)
            var before = keyspace.copiedBytes
            #expect(!world.line(write).hasPrefix("-"), "\(write)")
            #expect(keyspace.copiedBytes - before < 24 << 10, "\(write)")
            before = keyspace.copiedBytes
            world.line("XADD s * name x age 1")
            world.line("XADD s * name x age 1")
            #expect(keyspace.copiedBytes - before < 12 << 10, "\(write)")
            before = keyspace.copiedBytes
            world.line("XADD s * name x age 1")
            #expect(keyspace.copiedBytes == before, "\(write)")
            #expect(try StreamDump(view) == dump, "\(write)")
        }
        keyspace.collect()
        #expect(keyspace.frozenBytes == 0)
        #expect(keyspace.liveBytes == StreamWalk.bytes(keyspace))
    }
}
