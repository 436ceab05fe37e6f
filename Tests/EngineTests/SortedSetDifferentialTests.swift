/// The same random sorted-set commands to this engine and to a real redis-server: equal replies, equal data.
import TestSupport
import Testing

@testable import Engine

/// Draws commands on sorted sets, plain sets and a string that is in the way.
private struct SortedSetCommandDraw {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func pick(_ words: [String]) -> String { words[below(words.count)] }
    private mutating func maybe(_ percent: Int, _ words: [String]) -> [String] {
        below(100) < percent ? words : []
    }

    private mutating func key() -> String {
        below(4) > 0 ? "z\(below(5))" : pick(["s0", "s1", "numbers", "string", "none"])
    }

    private mutating func score() -> String {
        switch below(12) {
        case 0..<6: return "\(below(40) - 20)"
        case 6..<9: return "\(below(400) - 200).\(below(1000))"
        case 9: return pick(["inf", "-inf", "+inf", "-0", "0x1p3", "infinity", "+5"])
        case 10: return pick(["1e17", "1e300", "1e-300", "0.1", "5e-324", "99999999999999999"])
        default: return below(8) == 0 ? pick(["nan", "x", "", " 1", "1e400"]) : "0"
        }
    }

    private mutating func member() -> String {
        switch below(20) {
        case 0: pick(["", String(repeating: "x", count: 70), "a\0b", "17"])
        case 1: "\(below(30))"
        default: "m\(below(80))"
        }
    }

    private mutating func bound() -> String { (below(3) == 0 ? "(" : "") + score() }

    private mutating func memberBound() -> String {
        if below(40) == 0 { return pick(["x", "", "+1"]) }
        return below(4) == 0
            ? pick(["-", "+"]) : pick(["[", "("]) + pick(["a", "b1", "c", "", "zz"])
    }

    private mutating func index() -> String {
        below(30) == 0
            ? pick(["x", "9223372036854775807", "-9223372036854775808"]) : "\(below(60) - 20)"
    }

    private mutating func limit() -> [String] {
        maybe(40, ["LIMIT", "\(below(6) - 1)", "\(below(20) - 2)"])
    }

    private mutating func keys() -> [String] {
        let keys = (0..<(1 + below(3))).map { _ in key() }
        return [below(30) == 0 ? pick(["0", "-1", "x", "9"]) : "\(keys.count)"] + keys
    }

    private mutating func pairs(_ count: Int) -> [String] {
        (0..<count).flatMap { _ in [score(), member()] }
    }

    mutating func next() -> [String] {
        switch below(10) {
        case 0..<3: add()
        case 3, 4: range()
        case 5: look()
        case 6: take()
        case 7: algebra()
        case 8: byMember()
        default: around()
        }
    }

    private mutating func add() -> [String] {
        let options = ["NX", "XX", "GT", "LT", "CH", "INCR"].flatMap { maybe(8, [$0]) }
        return switch below(8) {
        case 0: ["ZINCRBY", key(), score(), member()]
        case 1: ["ZADD", key()] + options + pairs(1 + below(60))
        default: ["ZADD", key()] + options + pairs(options.contains("INCR") ? 1 : 1 + below(3))
        }
    }

    private mutating func range() -> [String] {
        let scores = maybe(40, ["WITHSCORES"])
        return switch below(7) {
        case 0: ["ZRANGE", key(), index(), index()] + maybe(40, ["REV"]) + scores
        case 1:
            ["ZRANGE", key(), bound(), bound(), "BYSCORE"] + maybe(40, ["REV"]) + limit() + scores
        case 2: ["ZREVRANGE", key(), index(), index()] + scores
        case 3: ["ZRANGEBYSCORE", key(), bound(), bound()] + scores + limit()
        case 4: ["ZREVRANGEBYSCORE", key(), bound(), bound()] + scores + limit()
        case 5: ["ZRANGESTORE", key(), key(), index(), index()] + maybe(40, ["REV"])
        default:
            ["ZRANGESTORE", key(), key(), bound(), bound(), "BYSCORE"] + maybe(40, ["REV"])
                + limit()
        }
    }

    private mutating func look() -> [String] {
        switch below(7) {
        case 0: ["ZCARD", key()]
        case 1: ["ZCOUNT", key(), bound(), bound()]
        case 2: ["ZSCORE", key(), member()]
        case 3: ["ZMSCORE", key(), member(), member()]
        case 4: ["ZRANK", key(), member()]
        case 5: ["ZREVRANK", key(), member()]
        default: ["OBJECT", "ENCODING", "z\(below(5))"]
        }
    }

