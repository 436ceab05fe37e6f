/// Sizes, counts, durations and JSON as the tools print them.
import TestSupport
import Testing

@testable import Offline

@Suite("Figures and JSON of the tools")
struct FiguresTests {
    @Test(
        "sizes are decimal, with the unit that keeps them short",
        arguments: [
            (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"),
            (999_951, "1.0 MB"), (2_147_483_648, "2.1 GB"), (Int.max, "9223.4 PB"),
        ])
    func sizes(bytes: Int, text: String) { #expect(Figures.size(bytes) == text) }

    @Test(
        "counts have commas",
        arguments: [(0, "0"), (-1234, "-1,234"), (999, "999"), (1_000_000, "1,000,000")])
    func counts(value: Int, text: String) { #expect(Figures.count(value) == text) }

    @Test(
        "durations are rounded up",
        arguments: [(0.0, "0:00"), (6.2, "0:07"), (3723.0, "1:02:03")])
    func durations(seconds: Double, text: String) { #expect(Figures.duration(seconds) == text) }

    @Test("a key as it is printed names the same key, and an odd escape names none")
    func keys() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        for length in [0, 1, 5, 150] {
            for _ in 0..<50 {
                let key = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                #expect(try KeyText.parse(KeyText.quoted(key)) == key)
            }
        }
        for text in ["\"", "a\"b", "\\x41", ""] {
            #expect(try KeyText.parse(text) == Array(text.utf8))
        }
        for text in ["\"\\\"", "\"\\x4\"", "\"\\x-0\"", "\"\\q\"", "\"a\"b\""] {
            #expect(throws: ToolFailure.self, "\(text)") { try KeyText.parse(text) }
        }
    }

    @Test("fixed numbers keep their sign and their zeros")
    func fixed() {
        #expect(Figures.fixed(-0.05, 2) == "-0.05")
        #expect(Figures.fixed(2.999, 1) == "3.0")
        #expect(Figures.fixed(7, 0) == "7")
    }

    @Test("JSON keeps the order of members and escapes what must be")
    func json() {
        let value = JSONValue.object([
            ("b", .string("a\"\\\n\u{1}é")), ("a", .array([.integer(1), .null, .bool(true)])),
            ("k", .bytes([0xFF, 0])), ("e", .object([])),
        ])
        #expect(
            value.line
                == #"{"b": "a\"\\\n\u0001é", "a": [1, null, true], "k": {"base64": "/wA="}, "e": {}}"#
        )
        #expect(value.document.hasPrefix("{\n  \"b\": "))
    }

    @Test("the bar fits its columns")
    func bar() {
        for columns in [10, 40, 80, 200] {
            let line = ProgressBar.line(
                "appendonly.aof.1.incr.aof", done: 52, total: 100, nanoseconds: 1_000_000_000,
                unit: .bytes, columns: columns)
            #expect(line.count < columns, "\(line)")
        }
        let line = ProgressBar.line(
            "x", done: 500_000, total: 1_000_000, nanoseconds: 500_000_000, unit: .keys, columns: 80
        )
        #expect(line == "x  [##########..........]  50 %  1,000,000 keys/s  0:01 left")
    }
}
