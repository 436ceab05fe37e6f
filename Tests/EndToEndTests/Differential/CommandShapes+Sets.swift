/// Recipes of the set commands.
///
/// SPOP takes what chance gives it, so here it only empties a set, or leaves nothing to tell: the rest is
/// an episode's, which deletes what SPOP left.

extension CommandShapes {
    static let sets: [CommandShape] = [
        CommandShape("sadd", 16) { d in
            if d.chance(1) {
                return [d.key(.set)] + d.many(100, 300) { d in [Word("wide\(d.below(400))")] }
            }
            let kind = d.pick([KeyKind.set, .set, .integerSet])
            return [d.key(kind)] + d.many(1, 5) { d in [d.member(of: kind)] }
        },
        CommandShape("srem", 6) { d in
            let kind = d.pick([KeyKind.set, .set, .integerSet])
            return [d.key(kind)] + d.many(1, 4) { d in [d.member(of: kind)] }
        },
        CommandShape("smove", 4) { d in
            let kind = d.pick([KeyKind.set, .integerSet])
            return [d.key(kind), d.key(kind), d.member(of: kind)]
        },
        CommandShape("scard", 3) { d in [setKey(&d)] },
        CommandShape("sismember", 4) { d in [setKey(&d), d.member()] },
        CommandShape("smismember", 4) { d in [setKey(&d)] + d.many(1, 4) { d in [d.member()] } },
        CommandShape("smembers", 6, .unordered) { d in [setKey(&d)] },
        CommandShape("spop", 1, spoil: false, .unordered) { d in
            [setKey(&d), d.pick(["100000", "9223372036854775807", "0", "-1", "abc", ""])]
        },
        // Not spoilt: see HRANDFIELD.
        CommandShape("srandmember", 4, spoil: false, compare: someMembers) { d in
            let count = d.sample()
            return [setKey(&d)] + d.pick([[], [count], [count]])
        },
        CommandShape("sscan", 3, compare: scannedMembers) { d in
            [setKey(&d), d.chance(92) ? "0" : d.edge()]
                + d.some([(60, ["COUNT", "100000"]), (30, ["MATCH", "m1*"])])
        },
        CommandShape("sinter", 4, .unordered) { d in setKeys(&d, 3) },
        CommandShape("sunion", 4, .unordered) { d in setKeys(&d, 4) },
        CommandShape("sdiff", 4, .unordered) { d in setKeys(&d, 4) },
        CommandShape("sinterstore", 3) { d in [setKey(&d)] + setKeys(&d, 3) },
        CommandShape("sunionstore", 3) { d in [setKey(&d)] + setKeys(&d, 4) },
        CommandShape("sdiffstore", 3) { d in [setKey(&d)] + setKeys(&d, 4) },
        CommandShape("sintercard", 4) { d in
            d.counted(1, 3, [.set, .integerSet])
                + d.some([(50, ["LIMIT", d.count()]), (2, [d.edge()])])
        },
    ]

    private static func setKey(_ d: inout Draw) -> Word {
        d.key(d.pick([.set, .set, .integerSet]))
    }

    private static func setKeys(_ d: inout Draw, _ most: Int) -> [Word] {
        let kind = d.pick([KeyKind.set, .set, .integerSet])
        return d.many(1, most) { d in [d.key(d.chance(90) ? kind : .set)] }
    }

    /// All members where more are asked for than there are, otherwise as many.
    @Sendable static func someMembers(_ words: [Word]) -> Comparison {
        guard words.count > 2 else { return .shape }
        if words[2] != "100000" { return .sameCount }
        return words.count > 3 ? .randomPairs : .unordered
    }

    @Sendable private static func scannedMembers(_ words: [Word]) -> Comparison {
        words.count > 2 && words[2] == "0" ? .scan(pairs: false) : .shape
    }
}
