/// Bitmaps: replies, what is recorded, who is told, what views see, and the same data after a replay.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Bitmaps")
struct BitmapCommandTests {
    @Test("SETBIT pads, answers the old bit and records one byte")
    func setBit() {
        let f = EngineFixture()
        #expect(f.line("SETBIT k 14 1") == ":0")
        #expect(f.value([Array("GET".utf8), Array("k".utf8)]) == .bulk([0, 2]))
        #expect(f.line("SETBIT k 15 1") == ":0")
        #expect(f.line("SETBIT k 14 0") == ":1")
        #expect(f.line("GETBIT k 15") == ":1")
        #expect(f.line("GETBIT k 999999") == ":0")
        #expect(f.line("GETBIT none 0") == ":0")
        let words = f.backend.commands.map(\.words)
        #expect(words.map(\.count) == [4, 4, 4])
        #expect(words.map { $0[2] } == [[49], [49], [49]])
        #expect(words.map { $0[3] } == [[2], [3], [1]])
    }

    @Test("a bit that is as it should be is no change")
    func unchanged() {
        let f = EngineFixture()
        f.run("SET", "k", "123")
        f.backend.forget()
        #expect(f.line("SETBIT k 1 0") == ":0")
        #expect(f.backend.commands.isEmpty)
        // As Redis has it: the form changes, the data doesn't.
        #expect(f.line("OBJECT ENCODING k") == "\"raw\"")
        #expect(f.line("SETBIT k 1 1") == ":0")
        #expect(f.line("GET k") == "\"q23\"")
        #expect(f.line("OBJECT ENCODING k") == "\"raw\"")
    }

