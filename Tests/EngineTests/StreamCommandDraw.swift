/// Draws commands on streams, their groups, and keys that are in the way.
import TestSupport

struct StreamCommandDraw {
    private var random: SeededGenerator
    /// Rises with every XADD: its ids follow it.
    private var clock = 8

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func pick(_ words: [String]) -> String { words[below(words.count)] }
    private mutating func maybe(_ percent: Int, _ words: [String]) -> [String] {
        below(100) < percent ? words : []
    }

    private mutating func key() -> String {
        below(12) == 0 ? pick(["string", "none"]) : pick(["s", "t", "u"])
    }
    private mutating func group() -> String { pick(["g", "h"]) }
    private mutating func consumer() -> String { pick(["c", "d", "e", ""]) }

    private mutating func id() -> String {
        switch below(10) {
        case 0..<7: "\(below(clock / 8 + 2))-\(below(10))"
        case 7, 8: "\(below(clock / 8 + 2))"
        default: pick(["0", "0-1", "5-18446744073709551615", "x", "", "-", "007", "+3-04"])
        }
    }

    /// An id that an entry may well have.
    private mutating func recent() -> String {
        if below(5) == 0 { return id() }
        let number = max(0, clock - below(80))
        return "\(number / 8)-\(number % 8)"
    }

    private mutating func bound() -> String {
        switch below(4) {
        case 0: "-"
        case 1: "+"
        default: (below(3) == 0 ? "(" : "") + id()
        }
    }

    private mutating func value() -> String {
        switch below(10) {
        case 0..<3:
            pick([
                "0", "-1", "127", "128", "-4096", "4095", "4096", "32768", "-8388609", "8388607",
                "2147483648", "-9223372036854775808", "9223372036854775808", "007", "-0", " 1",
            ])
        case 3..<8: String(repeating: pick(["a", "\0", "é"]), count: below(20))
        default: String(repeating: "x", count: [63, 64, 126, 127, 500, 4095, 4096][below(7)])
        }
    }

    private mutating func fields() -> [String] {
        switch below(10) {
        case 0..<6: return ["name", value(), "age", value()]
        case 6: return ["age", value(), "name", value()]
        case 7: return ["1", value()]
        default: return (0..<(1 + below(4))).flatMap { _ in [value(), value()] }
        }
    }

    private mutating func trim() -> [String] {
        let isLength = below(2) == 0
        let sign = [[], ["="], ["~"], ["~"]][below(4)]
        let threshold = isLength ? "\([0, 1, 3, 8, 20, 40][below(6)])" : id()
        let limit = sign == ["~"] ? maybe(40, ["LIMIT", "\([0, 1, 5, 100][below(4)])"]) : []
        return [isLength ? "MAXLEN" : "MINID"] + sign + [threshold] + limit
    }

    private mutating func count() -> [String] { maybe(50, ["COUNT", "\(below(6))"]) }

    mutating func next() -> [String] {
        switch below(20) {
        case 0..<7: add()
        case 7: below(2) == 0 ? ["XTRIM", key()] + trim() : ["XDEL", key(), recent(), recent()]
        case 8: range()
        case 9: read()
        case 10..<13: readGroup()
        case 13: groups()
        case 14: below(2) == 0 ? groups() : ["XACK", key(), group(), recent(), recent()]
        case 15: pending()
        case 16: claim()
        case 17:
            ["XAUTOCLAIM", key(), group(), consumer(), pick(["0", "500000"]), bound()]
                + maybe(40, ["COUNT", "\(below(5))"]) + maybe(40, ["JUSTID"])
        case 18: look()
        default: around()
        }
    }

    private mutating func add() -> [String] {
        clock += 1
        let id =
            switch below(10) {
            case 0..<7: "\(clock / 8)-\(clock % 8)"
            case 7: "\(clock / 8)-\(clock % 8 + below(300))"
            case 8: "\(clock / 8)-*"
            default: id()
            }
        return ["XADD", key()] + maybe(8, ["NOMKSTREAM"]) + (below(7) == 0 ? trim() : []) + [id]
            + fields()
    }

    private mutating func range() -> [String] {
        let count = maybe(50, ["COUNT", "\(below(8) - 1)"])
        return [pick(["XRANGE", "XREVRANGE"]), key(), bound(), bound()] + count
    }

    private mutating func read() -> [String] {
        let keys = (0..<(1 + below(3))).map { _ in key() }
        let ids = keys.map { _ in below(3) == 0 ? "$" : id() }
        return ["XREAD"] + count() + ["STREAMS"] + keys + ids
    }

    private mutating func readGroup() -> [String] {
        let keys = (0..<(below(4) == 0 ? 2 : 1)).map { _ in key() }
        let ids = keys.map { _ in below(4) > 0 ? ">" : pick(["0", id()]) }
        return ["XREADGROUP", "GROUP", group(), consumer()] + count() + maybe(20, ["NOACK"])
            + ["STREAMS"] + keys + ids
    }

    private mutating func groups() -> [String] {
        let read = maybe(30, ["ENTRIESREAD", "\(below(clock) - 1)"])
        return switch below(8) {
        case 0..<4:
            ["XGROUP", "CREATE", key(), group(), pick(["0", "$", id()])] + maybe(50, ["MKSTREAM"])
                + read
        case 4: ["XGROUP", "SETID", key(), group(), pick(["0", "$", id()])] + read
        case 5:
            [
                "XGROUP", pick(["CREATECONSUMER", "CREATECONSUMER", "DELCONSUMER"]), key(), group(),
                consumer(),
            ]
        case 6: below(3) == 0 ? ["XGROUP", "DESTROY", key(), group()] : ["XLEN", key()]
        default:
            ["XSETID", key(), "\(clock / 8 + 1)"] + maybe(50, ["ENTRIESADDED", "\(clock * 2)"])
        }
    }

    private mutating func pending() -> [String] {
        if below(3) == 0 { return ["XPENDING", key(), group()] }
        return ["XPENDING", key(), group()] + maybe(30, ["IDLE", pick(["0", "500000"])])
            + [bound(), bound(), "\(below(9) - 1)"] + maybe(40, [consumer()])
    }

    private mutating func claim() -> [String] {
        let options =
            maybe(25, ["IDLE", "1000000"]) + maybe(25, ["RETRYCOUNT", "\(below(9) - 1)"])
            + maybe(25, ["FORCE"]) + maybe(25, ["JUSTID"]) + maybe(10, ["LASTID", id()])
        return ["XCLAIM", key(), group(), consumer(), pick(["0", "500000", "-3"]), recent()]
            + maybe(70, [recent(), recent()]) + options
    }

    private mutating func look() -> [String] {
        switch below(4) {
        case 0: ["XINFO", "STREAM", key()]
        case 1: ["XINFO", "STREAM", key(), "FULL", "COUNT", "\([0, 1, 3, -1][below(4)])"]
        case 2: ["XINFO", "GROUPS", key()]
        default: ["XINFO", "CONSUMERS", key(), group()]
        }
    }

    private mutating func around() -> [String] {
        switch below(8) {
        case 0: ["COPY", pick(["s", "t", "u"]), pick(["s", "t", "u"]), "REPLACE"]
        case 1: ["RENAME", pick(["s", "t", "u"]), pick(["s", "t", "u"])]
        case 2: below(3) == 0 ? ["DEL", key()] : ["EXISTS", key()]
        case 3: ["SET", "string", "x"]
        case 4: ["EXPIRE", key(), "100000"]
        case 5: ["OBJECT", "ENCODING", key()]
        default: ["TYPE", key()]
        }
    }
}
