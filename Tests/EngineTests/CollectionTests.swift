/// Collections of every type: what is recorded makes them again, views keep what they saw, bytes add up.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Collections")
struct CollectionTests {
    /// What a view holds, as the naive dataset that its entries' mutations make.
    static func dataset(_ view: FrozenKeyspace) throws -> NaiveDataset {
        let dataset = NaiveDataset()
        let speller = MutationSpeller()
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                try speller.spell(entry) { dataset.apply($0, database: database) }
            }
        }
        return dataset
    }

    private func key(_ kind: String, _ random: inout SeededGenerator) -> String {
        "\(kind)\(Int.random(in: 0..<3, using: &random))"
    }

    private func item(_ random: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: String(repeating: "long", count: Int.random(in: 1...700, using: &random))
        case 1, 2: "\(Int.random(in: -50...50, using: &random))"
        case 3: ""
        default: "item-\(Int.random(in: 0..<400, using: &random))"
        }
    }

    /// One random command; many items at a time now and then, so that small encodings end.
    private func command(_ random: inout SeededGenerator) -> [String] {
        let many = Int.random(in: 0..<8, using: &random) == 0 ? 60 : 3
        func items() -> [String] {
            (0..<Int.random(in: 1...many, using: &random)).map { _ in item(&random) }
        }
        let index = "\(Int.random(in: -5..<40, using: &random))"
        switch Int.random(in: 0..<32, using: &random) {
        case 0...3:
            return [Bool.random(using: &random) ? "LPUSH" : "RPUSH", key("l", &random)] + items()
        case 4: return [Bool.random(using: &random) ? "LPOP" : "RPOP", key("l", &random), "2"]
        case 5: return ["LSET", key("l", &random), index, item(&random)]
        case 6:
            let side = Bool.random(using: &random) ? "BEFORE" : "AFTER"
            return ["LINSERT", key("l", &random), side, item(&random), item(&random)]
        case 7: return ["LREM", key("l", &random), index, item(&random)]
        case 8: return ["LTRIM", key("l", &random), "1", "-2"]
        case 9: return ["LMOVE", key("l", &random), key("l", &random), "LEFT", "RIGHT"]
        case 10...12: return ["SADD", key("s", &random)] + items()
        case 13: return ["SREM", key("s", &random)] + items()
        case 14: return ["SPOP", key("s", &random), "3"]
        case 15: return ["SMOVE", key("s", &random), key("s", &random), item(&random)]
        case 16: return ["SUNIONSTORE", key("s", &random), key("s", &random), key("s", &random)]
        case 17: return ["SDIFFSTORE", key("s", &random), key("s", &random), key("s", &random)]
        case 18...20:
            return ["ZADD", key("z", &random)]
                + items().flatMap { ["\(Int.random(in: -9...9, using: &random))", $0] }
        case 21: return ["ZINCRBY", key("z", &random), "0.1", item(&random)]
        case 22: return ["ZREM", key("z", &random)] + items()
        case 23: return ["ZREMRANGEBYRANK", key("z", &random), "0", "2"]
        case 24: return ["ZPOPMAX", key("z", &random), "2"]
        case 25:
            return ["ZUNIONSTORE", key("z", &random), "2", key("z", &random), key("s", &random)]
        case 26...28: return ["HSET", key("h", &random)] + items().flatMap { [$0, $0] }
        case 29:
            return ["HPEXPIRE", key("h", &random), "100000", "FIELDS", "1", item(&random)]
        case 30: return ["HPERSIST", key("h", &random), "FIELDS", "1", item(&random)]
        default:
            return Bool.random(using: &random)
                ? ["COPY", key("l", &random), key("z", &random), "REPLACE"]
                : ["RENAME", key("s", &random), key("s", &random)]
        }
    }

    private func run(_ world: EngineFixture, _ random: inout SeededGenerator) {
        _ = world.value(command(&random).map { Array($0.utf8) })
    }

    @Test("what was recorded, replayed, gives the same data", arguments: [1, 2, 3])
    func replay(seed: UInt64) throws {
        var random = SeededGenerator(seed: TestKnobs.seed &+ seed)
        let world = EngineFixture()
        let count = TestKnobs.isCampaign ? 100_000 : 3000
        for round in 0..<count {
            run(world, &random)
            if round % 500 == 0 { world.advance(milliseconds: 20_000) }
            if round % 100 == 0 { _ = world.engine.expireCycle(budgetNanoseconds: .max) }
        }
        let other = world.replayed()
        let here = try Self.dataset(world.engine.freeze())
        let there = try Self.dataset(other.freeze())
        #expect(here.keyCount == there.keyCount)
        #expect(here.digest == there.digest)
        #expect(
            DebugDigest.of(world.engine.keyspace).bytes == DebugDigest.of(other.keyspace).bytes)
        #expect(world.engine.keyspace.liveBytes == WalkedBytes.of(world.engine.keyspace))
    }

    @Test("views keep what they saw, whatever is written meanwhile", arguments: [4, 5])
    func views(seed: UInt64) throws {
        var random = SeededGenerator(seed: TestKnobs.seed &+ seed)
        let world = EngineFixture()
        for _ in 0..<1500 { run(world, &random) }
        for _ in 0..<(TestKnobs.isCampaign ? 200 : 15) {
            let view = world.engine.freeze()
            let before = try Self.dataset(view)
            for _ in 0..<60 { run(world, &random) }
            let after = try Self.dataset(view)
            #expect(before.digest == after.digest)
            #expect(world.engine.keyspace.liveBytes == WalkedBytes.of(world.engine.keyspace))
        }
        world.engine.beginBatch()
        #expect(world.engine.keyspace.frozenBytes == 0)
    }

    /// Elements of each large collection.
    private static var size: Int { TestKnobs.isCampaign ? 5_000_000 : 60_000 }

    @Test("a write under a view copies a segment or a path of nodes, however large the collection")
    func boundedCopies() throws {
        let world = EngineFixture()
        world.engine.backend = nil
        fill(world, Self.size)
        let view = world.engine.freeze()
        let frozen = try counts(view)
        // A segment with its chunk's directory and the roots, a path of tree nodes, a list's chunk.
        let bound = 64 << 10
        var worst = (bytes: 0, command: "")
        var random = SeededGenerator(seed: TestKnobs.seed)
        for _ in 0..<400 {
            let member = "m\(Int.random(in: 0..<Self.size, using: &random))"
            let place = "\(Int.random(in: 0..<1000, using: &random) * (Self.size / 1001))"
            for line in [
                "HSET hash \(member) changed", "HDEL hash \(member)", "SADD set new\(member)",
                "SREM set \(member)", "ZADD zset \(place) \(member)", "ZREM zset \(member)",
                "ZPOPMIN zset", "LPUSH list x", "RPUSH list y", "LPOP list", "RPOP list",
                "LSET list \(place) z", "ZINCRBY zset 1 \(member)",
                "XADD stream * field new", "XDEL stream \(place)-1",
                "XREADGROUP GROUP readers one COUNT 1 STREAMS stream >",
                "XACK stream readers \(place)-1", "XTRIM stream MAXLEN ~ \(Self.size) LIMIT 100",
                "XCLAIM stream readers two 0 \(place)-1 FORCE JUSTID",
                "XGROUP CREATECONSUMER stream readers \(member)",
            ] {
                let before = world.engine.keyspace.copiedBytes
                world.line(line)
                let copied = world.engine.keyspace.copiedBytes - before
                if copied > worst.bytes { worst = (copied, line) }
            }
        }
        print("views: at \(Self.size) elements the most that one write copied is \(worst)")
        #expect(worst.bytes <= bound, "\(worst.command)")
        #expect(try counts(view) == frozen)
    }

    private func fill(_ world: EngineFixture, _ size: Int) {
        for start in stride(from: 0, to: size, by: 500) {
            let members = (start..<min(start + 500, size)).map { "m\($0)" }
            world.line("HSET hash " + members.map { "\($0) v" }.joined(separator: " "))
            world.line("SADD set " + members.joined(separator: " "))
            let pairs = (start..<min(start + 500, size)).map { "\($0) m\($0)" }
            world.line("ZADD zset " + pairs.joined(separator: " "))
            world.line("RPUSH list " + members.joined(separator: " "))
            for place in start..<min(start + 500, size) {
                world.line("XADD stream \(place + 1)-1 field m\(place)")
            }
        }
        world.line("XGROUP CREATE stream readers 0")
        world.line("XREADGROUP GROUP readers one COUNT \(size / 2) STREAMS stream >")
    }

    /// A sum over everything in the view, in order where there is one.
    private func counts(_ view: FrozenKeyspace) throws -> [[UInt8]: UInt64] {
        var sums: [[UInt8]: UInt64] = [:]
        func hash(_ bytes: ByteView) -> UInt64 { bytes.reduce(7) { $0 &* 31 &+ UInt64($1) } }
        try view.forEachEntry(database: 0) { entry in
            var sum: UInt64 = 0
            switch entry.value {
            case .hash(let fields):
                try fields.forEachField { field, value, _ in sum &+= hash(field) &* 3 &+ hash(value)
                }
            case .set(let set): try set.forEachMember { sum &+= hash($0) }
            case .list(let list): try list.forEachElement { sum = sum &* 31 &+ hash($0) }
            case .sortedSet(let set):
                try set.forEachMember { sum = sum &* 31 &+ hash($0) &+ $1.bitPattern }
            case .stream(let stream):
                try stream.forEachEntry { id, fields in
                    sum = sum &* 31 &+ id.milliseconds
                    for field in fields { sum = sum &* 31 &+ hash(field) }
                }
                try stream.forEachGroup { group in
                    try group.forEachPending { pending in
                        sum = sum &* 31 &+ pending.id.milliseconds &+ hash(pending.consumer)
                    }
                }
            default: Issue.record("no other type was made")
            }
            sums[entry.key.array] = sum
        }
        return sums
    }
}

