/// Recipes of the hash commands.

extension CommandShapes {
    static let hashes: [CommandShape] = [
        CommandShape("hset", 22) { d in
            let most = d.chance(2) ? 200 : 4
            return [d.key(.hash)]
                + d.many(1, most) { d in
                    [most > 4 ? Word("wide\(d.below(400))") : d.field(), fieldValue(&d)]
                }
        },
        CommandShape("hsetnx", 4) { d in [d.key(.hash), d.field(), fieldValue(&d)] },
        CommandShape("hmset", 4) { d in
            [d.key(.hash)] + d.many(1, 4) { d in [d.field(), fieldValue(&d)] }
        },
        CommandShape("hget", 12) { d in [d.key(.hash), d.field()] },
        CommandShape("hmget", 5) { d in [d.key(.hash)] + d.many(1, 6) { d in [d.field()] } },
        CommandShape("hgetall", 6, .unorderedPairs) { d in [d.key(.hash)] },
        CommandShape("hdel", 8) { d in [d.key(.hash)] + d.many(1, 4) { d in [d.field()] } },
        CommandShape("hexists", 5) { d in [d.key(.hash), d.field()] },
        CommandShape("hlen", 4) { d in [d.key(.hash)] },
        CommandShape("hkeys", 3, .unordered) { d in [d.key(.hash)] },
        CommandShape("hvals", 3, .unordered) { d in [d.key(.hash)] },
        CommandShape("hstrlen", 3) { d in [d.key(.hash), d.field()] },
        CommandShape("hincrby", 8) { d in [d.key(.hash), d.field(), d.number()] },
        CommandShape("hincrbyfloat", 6) { d in [d.key(.hash), d.field(), d.float()] },
        // Not spoilt: a count of -9223372036854775807 is one that Redis sets out to serve.
        CommandShape("hrandfield", 5, spoil: false, compare: randomFields) { d in
            let count = d.sample()
            let options: [Word] =
                switch d.below(3) {
                case 0: []
                case 1: [count]
                default: [count, "WITHVALUES"]
                }
            return [d.key(.hash)] + options
        },
        CommandShape("hscan", 4, compare: scanned) { d in
            [d.key(.hash), d.chance(92) ? "0" : d.edge()]
                + d.some([(60, ["COUNT", "100000"]), (30, ["MATCH", "field1*"])])
        },
    ]

    /// All fields where more are asked for than there are, otherwise as many.
    @Sendable private static func randomFields(_ words: [Word]) -> Comparison {
        guard words.count > 2 else { return .shape }
        if words[2] != "100000" { return .sameCount }
        return words.count > 3 ? .randomPairs : .unordered
    }

    /// A walk from its beginning tells all; where another cursor leads is the server's own affair.
    @Sendable private static func scanned(_ words: [Word]) -> Comparison {
        words.count > 2 && words[2] == "0" ? .scan(pairs: true) : .shape
    }

    private static func fieldValue(_ d: inout Draw) -> Word {
        switch d.below(4) {
        case 0: d.number()
        case 1: d.float()
        default: d.value()
        }
    }
}
