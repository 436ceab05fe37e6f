/// HyperLogLogs: estimates, the bytes, what is recorded, and that corrupt ones are answered and never trap.
import Bytes
import Persistence
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("HyperLogLogs")
struct HyperLogLogTests {
    private let corrupt = "-INVALIDOBJ Corrupted HLL object detected"
    private let stranger = "-WRONGTYPE Key is not a valid HyperLogLog string value."

    private func bytes(_ f: EngineFixture, _ key: String) -> [UInt8] {
        guard case .bulk(let bytes) = f.value([Array("GET".utf8), Array(key.utf8)]) else {
            return []
        }
        return bytes
    }

    private func set(_ f: EngineFixture, _ key: String, _ bytes: [UInt8]) {
        _ = f.value([Array("SET".utf8), Array(key.utf8), bytes])
    }

    @Test("a new one is sparse, 18 bytes, and its count is not kept yet")
    func new() {
        let f = EngineFixture()
        #expect(f.line("PFADD h") == ":1")
        #expect(f.line("PFADD h") == ":0")
        #expect(
            bytes(f, "h")
                == Array("HYLL".utf8) + [1] + [UInt8](repeating: 0, count: 10) + [
                    0x80, 0x7f, 0xff,
                ])
        #expect(f.line("PFCOUNT h") == ":0")
        #expect(bytes(f, "h")[15] == 0)
        #expect(f.line("PFCOUNT none") == ":0")
        #expect(f.line("PFDEBUG DECODE h") == "\"Z:16384\"")
    }

    @Test("estimates stay near the truth, in both encodings and merged")
    func estimates() {
        let f = EngineFixture()
        for count in 1...20_000 {
            f.run("PFADD", count % 2 == 0 ? "even" : "odd", "element:\(count)")
            guard [10, 100, 1000, 5000, 20_000].contains(count) else { continue }
            let text = f.line("PFCOUNT even odd")
            let estimate = Double(text.dropFirst()) ?? 0
            #expect((estimate - Double(count)).magnitude <= 0.04 * Double(count), "\(count)")
        }
        #expect(f.line("PFDEBUG ENCODING even") == "+dense")
        f.line("PFMERGE all even odd")
        #expect(f.line("PFCOUNT all") == f.line("PFCOUNT even odd"))
        #expect(f.line("PFSELFTEST") == "+OK")
    }

    @Test(
        "a dense one is written in place: an element is recorded as its bytes and the cache's mark")
    func denseRecords() throws {
        let f = EngineFixture()
        f.line("PFADD h a")
        #expect(f.line("PFDEBUG TODENSE h") == ":1")
        #expect(f.line("PFDEBUG TODENSE h") == ":0")
        f.line("PFCOUNT h")
        f.backend.forget()
        #expect(f.line("PFADD h b") == ":1")
        #expect(f.line("PFADD h b") == ":0")
        #expect(
            f.backend.commands.map { $0.words[0] } == [
                Array("SETRANGE".utf8), Array("SETRANGE".utf8),
            ])
        #expect(f.backend.commands.allSatisfy { $0.words[3].count <= 2 })
        #expect(f.backend.unitSizes == [2])
    }

    @Test("the kept count is recorded, used, and left out while writes are refused")
    func keptCount() {
        let f = EngineFixture()
        f.line("PFADD h a b c")
        f.backend.forget()
        f.backend.refusal = WriteRefusal(reason: "full")
        #expect(f.line("PFCOUNT h") == ":3")
        #expect(f.backend.commands.isEmpty)
        f.backend.refusal = nil
        #expect(f.line("PFCOUNT h") == ":3")
        #expect(f.line("PFCOUNT h") == ":3")
        #expect(f.backend.commands.count == 1)
        _ = f.value(
            [Array("SETRANGE".utf8), Array("h".utf8), Array("8".utf8), [42, 0, 0, 0, 0, 0, 0, 0]])
        #expect(f.line("PFCOUNT h") == ":42")
    }

    @Test("what was recorded gives the same bytes, views stand still, the limit is obeyed")
    func records() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let f = EngineFixture()
        f.engine.settings.limits.sparseHyperLogLogBytes = 400
        var views: [(view: FrozenKeyspace, copy: StringDump)] = []
        for round in 0..<800 {
            if round % 150 == 20 {
                views.append((f.engine.freeze(), try StringDump(f.engine.freeze())))
            }
            func key() -> String { "h\(Int.random(in: 0..<4, using: &random))" }
            switch Int.random(in: 0..<20, using: &random) {
            case 0: f.run("PFMERGE", key(), key(), key())
            case 1: f.run("PFCOUNT", key())
            case 2: f.run("DEL", key())
            default:
                f.run("PFADD", key(), "\(Int.random(in: 0..<5000, using: &random))", "x\(round)")
            }
        }
        for each in views { #expect(try StringDump(each.view) == each.copy) }
        #expect(try StringDump(f.replayed().freeze()) == StringDump(f.engine.freeze()))
        for index in 0..<4 {
            let bytes = bytes(f, "h\(index)")
            #expect(bytes.count <= 400 || bytes.count == 12304)
        }
    }

    @Test("strings that are none are refused; PFDEBUG knows its words")
    func strangers() {
        let f = EngineFixture()
        f.line("RPUSH l x")
        f.line("SET n 123")
        set(f, "short", Array("HYLL".utf8) + [1])
        set(f, "encoding", Array("HYLL".utf8) + [2] + [UInt8](repeating: 0, count: 20))
        set(f, "dense", Array("HYLL".utf8) + [0] + [UInt8](repeating: 0, count: 20))
        for key in ["n", "short", "encoding", "dense"] {
            for line in [
                "PFADD \(key) a", "PFCOUNT \(key)", "PFCOUNT \(key) x", "PFMERGE d \(key)",
                "PFMERGE \(key) x", "PFDEBUG DECODE \(key)",
            ] {
                #expect(f.line(line) == stranger, "\(line)")
            }
        }
        #expect(f.line("PFADD l a").hasPrefix("-WRONGTYPE Operation"))
        #expect(f.line("PFDEBUG DECODE none") == "-ERR The specified key does not exist")
        f.line("PFADD h a")
        #expect(f.line("PFDEBUG FOO h") == "-ERR Unknown PFDEBUG subcommand 'FOO'")
        #expect(f.value(["PFDEBUG", "GETREG", "h"].map { Array($0.utf8) }).elements.count == 16384)
        #expect(f.line("PFDEBUG DECODE h") == "-ERR HLL encoding is not sparse")
    }

    @Test("random bytes behind a header never trap, and an error leaves them as they were")
    func corruption() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let f = EngineFixture()
        var refusals = 0
        for round in 0..<600 {
            let isDense = round % 10 == 0
            let count = isDense ? 12288 : Int.random(in: 0..<40, using: &random)
            var body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            if !isDense && round % 7 == 0 { body += [0x7f, 0xff] }
            if !isDense && round % 11 == 0 { body = [0x7f] }
            let header = Array("HYLL".utf8) + [isDense ? 0 : 1] + [UInt8](repeating: 255, count: 11)
            set(f, "h", header + body)
            f.line("DEL d")
            for line in [
                "PFCOUNT h", "PFCOUNT h d", "PFADD h a\(round)", "PFMERGE d h", "PFMERGE h d",
                "PFDEBUG DECODE h", "PFADD h b c d", "PFDEBUG TODENSE h",
            ] {
                let before = bytes(f, "h")
                let reply = f.line(line)
                if reply.hasPrefix("-") && !reply.hasPrefix("-ERR HLL") {
                    #expect(reply == corrupt, "\(line)")
                    #expect(bytes(f, "h") == before, "\(line)")
                    refusals += 1
                }
            }
        }
        #expect(refusals > 1000)
    }

    @Test("registers that no element fills are counted as Redis counts them")
    func impossible() {
        let f = EngineFixture()
        let header = Array("HYLL".utf8) + [0] + [UInt8](repeating: 128, count: 11)
        set(f, "h", header + [UInt8](repeating: 255, count: 12288))
        #expect(f.line("PFCOUNT h") == ":-9223372036854775808")
    }
}