/// The bytes of the live side, counted anew.
enum WalkedBytes {
    static func of(_ keyspace: Keyspace) -> Int {
        (0..<keyspace.databaseCount).reduce(0) { $0 + of(keyspace.tables[$1]) }
    }

    static func of(_ table: Table) -> Int {
        var sum = Table.headerBytes + Root.bytes(table.rootBits)
        forEachChunk(root: table.root, bits: table.rootBits) { chunk in
            sum += chunk.bytes
            forEachSegment(of: chunk) { segment in
                sum += Segment.bytes
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    sum += segment.entry(slot).allocatedBytes + below(segment.entry(slot))
                }
            }
        }
        return sum
    }

    private static func below(_ entry: Entry) -> Int {
        guard entry.kind.isNested else { return 0 }
        let raw = unsafe entry.nested.raw
        switch entry.kind {
        case .tableHash, .tableSet: return of(entry.table)
        case .chunkList:
            let tree = unsafe ListTree(raw: raw).tree
            var sum = ListTree.headerBytes + nodes(tree)
            tree.forEach { sum += ListChunk($0).allocatedBytes }
            return sum
        case .treeSortedSet:
            let set = unsafe SortedSetTree(raw: raw)
            return of(set.table) - Table.headerBytes + SortedSetTree.headerBytes + nodes(set.tree)
        default: return entry.nested.bytes
        }
    }

    private static func nodes<Element>(_ tree: OrderedTree<Element>) -> Int {
        func below(_ node: TreeNode) -> Int {
            let own = OrderedTree<Element>.bytes(level: node.level)
            return node.level == 0
                ? own : (0..<node.count).reduce(own) { $0 + below(node.child($1)) }
        }
        return below(tree.root)
    }
}
