/// The same random commands on bitmaps, HyperLogLogs and places to this engine and to a real redis-server: the
/// replies must be equal, and so must the strings byte for byte.
import Bytes
import TestSupport
import Testing

@testable import Engine

/// Draws commands on bits of strings.
private struct BitmapDraw {
    var random: SeededGenerator

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func pick(_ words: [String]) -> String { words[below(words.count)] }
    mutating func key() -> String { below(40) == 0 ? "list" : "k\(below(5))" }

    private mutating func number(_ range: ClosedRange<Int>) -> String {
        if below(20) > 0 { return String(Int.random(in: range, using: &random)) }
        return pick(["x", "", "1.5", "+1", "9223372036854775807", "-9223372036854775808", "#1"])
    }

    private mutating func offset() -> String {
        switch below(12) {
        case 0..<6: String(below(300))
        case 6..<10: "#\(below(20))"
        case 10: String(below(4000))
        default: pick(["x", "#", "-1", "#-1", "1099511627776", "#x", ""])
        }
    }

    private mutating func type() -> String {
        if below(20) == 0 { return pick(["u64", "i65", "u0", "i0", "x8", "I8", "", "i08"]) }
        return below(2) == 0 ? "i\(1 + below(64))" : "u\(1 + below(63))"
    }

    private mutating func fields(_ isReadOnly: Bool) -> [String] {
        var words: [String] = []
        for _ in 0..<below(5) {
            let value = String(below(1 << below(61)) * (below(2) * 2 - 1))
            switch below(isReadOnly ? 4 : 12) {
            case 0..<4: words += ["GET", type(), offset()]
            case 4..<7: words += ["SET", type(), offset(), below(30) == 0 ? "x" : value]
            case 7..<10: words += ["INCRBY", type(), offset(), value]
            default: words += ["OVERFLOW", pick(["WRAP", "sat", "SAT", "FAIL", "fail", "x"])]
            }
        }
        if below(30) == 0 && !words.isEmpty { words.removeLast() }
        return words
    }

    private mutating func range() -> [String] {
        switch below(6) {
        case 0: []
        case 1: [number(-70...200)]
        case 2: [number(-70...200), number(-70...200)]
        default: [number(-70...200), number(-70...200), pick(["BIT", "BYTE", "bit", "x"])]
        }
    }

    mutating func next() -> [String] {
        switch below(20) {
        case 0..<3: ["SETBIT", key(), number(0...800), below(15) == 0 ? "2" : String(below(2))]
        case 3, 4: ["GETBIT", key(), number(0...900)]
        case 5..<8: ["BITCOUNT", key()] + range()
        case 8..<11: ["BITPOS", key(), pick(["0", "1", "0", "1", "2", "x"])] + range()
        case 11, 12:
            ["BITOP", pick(["AND", "or", "XOR", "no"]), "k\(below(5))", key(), key(), key()]
        case 13: ["BITOP", "NOT", "k\(below(5))", key()]
        case 14..<17: ["BITFIELD", key()] + fields(false)
        case 17: ["BITFIELD_RO", key()] + fields(true)
        case 18: ["SET", "k\(below(5))", pick(["123", "-5", "", "abc", "~~~~~~~~~~~~~~~~~~~~"])]
        default: ["GET", key()]
        }
    }
}

/// Draws commands on HyperLogLogs.
private struct HyperLogLogDraw {
    var random: SeededGenerator

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func key() -> String { below(50) == 0 ? "list" : "h\(below(6))" }

    mutating func next() -> [String] {
        switch below(20) {
        case 0..<10:
            ["PFADD", key()]
                + (0..<(below(20) == 0 ? below(400) : below(4))).map { _ in "e\(below(20_000))" }
        case 10..<13: ["PFCOUNT", key()]
        case 13: ["PFCOUNT", key(), key(), key()]
        case 14: ["PFMERGE", key(), key(), key()]
        case 15: ["PFDEBUG", ["ENCODING", "DECODE"][below(2)], key()]
        case 16 where below(8) == 0: ["DEL", "h\(below(6))"]
        case 17 where below(4) == 0: ["SETRANGE", "h\(below(6))", String(16 + below(60)), "x"]
        default: ["GET", key()]
        }
    }
}

/// Draws commands on places; ties of distance are rare, for their order is nobody's business.
private struct GeoDraw {
    var random: SeededGenerator
    private let middle: (longitude: Double, latitude: Double)
    private let spread: Double

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        middle = (
            .random(in: -170...170, using: &random), .random(in: -70...70, using: &random)
        )
        spread = [60, 10, 1, 0.1][Int.random(in: 0..<4, using: &random)]
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    mutating func pick(_ words: [String]) -> String { words[below(words.count)] }
    private mutating func key() -> String {
        below(40) == 0 ? pick(["list", "none"]) : "g\(below(3))"
    }
    private mutating func member() -> String { "m\(below(60))" }

    private mutating func place() -> [String] {
        if below(50) == 0 { return [pick(["181", "x", "inf"]), pick(["1", "86", "", "nan"])] }
        let east = Double.random(in: -spread...spread, using: &random)
        let north = Double.random(in: -spread...spread, using: &random)
        let longitude = middle.longitude + east
        return [
            String(longitude.magnitude > 180 ? longitude / 2 : longitude),
            String(max(-85, min(85, middle.latitude + north / 4))),
        ]
    }

