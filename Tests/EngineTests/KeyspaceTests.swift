/// The copy-on-write table against a naive model: content, accounts, views, walks.
import Bytes
import RESP
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Keyspace")
struct KeyspaceTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("random changes under views taken and dropped at random leave every view as it was")
    func viewsStayAsTheyWere() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let world = EngineFixture(databases: 2)
        var views: [(view: FrozenKeyspace, copy: Dump)] = []
        for round in 0..<(TestKnobs.isCampaign ? 200 : 30) {
            for _ in 0..<400 { change(world, &random) }
            if views.count < 4, round % 2 == 0 {
                let view = world.engine.freeze()
                views.append((view, try Dump(view)))
            } else if !views.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
                let gone = views.remove(at: Int.random(in: 0..<views.count, using: &random))
                #expect(try Dump(gone.view) == gone.copy)
            }
        }
        for (view, copy) in views { #expect(try Dump(view) == copy) }
        views.removeAll()
        world.engine.keyspace.collect()
        #expect(world.engine.keyspace.frozenBytes == 0)
        #expect(world.engine.keyspace.liveBytes == WalkedBytes.of(world.engine.keyspace))
    }

    /// One random command of strings, hashes or keys.
    private func change(_ world: EngineFixture, _ random: inout SeededGenerator) {
        let key = "k\(Int.random(in: 0..<300, using: &random))"
        let hash = "h\(Int.random(in: 0..<6, using: &random))"
        let field = "f\(Int.random(in: 0..<400, using: &random))"
        let value = String(repeating: "v", count: Int.random(in: 0..<90, using: &random))
        switch Int.random(in: 0..<16, using: &random) {
        case 0...3: world.run("SET", key, value)
        case 4: world.run("INCR", "n" + key)
        case 5: world.run("DEL", key)
        case 6: world.run("APPEND", key, value)
        case 7...10: world.run("HSET", hash, field, value)
        case 11: world.run("HDEL", hash, field)
        case 12: world.run("RENAME", key, "k\(Int.random(in: 0..<300, using: &random))")
        case 13: world.run("COPY", hash, "h\(Int.random(in: 0..<6, using: &random))", "REPLACE")
        case 14: world.run("EXPIRE", hash, "100000")
        default:
            if Int.random(in: 0..<60, using: &random) == 0 {
                world.run("FLUSHDB")
            } else {
                world.run("MOVE", key, "1")
            }
        }
    }

    @Test(
        "a table that grew to many segments and shrank again finds what it holds, and nothing else")
    func growsAndShrinks() {
        let heap = Heap(sip: SipHash(key0: 1, key1: 2))
        let table = Table.make(heap)
        defer { table.freeEverything() }
        let count = 20_000
        for number in 0..<count { put(number, table, heap) }
        #expect(table.count == count)
        for number in 0..<count { #expect(has(number, table, heap)) }
        for number in 0..<count where number % 7 != 0 { take(number, table, heap) }
        #expect(table.count == (count + 6) / 7)
        for number in 0..<count { #expect(has(number, table, heap) == (number % 7 == 0)) }
        for number in stride(from: 0, to: count, by: 7) { take(number, table, heap) }
        #expect(table.count == 0)
        #expect(table.bytes == WalkedBytes.of(table))
    }

    private func put(_ number: Int, _ table: Table, _ heap: Heap) {
        bytes("key:\(number)").withByteView { key in
            let entry = Entry.make(key: key, kind: .string, value: key, deadline: nil)
            table.insert(entry, hash: heap.sip.hash(key), heap)
        }
    }

    private func take(_ number: Int, _ table: Table, _ heap: Heap) {
        bytes("key:\(number)").withByteView { key in
            if let place = table.locate(key, hash: heap.sip.hash(key)) {
                table.remove(table.writable(place, heap), heap)
            }
        }
    }

    private func has(_ number: Int, _ table: Table, _ heap: Heap) -> Bool {
        bytes("key:\(number)").withByteView { table.find($0, hash: heap.sip.hash($0)) != nil }
    }

    @Test("a write under a view copies at most a path of nodes, however much there is")
    func copiesAreBounded() {
        let large = TestKnobs.isCampaign ? 5_000_000 : 200_000
        for count in [1000, large] {
            let world = EngineFixture(databases: 1)
            let keyspace = world.engine.keyspace
            populate(world, keys: count)
            for field in 0..<count { setField(world, field) }
            let view = world.engine.freeze()
            var worst = 0
            for number in stride(from: 0, to: count, by: max(1, count / 500)) {
                for write in [["SET", "key:\(number)", "x"], ["HSET", "hash", "f\(number)", "x"]] {
                    let before = keyspace.copiedBytes
                    _ = world.value(write.map { Array($0.utf8) })
                    worst = max(worst, keyspace.copiedBytes - before)
                }
            }
            // Two paths at most (the database's and the hash's): a root of 8 bytes for some 10,000 keys, a
            // chunk of 2 KB and a segment of 616 bytes each.
            #expect(worst < 2 * (Root.bytes(10) + 2100 + Segment.bytes), "\(count): \(worst)")
            withExtendedLifetime(view) {}
        }
    }

    private func populate(_ world: EngineFixture, keys: Int) {
        for number in 0..<keys {
            _ = world.value([bytes("SET"), bytes("key:\(number)"), bytes("some value")])
        }
    }

    private func setField(_ world: EngineFixture, _ number: Int) {
        _ = world.value([bytes("HSET"), bytes("hash"), bytes("f\(number)"), bytes("some value")])
    }

    @Test("a scan hands out what is there throughout, whatever splits and merges in between")
    func scansKeepTheirGuarantee() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let world = EngineFixture(databases: 1)
        for number in 0..<3000 { world.run("SET", "stay:\(number)", "x") }
        var seen = Set<String>()
        var cursor = "0"
        repeat {
            let reply = world.value(["SCAN", cursor, "COUNT", "50"].map { Array($0.utf8) }).elements
            cursor = reply[0].text ?? "0"
            for key in reply[1].elements { if let text = key.text { seen.insert(text) } }
            for _ in 0..<200 {
                let other = "other:\(Int.random(in: 0..<20_000, using: &random))"
                world.run(Bool.random(using: &random) ? "SET" : "DEL", other, "x")
                world.run("DEL", other + "0")
            }
        } while cursor != "0"
        for number in 0..<3000 { #expect(seen.contains("stay:\(number)")) }
    }

    @Test("random keys are drawn fairly")
    func drawsAreFair() {
        let world = EngineFixture(databases: 1)
        world.engine.random = SeededGenerator(seed: TestKnobs.seed)
        let keys = 1000
        for number in 0..<keys { world.run("SET", "\(number)", "x") }
        var counts = [Int](repeating: 0, count: keys)
        let draws = keys * 40
        for _ in 0..<draws {
            if let text = world.value([bytes("RANDOMKEY")]).text, let number = Int(text) {
                counts[number] += 1
            }
        }
        let expected = Double(draws) / Double(keys)
        let chi = counts.reduce(0.0) { sum, count in
            let difference = Double(count) - expected
            return sum + difference * difference / expected
        }
        // 999 degrees of freedom: mean 999, deviation 45. Ten deviations leave room for no bias of note.
        #expect(chi < 999 + 450, "\(chi)")
    }

    @Test("the sweep deletes every expired key and no other, and records it")
    func sweepsFindAll() {
        let world = EngineFixture(databases: 2)
        for number in 0..<5000 { world.run("SET", "stay:\(number)", "x", "EX", "1000") }
        for number in 0..<3000 { world.run("SET", "go:\(number)", "x", "PX", "\(1 + number % 50)") }
        world.run("SELECT", "1")
        for number in 0..<100 { world.run("HSET", "h:\(number)", "f", "v") }
        for number in 0..<100 { world.run("PEXPIRE", "h:\(number)", "20") }
        world.advance(milliseconds: 60)
        let before = world.backend.commands.count
        while !world.engine.expireCycle(budgetNanoseconds: 1_000_000) {}
        #expect(world.engine.keyspace.keyCount(database: 0) == 5000)
        #expect(world.engine.keyspace.keyCount(database: 1) == 0)
        #expect(world.engine.statistics.expiredKeys == 3100)
        #expect(world.backend.commands.count - before == 3100)
    }

    @Test("eviction takes what its policy says")
    func evictionFollowsItsPolicy() {
        for policy in [EvictionPolicy.allkeysLRU, .volatileTTL, .volatileLRU, .allkeysRandom] {
            let world = EngineFixture(databases: 1)
            world.engine.random = SeededGenerator(seed: TestKnobs.seed)
            world.engine.settings.evictionPolicy = policy
            world.engine.settings.evictionSamples = 10
            for number in 0..<1000 {
                world.run("SET", "old:\(number)", "x", "EX", "\(100 + number)")
            }
            world.advance(milliseconds: 50_000)
            for number in 0..<1000 { world.run("SET", "new:\(number)", "x") }
            world.engine.settings.maximumMemory = world.engine.usedMemory
            for number in 0..<500 { world.run("SET", "more:\(number)", "x") }
            #expect(world.engine.statistics.evictedKeys > 100)
            #expect(world.engine.usedMemory <= world.engine.settings.maximumMemory + 1000)
            if policy == .allkeysRandom { continue }
            let old = survivors(world, "old:*")
            let new = survivors(world, "new:*")
            #expect(old < new, "\(policy): \(old) old and \(new) new keys are left")
            if policy == .volatileTTL || policy == .volatileLRU { #expect(new == 1000) }
        }
    }

    private func survivors(_ world: EngineFixture, _ pattern: String) -> Int {
        world.value([bytes("KEYS"), bytes(pattern)]).elements.count
    }

    @Test("noeviction refuses writes over the limit and goes on reading")
    func noevictionRefuses() {
        let world = EngineFixture()
        world.run("SET", "k", "v")
        world.engine.settings.maximumMemory = 1
        #expect(world.run("SET", "k", "w").hasPrefix("-OOM command not allowed"))
        #expect(world.run("GET", "k") == "\"v\"")
        #expect(world.run("DEL", "k") == ":1")
    }

    @Test("a view is read on another thread while the engine writes")
    func viewsCrossThreads() async throws {
        let world = EngineFixture(databases: 1)
        for number in 0..<20_000 { world.run("SET", "key:\(number)", "value") }
        let view = world.engine.freeze()
        let reader = Task.detached { () -> Int in
            var sum = 0
            for _ in 0..<5 {
                try view.forEachEntry(database: 0) { entry in
                    if case .string(let value) = entry.value { sum += value.count }
                }
            }
            return sum
        }
        for number in 0..<20_000 { world.run("SET", "key:\(number)", "another value") }
        #expect(try await reader.value == 5 * 20_000 * 5)
    }
}

/// Everything in a view, to compare with.
private struct Dump: Equatable {
    var databases: [[[UInt8]: [UInt8]]] = []

    init(_ view: FrozenKeyspace) throws {
        for database in 0..<view.databaseCount {
            var keys: [[UInt8]: [UInt8]] = [:]
            try view.forEachEntry(database: database) { entry in
                var text = entry.deadline.map { Decimal.text($0.millisecondsSinceEpoch) } ?? []
                switch entry.value {
                case .string(let value): text += value.array
                case .integer(let value): text += Decimal.text(value)
                case .hash(let hash):
                    var pairs: [[UInt8]] = []
                    try hash.forEachField { field, value, _ in
                        pairs.append(field.array + [0] + value.array)
                    }
                    pairs.sort { $0.lexicographicallyPrecedes($1) }
                    text += pairs.flatMap { $0 + [1] }
                default: Issue.record("no other type is made here")
                }
                keys[entry.key.array] = text
            }
            #expect(keys.count == view.keyCount(database: database))
            databases.append(keys)
        }
    }
}
