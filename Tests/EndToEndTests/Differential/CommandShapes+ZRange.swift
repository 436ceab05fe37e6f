/// Recipes of the commands that ask sorted sets.

extension CommandShapes {
    static let sortedSetReads: [CommandShape] = [
        CommandShape("zcard", 3) { d in [d.key(.sortedSet)] },
        CommandShape("zscore", 5) { d in [d.key(.sortedSet), d.member()] },
        CommandShape("zmscore", 3) { d in
            [d.key(.sortedSet)] + d.many(1, 4) { d in [d.member()] }
        },
        // Not spoilt: 7.2 takes one word more.
        CommandShape("zrank", 4, spoil: false) { d in [d.key(.sortedSet), d.member()] },
        CommandShape("zrevrank", 4, spoil: false) { d in [d.key(.sortedSet), d.member()] },
        CommandShape("zcount", 4) { d in [d.key(.sortedSet), d.scoreBound(), d.scoreBound()] },
        CommandShape("zlexcount", 3) { d in
            [d.lexicon(), d.memberBound(), d.memberBound()]
        },
        CommandShape("zrange", 10) { d in
            switch d.below(4) {
            case 0, 1:
                [d.key(.sortedSet), d.index(), d.index()]
                    + d.some([
                        (25, ["REV"]), (40, ["WITHSCORES"]), (2, ["LIMIT", "0", "1"]),
                        (1, [d.edge()]),
                    ])
            case 2:
                [d.key(.sortedSet), d.scoreBound(), d.scoreBound()]
                    + d.some([
                        (97, ["BYSCORE"]), (35, ["rev"]), (40, ["withscores"]), (40, limit(&d)),
                    ])
            default:
                [d.lexicon(), d.memberBound(), d.memberBound()]
                    + d.some([
                        (97, ["BYLEX"]), (35, ["REV"]), (5, ["WITHSCORES"]), (40, limit(&d)),
                    ])
            }
        },
        CommandShape("zrangestore", 4) { d in
            let keys = [d.key(.sortedSet), d.key(.sortedSet)]
            return switch d.below(3) {
            case 0: keys + [d.index(), d.index()] + d.some([(25, ["REV"]), (4, ["WITHSCORES"])])
            case 1:
                keys + [d.scoreBound(), d.scoreBound(), "BYSCORE"]
                    + d.some([(35, ["REV"]), (40, limit(&d))])
            default:
                [d.lexicon(), d.lexicon(), d.memberBound(), d.memberBound(), "bylex"]
                    + d.some([(35, ["REV"]), (40, limit(&d))])
            }
        },
        CommandShape("zrevrange", 4) { d in
            [d.key(.sortedSet), d.index(), d.index()] + withScores(&d)
        },
        CommandShape("zrangebyscore", 5) { d in
            [d.key(.sortedSet), d.scoreBound(), d.scoreBound()]
                + d.some([(40, ["WITHSCORES"]), (40, limit(&d)), (1, [d.edge()])])
        },
        CommandShape("zrevrangebyscore", 4) { d in
            [d.key(.sortedSet), d.scoreBound(), d.scoreBound()]
                + d.some([(40, ["WITHSCORES"]), (40, limit(&d)), (1, [d.edge()])])
        },
        CommandShape("zrangebylex", 4) { d in
            [d.lexicon(), d.memberBound(), d.memberBound()] + d.some([(40, limit(&d))])
        },
        CommandShape("zrevrangebylex", 4) { d in
            [d.lexicon(), d.memberBound(), d.memberBound()] + d.some([(40, limit(&d))])
        },
        // Not spoilt: see HRANDFIELD.
        CommandShape("zrandmember", 4, spoil: false, compare: someMembers) { d in
            let count = d.sample()
            return [d.key(.sortedSet)] + d.pick([[], [count], [count, "WITHSCORES"]])
        },
        CommandShape(
            "zscan", 3, compare: { $0.count > 2 && $0[2] == "0" ? .scan(pairs: true) : .shape }
        ) { d in
            [d.key(.sortedSet), d.chance(92) ? "0" : d.edge()]
                + d.some([(60, ["COUNT", "100000"]), (30, ["MATCH", "m1*"])])
        },
    ]

    private static func limit(_ d: inout Draw) -> [Word] {
        ["LIMIT", d.chance(90) ? Word(d.below(4)) : d.edge(), d.chance(85) ? d.count() : "-1"]
    }
}