    private mutating func take() -> [String] {
        let count = maybe(40, ["\(below(8) - 1)"])
        switch below(7) {
        case 0, 1: return ["ZREM", key(), member(), member(), member()]
        case 2: return ["ZPOPMIN", key()] + count
        case 3: return ["ZPOPMAX", key()] + count
        case 4:
            return ["ZMPOP"] + keys() + [pick(["MIN", "MAX", "x"])] + maybe(40, ["COUNT", "3"])
        case 5: return ["ZREMRANGEBYRANK", key(), index(), "\(below(5))"]
        default:
            let low = below(40) - 20
            return ["ZREMRANGEBYSCORE", key(), "\(low)", "(\(low + 2)"]
        }
    }

    private mutating func algebra() -> [String] {
        let name = pick(["ZUNION", "ZINTER", "ZDIFF"])
        let keys = keys()
        var words = keys
        if name != "ZDIFF" {
            words += maybe(40, ["WEIGHTS"] + keys.dropFirst().map { _ in score() })
            words += maybe(40, ["AGGREGATE", pick(["SUM", "min", "MAX", "avg"])])
        }
        return switch below(5) {
        case 0: ["ZINTERCARD"] + keys + maybe(40, ["LIMIT", "\(below(6) - 1)"])
        case 1, 2: [name] + words + maybe(50, ["WITHSCORES"])
        default: [name + "STORE", key()] + words
        }
    }

    /// On sets whose members all have the score 0: nothing else is defined.
    private mutating func byMember() -> [String] {
        let key = "flat\(below(2))"
        return switch below(8) {
        case 0, 1: ["ZADD", key, "0", pick(["a", "b", "c"]) + "\(below(9))", "0", member()]
        case 2:
            ["ZRANGE", key, memberBound(), memberBound(), "BYLEX"] + maybe(40, ["REV"]) + limit()
        case 3: ["ZRANGEBYLEX", key, memberBound(), memberBound()] + limit()
        case 4: ["ZREVRANGEBYLEX", key, memberBound(), memberBound()] + limit()
        case 5: ["ZLEXCOUNT", key, memberBound(), memberBound()]
        case 6: below(3) > 0 ? ["ZCARD", key] : ["ZREMRANGEBYLEX", key, memberBound(), "[b4"]
        default: ["ZRANGESTORE", "flat1", "flat0", memberBound(), memberBound(), "BYLEX"] + limit()
        }
    }

    private mutating func around() -> [String] {
        switch below(9) {
        case 0: ["SADD", pick(["s0", "s1"]), member(), member()]
        case 1: ["SADD", "numbers", "\(below(40))"]
        case 2: ["SET", "string", "x"]
        case 3: ["RENAME", "z\(below(5))", "z\(below(5))"]
        case 4: ["COPY", "z\(below(5))", "z\(below(5))", "REPLACE"]
        case 5: ["EXPIRE", key(), "5000"]
        case 6: ["PERSIST", key()]
        case 7: below(3) == 0 ? ["DEL", key()] : ["TYPE", key()]
        default: ["EXISTS", key(), key()]
        }
    }
}

@Suite("Sorted sets as redis-server answers them", .serialized)
struct SortedSetDifferentialTests {
    @Test(
        "random sorted-set commands, small sets and large ones", arguments: [2, 3], [0, 20, 128])
    func replies(version: Int, limit: Int) throws {
        guard ServerProcess.executable(.redis) != nil else {
            TestKnobs.skip("no redis-server to compare with")
            return
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .redis, in: folder.path,
            arguments: [
                "--save", "", "--enable-debug-command", "yes", "--zset-max-listpack-entries",
                "\(limit)",
            ])
        let client = try server.connect()
        if version == 3 { _ = try client.run("HELLO", "3") }
        let f = EngineFixture(version: version)
        f.engine.settings.limits.maximumPackedSortedSet = limit
        var draw = SortedSetCommandDraw(seed: TestKnobs.seed ^ UInt64(version * 1000 + limit))
        var errors = 0
        let total = TestKnobs.isCampaign ? 100_000 : 3_000
        for round in 0..<total {
            let command = draw.next()
            let words = command.map { Array($0.utf8) }
            let theirs = try client.run(words)
            let ours = f.value(words)
            if theirs.isError { errors += 1 }
            #expect(
                ours == theirs,
                "seed \(TestKnobs.seed), round \(round): \(command.map { $0.prefix(60) })")
            if ours != theirs { return }
        }
        #expect(errors * 10 < total * 4)
        let digest = try client.run("DEBUG", "DIGEST").text
        #expect(DebugDigest.of(f.engine.keyspace).text == digest)
        #expect(DebugDigest.of(f.replayed().keyspace).text == digest)
    }
}