    private mutating func length() -> String {
        if below(40) == 0 { return pick(["0", "-1", "x", "inf", "1e300"]) }
        let exponent = below(8)
        return String((0..<exponent).reduce(Double(1 + below(9))) { length, _ in length * 10 })
    }

    private mutating func unit() -> String { pick(["m", "km", "KM", "ft", "mi", "m", "km", "yd"]) }

    private mutating func options(_ mayShow: Bool) -> [String] {
        var words: [String] = []
        for _ in 0..<below(4) {
            switch below(mayShow ? 8 : 4) {
            case 0, 1: words += [pick(["ASC", "desc"])]
            case 2: words += ["COUNT", below(20) == 0 ? "0" : String(1 + below(9))]
            case 3: words += ["COUNT", String(1 + below(9)), "ANY"]
            default: words += [pick(["WITHCOORD", "withdist", "WITHHASH"])]
            }
        }
        return words
    }

    private mutating func area() -> [String] {
        let from = below(2) == 0 ? ["FROMMEMBER", member()] : ["FROMLONLAT"] + place()
        let by =
            below(2) == 0 ? ["BYRADIUS", length(), unit()] : ["BYBOX", length(), length(), unit()]
        switch below(20) {
        case 0: return from + from
        case 1: return by + ["ASC", "ASC"]
        default: return below(2) == 0 ? from + by : by + from
        }
    }

    mutating func next() -> [String] {
        switch below(24) {
        case 0..<8:
            return ["GEOADD", key()] + (below(4) == 0 ? [pick(["NX", "XX", "CH"])] : [])
                + place() + [member()] + place() + [member()]
        case 8, 9: return ["GEOPOS", key(), member(), member()]
        case 10, 11:
            return ["GEODIST", key(), member(), member()] + (below(2) == 0 ? [unit()] : [])
        case 12: return ["GEOHASH", key(), member(), member()]
        case 13..<17: return ["GEOSEARCH", key()] + area() + options(true)
        case 17, 18: return ["GEOSEARCHSTORE", "stored", key()] + area() + options(false)
        case 19: return ["ZRANGE", "stored", "0", "-1", "WITHSCORES"]
        case 20: return ["GEORADIUS", key()] + place() + [length(), unit()] + options(true)
        case 21:
            return ["GEORADIUSBYMEMBER", key(), member(), length(), unit()] + options(false)
                + [pick(["STORE", "STOREDIST"]), "stored"]
        case 22: return ["GEORADIUSBYMEMBER_RO", key(), member(), length(), unit()] + options(true)
        default: return ["GEORADIUS_RO", key()] + place() + [length(), unit()] + options(true)
        }
    }
}

@Suite("Bitmaps, HyperLogLogs and places as redis-server answers them", .serialized)
struct BitmapDifferentialTests {
    private func compare(
        version: Int, rounds: Int, _ next: () -> [String]
    ) throws {
        guard ServerProcess.executable(.redis) != nil else {
            TestKnobs.skip("no redis-server to compare with")
            return
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .redis, in: folder.path, arguments: ["--save", "", "--enable-debug-command", "yes"])
        let client = try server.connect()
        if version == 3 { _ = try client.run("HELLO", "3") }
        let f = EngineFixture(version: version)
        let first = ["RPUSH", "list", "x"].map { Array($0.utf8) }
        #expect(try f.value(first) == client.run(first))
        var errors = 0
        let total = TestKnobs.isCampaign ? rounds * 30 : rounds
        for round in 0..<total {
            let command = next()
            let words = command.map { Array($0.utf8) }
            let theirs = try client.run(words)
            let ours = f.value(words)
            if theirs.isError { errors += 1 }
            #expect(
                ours == theirs,
                "seed \(TestKnobs.seed), round \(round): \(command.map { $0.prefix(60) })")
            if ours != theirs { return }
            if theirs.text?.hasPrefix("INVALIDOBJ") == true, command.count > 3 {
                // Of several elements Redis has added those before the damage; we add all or none.
                let delete = ["DEL", command[1]].map { Array($0.utf8) }
                #expect(try f.value(delete) == client.run(delete))
            }
        }
        #expect(errors * 2 < total)
    }

    @Test("random commands on bits", arguments: [2, 3])
    func bits(version: Int) throws {
        var draw = BitmapDraw(random: SeededGenerator(seed: TestKnobs.seed ^ UInt64(version)))
        try compare(version: version, rounds: 3000) { draw.next() }
    }

    @Test("random commands on HyperLogLogs")
    func hyperLogLogs() throws {
        var draw = HyperLogLogDraw(random: SeededGenerator(seed: TestKnobs.seed))
        try compare(version: 2, rounds: 1500) { draw.next() }
    }

    @Test("random commands on places", arguments: [2, 3])
    func places(version: Int) throws {
        for part: UInt64 in 0..<3 {
            var draw = GeoDraw(seed: TestKnobs.seed ^ UInt64(version) << 8 ^ part)
            try compare(version: version, rounds: 700) { draw.next() }
        }
    }
}
