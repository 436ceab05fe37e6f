/// Draws commands on every type: small and large, so that every encoding occurs.
import TestSupport

struct CommandDraw {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func key(_ kind: String) -> String { "\(kind)\(below(4))" }
    private mutating func word() -> String {
        switch below(10) {
        case 0: String(repeating: "long", count: below(700))
        case 1, 2: "\(below(400) - 200)"
        case 3: ""
        default: "w\(below(300))"
        }
    }
    private mutating func words(_ each: (inout CommandDraw) -> [String]) -> [String] {
        (0...(below(10) == 0 ? 200 : 3)).flatMap { _ in each(&self) }
    }
    private mutating func deadline() -> String { "\(1_700_000_000_000 + below(40_000))" }
    private mutating func id() -> String { "\(below(60))-\(below(3))" }

    /// The next command.
    mutating func next() -> [String] {
        switch below(40) {
        case 0: ["SELECT", "\(below(3))"]
        case 1: ["SET", key("s"), word(), "PXAT", deadline()]
        case 2: ["SET", key("s"), word()]
        case 3: ["INCRBY", key("s"), "\(below(1000))"]
        case 4: ["APPEND", key("s"), word()]
        case 5: [["LPUSH", "RPUSH"][below(2)], key("l")] + words { [$0.word()] }
        case 6: ["LPOP", key("l")]
        case 7: ["LSET", key("l"), "0", word()]
        case 8, 9: ["SADD", key("t")] + words { [$0.word()] }
        case 10: ["SADD", key("i")] + words { ["\($0.below(90_000))"] }
        case 11: ["SREM", key("t"), word()]
        case 12, 13:
            ["ZADD", key("z")]
                + words { [["0", "-0", "inf", "-1.5", "\($0.below(9))"][$0.below(5)], $0.word()] }
        case 14: ["ZREM", key("z"), word()]
        case 15...17: ["HSET", key("h")] + words { [$0.word(), $0.word()] }
        case 18, 19: ["HPEXPIREAT", key("h"), deadline(), "FIELDS", "1", word()]
        case 20: ["HDEL", key("h"), word()]
        case 21...23: ["XADD", key("x"), "\(60 + below(1 << 20))-1", word(), word()]
        case 24: ["XGROUP", "CREATE", key("x"), "g\(below(2))", id(), "MKSTREAM"]
        case 25...27:
            [
                "XREADGROUP", "GROUP", "g\(below(2))", "c\(below(3))", "COUNT", "2", "STREAMS",
                key("x"), ">",
            ]
        case 28: ["XTRIM", key("x"), "MAXLEN", "\(below(9))"]
        case 29: ["XGROUP", "CREATECONSUMER", key("x"), "g\(below(2))", "c\(below(9))"]
        case 30: ["XAUTOCLAIM", key("x"), "g\(below(2))", "c\(below(3))", "0", "0", "COUNT", "2"]
        case 31: ["PEXPIREAT", key(kind()), deadline()]
        case 32: ["PERSIST", key(kind())]
        case 33: ["DEL", key(kind())]
        case 34: ["RENAME", key(kind()), key(kind())]
        case 35: ["COPY", key(kind()), key(kind()), "DB", "\(below(3))", "REPLACE"]
        case 36: ["MOVE", key(kind()), "\(below(3))"]
        case 37: below(4) == 0 ? ["SWAPDB", "0", "1"] : ["GET", key("s")]
        case 38: ["XGROUP", "SETID", key("x"), "g\(below(2))", "$"]
        default: ["XADD", key("x"), "MAXLEN", "5", "*", "f", word()]
        }
    }

    private mutating func kind() -> String { ["s", "l", "t", "i", "z", "h", "x"][below(7)] }
}