    @Test("offsets beyond the limit of strings, and what is no bit, are refused")
    func limits() {
        let f = EngineFixture()
        let offset = "-ERR bit offset is not an integer or out of range"
        for text in ["4294967296", "-1", "x", "", "1.0", "9223372036854775808", "#1"] {
            #expect(f.run("SETBIT", "k", text, "1") == offset, "\(text)")
            #expect(f.run("GETBIT", "k", text) == offset, "\(text)")
        }
        #expect(f.line("GETBIT k 4294967295") == ":0")
        f.engine.settings.maximumStringBytes = 100
        #expect(f.line("SETBIT k 800 1") == offset)
        #expect(f.line("BITFIELD k SET u8 #100 1") == "\(offset)")
        #expect(f.line("BITFIELD k SET u8 #9223372036854775807 1") == offset)
        #expect(f.line("SETBIT k 799 1") == ":0")
        #expect(f.line("STRLEN k") == ":100")
        for bit in ["2", "-1", "x"] {
            #expect(
                f.run("SETBIT", "k", "0", bit) == "-ERR bit is not an integer or out of range")
        }
    }

    @Test("another type is refused by every command, before anything is written")
    func types() {
        let f = EngineFixture()
        f.line("RPUSH l x")
        f.backend.forget()
        for line in [
            "SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l", "BITPOS l 1", "BITOP AND d k l",
            "BITFIELD l SET u8 0 1", "BITFIELD_RO l GET u8 0",
        ] {
            #expect(f.line(line).hasPrefix("-WRONGTYPE"), "\(line)")
        }
        #expect(f.backend.commands.isEmpty)
        #expect(f.line("BITOP OR l none") == ":0")
        #expect(f.line("EXISTS l") == ":0")
        #expect(f.backend.texts == ["DEL l"])
    }

    @Test("BITCOUNT and BITPOS look at bytes and bits, from either end")
    func ranges() {
        let f = EngineFixture()
        f.run("SET", "k", "foobar")
        #expect(f.line("BITCOUNT k") == ":26")
        #expect(f.line("BITCOUNT k 1 1") == ":6")
        #expect(f.line("BITCOUNT k 5 30 BIT") == ":17")
        #expect(f.line("BITCOUNT k -1 -9") == ":0")
        #expect(f.line("BITCOUNT k 0 -1 BOTH") == "-ERR syntax error")
        #expect(f.line("BITCOUNT k 0") == "-ERR syntax error")
        #expect(f.line("BITPOS k 1 2 -1 BIT") == ":2")
        #expect(f.line("BITPOS k 0 1 3 BIT") == ":3")
        _ = f.value(["SET", "ones"].map { Array($0.utf8) } + [[255, 255, 255]])
        #expect(f.line("BITPOS ones 0") == ":24")
        #expect(f.line("BITPOS ones 0 0 -1") == ":-1")
        #expect(f.line("BITPOS ones 0 7") == ":-1")
        #expect(f.line("BITPOS none 0") == ":0")
        #expect(f.line("BITPOS none 1") == ":-1")
        #expect(f.line("BITPOS k 2") == "-ERR The bit argument must be 1 or 0.")
    }

    @Test(
        "BITOP combines strings of any length; the destination may be a source and loses its deadline"
    )
    func operations() throws {
        let f = EngineFixture()
        f.run("SET", "a", "123456789012345", "EX", "100")
        f.run("SET", "b", "abc")
        #expect(f.line("BITOP XOR a a b none") == ":15")
        #expect(f.line("GET a") == "\"PPP456789012345\"")
        #expect(f.line("TTL a") == ":-1")
        #expect(f.line("BITOP AND d a b") == ":15")
        #expect(f.line("BITCOUNT d 3 -1") == ":0")
        #expect(f.line("BITOP NOT d b") == ":3")
        #expect(f.line("BITOP NOT d d") == ":3")
        #expect(f.line("GET d") == "\"abc\"")
        #expect(
            f.line("BITOP NOT d a b")
                == "-ERR BITOP NOT must be called with a single source key.")
        #expect(f.line("BITOP NAND d a b") == "-ERR syntax error")
        #expect(try StringDump(f.replayed().freeze()) == StringDump(f.engine.freeze()))
    }

    @Test("BITFIELD wraps, saturates and fails as Redis does")
    func overflow() {
        let f = EngineFixture()
        #expect(f.line("BITFIELD k SET u8 0 255 INCRBY u8 0 10 GET i8 0") == "[:0, :9, :9]")
        #expect(
            f.line("BITFIELD k OVERFLOW SAT INCRBY u8 0 1000 INCRBY i8 0 -1000") == "[:255, :-128]")
        #expect(f.line("BITFIELD k OVERFLOW FAIL INCRBY i8 0 -1 GET i8 0") == "[nil, :-128]")
        #expect(
            f.line("BITFIELD k SET i64 64 -1 GET u63 #1 GET i64 64")
                == "[:0, :4611686018427387903, :-1]")
        #expect(
            f.line("BITFIELD k OVERFLOW SAT INCRBY i64 64 -9223372036854775808")
                == "[:-9223372036854775808]")
        #expect(f.line("BITFIELD k OVERFLOW SAT SET u4 0 -1 GET u4 0") == "[:8, :15]")
        let type =
            "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
        for text in ["u64", "i65", "u0", "x8", "i", "U8", "u-1", "u08"] {
            #expect(f.line("BITFIELD k GET \(text) 0") == type, "\(text)")
        }
        #expect(f.line("BITFIELD k OVERFLOW x") == "-ERR Invalid OVERFLOW type specified")
        #expect(f.line("BITFIELD k GET u8") == "-ERR syntax error")
        #expect(
            f.line("BITFIELD_RO k SET u8 0 1")
                == "-ERR BITFIELD_RO only supports the GET subcommand")
        #expect(f.line("BITFIELD k") == "[]")
    }

    @Test("BITFIELD finds mistakes before it writes, and records what it touches")
    func fieldRecords() throws {
        let f = EngineFixture()
        #expect(f.line("BITFIELD k SET u8 0 1 SET u8 8 x").hasPrefix("-ERR value is not"))
        #expect(f.backend.commands.isEmpty)
        f.line("BITFIELD k OVERFLOW FAIL INCRBY u2 80 9")
        #expect(f.line("STRLEN k") == ":11")
        f.line("BITFIELD k SET u16 4 65535 GET u8 0 SET u16 4 65535 INCRBY u2 80 1")
        #expect(f.backend.commands.count == 3)
        #expect(f.backend.unitSizes == [1, 2])
        #expect(try StringDump(f.replayed().freeze()) == StringDump(f.engine.freeze()))
    }

    @Test("keyspace events are Redis's")
    func events() {
        let f = EngineFixture()
        var told: [String] = []
        f.engine.settings.notifiedEvents = [.keyspace, .string, .generic]
        f.engine.onKeyspaceEvent = { name, key, _ in told.append("\(name) \(key.text)") }
        for line in [
            "SETBIT a 5 0", "SETBIT a 5 0", "BITFIELD b OVERFLOW FAIL INCRBY u2 0 9",
            "BITFIELD b SET u2 0 0", "BITFIELD b SET u2 0 1", "BITFIELD c SET u2 0 0",
            "BITOP AND d a b", "BITOP AND d x y", "BITOP AND d x y",
        ] {
            f.line(line)
        }
        #expect(told == ["setbit a", "setbit b", "setbit c", "set d", "del d"])
    }

    @Test("watchers are told of changes only")
    func watch() {
        let f = EngineFixture()
        let other = f.connect()
        for (line, isChange) in [
            ("SETBIT k 3 1", true), ("SETBIT k 3 1", false), ("BITFIELD k SET u4 0 1", false),
            ("BITFIELD k SET u4 0 2", true), ("BITOP OR k k", true),
        ] {
            f.line("WATCH k")
            f.line(line, by: other)
            f.line("MULTI")
            #expect((f.line("EXEC") == "nil") == isChange, "\(line)")
        }
    }

    private static func randomLine(_ random: inout SeededGenerator) -> String {
        func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        func key() -> String { "k\(below(5))" }
        switch below(10) {
        case 0..<4: return "SETBIT \(key()) \(below(below(9) == 0 ? 600_000 : 300)) \(below(2))"
        case 4: return "SET \(key()) \(below(100_000))"
        case 5: return "BITOP \(["AND", "OR", "XOR"][below(3)]) \(key()) \(key()) \(key())"
        case 6: return "BITOP NOT \(key()) \(key())"
        case 7: return "DEL \(key())"
        default:
            return
                "BITFIELD \(key()) SET i\(1 + below(64)) \(below(400)) \(below(1 << 40)) "
                + "OVERFLOW \(["WRAP", "SAT", "FAIL"][below(3)]) INCRBY u\(1 + below(63)) #\(below(9)) 77"
        }
    }

    @Test("views stand still, and what was recorded gives the same data")
    func views() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let f = EngineFixture()
        var views: [(view: FrozenKeyspace, copy: StringDump)] = []
        for round in 0..<(TestKnobs.isCampaign ? 50_000 : 1_500) {
            if round % 100 == 50 {
                views.append((f.engine.freeze(), try StringDump(f.engine.freeze())))
                if views.count > 3 { views.removeFirst() }
            }
            let line = Self.randomLine(&random)
            #expect(!f.line(line).hasPrefix("-"), "\(line)")
        }
        for each in views {
            #expect(try StringDump(each.view) == each.copy, "seed \(TestKnobs.seed)")
        }
        #expect(try StringDump(f.replayed().freeze()) == StringDump(f.engine.freeze()))
        for index in 0..<5 { f.line("DEL k\(index)") }
        views = []
        f.engine.keyspace.collect()
        #expect(f.engine.keyspace.frozenBytes == 0)
    }
}
