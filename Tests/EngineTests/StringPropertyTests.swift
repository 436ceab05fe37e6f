/// Random commands on strings: frozen views stay what they were, and the record replays to the same data.
import Bytes
import TestSupport
import Testing

@testable import Engine

/// Draws commands on strings over a small set of keys.
struct StringCommandDraw {
    private var random: SeededGenerator
    private let keys: Int

    init(seed: UInt64, keys: Int = 40) {
        random = SeededGenerator(seed: seed)
        self.keys = keys
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func key() -> String { "key:\(number(0..<keys))" }

    /// Integers, short text, and at times text beyond the short form of an entry.
    private mutating func value() -> String {
        switch number(0..<8) {
        case 0, 1: return String(number(-1000..<1000))
        case 2: return ["", "0", "-0", "1.5", "9223372036854775807", "01"][number(0..<6)]
        case 3:
            let letter = ["x", "y"][number(0..<2)]
            return String(repeating: letter, count: [254, 65_530, 65_536, 90_000][number(0..<4)])
        default: return String(repeating: "v", count: number(0..<40))
        }
    }

    /// A command as words.
    mutating func next() -> [String] {
        switch number(0..<22) {
        case 0, 1: return ["SET", key(), value()]
        case 2: return ["SET", key(), value(), "PX", String(number(1..<5_000_000))]
        case 3: return ["SET", key(), value(), ["NX", "XX"][number(0..<2)], "GET"]
        case 4: return ["SET", key(), value(), "KEEPTTL"]
        case 5: return ["GETEX", key()] + [["PERSIST"], ["EX", "5000"], []][number(0..<3)]
        case 6: return ["GETDEL", key()]
        case 7: return ["GETSET", key(), value()]
        case 8: return ["GETRANGE", key(), String(number(-9..<9)), String(number(-9..<9))]
        case 9, 10: return ["SETRANGE", key(), String(number(0..<50)), value()]
        case 11, 12: return ["APPEND", key(), value()]
        case 13: return ["STRLEN", key()]
        case 14: return ["MGET", key(), key(), key()]
        case 15: return ["MSET", key(), value(), key(), value()]
        case 16: return ["MSETNX", key(), value(), key(), value()]
        case 17: return ["SETNX", key(), value()]
        case 18: return ["SETEX", key(), "5000", value()]
        case 19: return ["INCRBYFLOAT", key(), ["0.5", "-3", "1e3", "x"][number(0..<4)]]
        case 20: return [["INCR", "DECR"][number(0..<2)], key()]
        default: return [["INCRBY", "DECRBY"][number(0..<2)], key(), String(number(-99..<99))]
        }
    }
}

@Suite("Strings under random commands")
struct StringPropertyTests {
    private let rounds = TestKnobs.isCampaign ? 200_000 : 6_000

    private func words(_ command: [String]) -> [[UInt8]] { command.map { Array($0.utf8) } }

    @Test("a frozen view shows what was there when it was taken, whatever is written afterwards")
    func viewsStandStill() throws {
        let f = EngineFixture()
        var draw = StringCommandDraw(seed: TestKnobs.seed)
        var views: [(view: FrozenKeyspace, copy: StringDump)] = []
        for round in 0..<rounds {
            if draw.number(0..<300) == 0 || round == 100 {
                views.append((f.engine.freeze(), try StringDump(f.engine.freeze())))
            }
            if views.count == 4 {
                let each = views.remove(at: draw.number(0..<4))
                #expect(try StringDump(each.view) == each.copy, "seed \(TestKnobs.seed)")
            }
            if draw.number(0..<400) == 0 {
                f.run("RENAME", "key:1", "key:2")
            }
            _ = f.raw(words(draw.next()))
        }
        #expect(!views.isEmpty)
        for each in views { #expect(try StringDump(each.view) == each.copy) }
        views = []
        f.engine.keyspace.collect()
        #expect(f.engine.keyspace.frozenBytes == 0)
    }

    @Test("what was recorded, replayed, gives the same data")
    func replays() throws {
        let f = EngineFixture()
        var draw = StringCommandDraw(seed: TestKnobs.seed ^ 1)
        for round in 0..<rounds {
            _ = f.raw(words(draw.next()))
            if round % 50 == 0 { f.advance(milliseconds: 40_000) }
        }
        let other = f.replayed()
        #expect(try StringDump(other.freeze()) == StringDump(f.engine.freeze()))
    }

    @Test("the account of bytes is that of the entries that are there")
    func accounts() throws {
        let f = EngineFixture()
        let empty = f.engine.keyspace.liveBytes
        var draw = StringCommandDraw(seed: TestKnobs.seed ^ 2)
        for _ in 0..<(rounds / 2) { _ = f.raw(words(draw.next())) }
        let table = f.engine.keyspace.tables[0]
        var entries = 0
        table.forEachEntry { entries += $0.allocatedBytes }
        for index in 0..<40 { f.run("DEL", "key:\(index)") }
        f.engine.keyspace.collect()
        #expect(entries > 0)
        #expect(f.engine.keyspace.keyCount == 0)
        #expect(f.engine.keyspace.liveBytes - empty < 8192)
    }

    @Test("appending byte by byte to a long string copies it a few times, not every time")
    func appendsAreAmortised() {
        let f = EngineFixture()
        f.run("SET", "k", String(repeating: "x", count: 70_000))
        var moves = 0
        var last = 0
        for _ in 0..<20_000 {
            _ = f.raw(words(["APPEND", "k", "y"]))
            let entry = f.engine.keyspace.tables[0].randomEntry(using: &f.engine.random)
            let bytes = entry?.allocatedBytes ?? 0
            if bytes != last { moves += 1 }
            last = bytes
        }
        #expect(moves < 10)
        #expect(f.run("STRLEN", "k") == ":90000")
    }

    @Test("the first append under a view copies the string once, the next ones write in place")
    func appendsUnderAView() throws {
        let f = EngineFixture()
        f.run("SET", "k", String(repeating: "x", count: 100_000))
        let view = f.engine.freeze()
        let before = f.engine.keyspace.copiedBytes
        for _ in 0..<100 { f.run("APPEND", "k", "y") }
        let copied = f.engine.keyspace.copiedBytes - before
        #expect(copied >= 100_000 && copied < 120_000, "\(copied) bytes copied")
        #expect(try StringDump(view).databases[0].first?.value.text.count == 100_000)
    }

    @Test("INCR writes an integer where it stands, but leaves what a view sees alone")
    func incrementsInPlace() throws {
        let f = EngineFixture()
        let key = Array("n".utf8)
        func entry() -> Entry? {
            key.withByteView { f.engine.peek($0, f.session) }
        }
        f.run("SET", "n", "99", "EX", "100")
        let first = entry()
        f.run("INCR", "n")
        #expect(first != nil && entry() == first)
        let view = f.engine.freeze()
        f.run("INCR", "n")
        let second = entry()
        #expect(second != first)
        f.run("INCR", "n")
        #expect(entry() == second)
        #expect(try StringDump(view).databases[0][key]?.text == Array("100".utf8))
        #expect(f.run("GET", "n") == "\"102\"")
    }
}
