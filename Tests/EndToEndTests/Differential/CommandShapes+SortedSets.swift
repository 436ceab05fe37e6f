/// Recipes of the sorted-set commands: writing and removing. Asking and combining: CommandShapes+ZRange.

extension CommandShapes {
    static let sortedSets: [CommandShape] = sortedSetWrites + sortedSetReads + sortedSetAlgebra

    private static let sortedSetWrites: [CommandShape] = [
        // Not spoilt: the scores of a lexicon stay equal.
        CommandShape("zadd", 3, spoil: false) { d in
            let most = d.chance(4) ? 200 : 5
            let score: Word = d.chance(97) ? "0" : d.pick(["nan", "", "(0"])
            return [d.lexicon()]
                + d.many(1, most) { d in
                    [score, most > 5 ? Word("m\(d.below(400))") : d.member()]
                }
        },
        CommandShape("zadd", 22) { d in
            if d.chance(1) {
                return [d.key(.sortedSet)]
                    + d.many(100, 200) { d in [Word(d.below(50)), Word("wide\(d.below(400))")] }
            }
            let options = d.some([
                (12, ["NX"]), (12, ["xx"]), (12, ["GT"]), (10, ["LT"]), (25, ["CH"]),
                (15, ["INCR"]), (1, [d.edge()]),
            ])
            let most = options.contains("INCR") && d.chance(90) ? 1 : 4
            return [d.key(.sortedSet)] + options + d.many(1, most) { d in [d.score(), d.member()] }
        },
        CommandShape("zincrby", 6) { d in [d.key(.sortedSet), d.score(), d.member()] },
        CommandShape("zrem", 5) { d in
            [d.chance(12) ? d.lexicon() : d.key(.sortedSet)] + d.many(1, 4) { d in [d.member()] }
        },
        CommandShape("zpopmin", 3) { d in
            [d.key(.sortedSet)] + (d.chance(50) ? [] : [d.count()])
        },
        CommandShape("zpopmax", 3) { d in
            [d.key(.sortedSet)] + (d.chance(50) ? [] : [d.count()])
        },
        CommandShape("zmpop", 4) { d in
            d.counted(1, 3, [.sortedSet]) + [end(&d)]
                + d.some([(50, ["COUNT", d.count()]), (2, [d.edge()])])
        },
        CommandShape("bzpopmin", 1, spoil: false) { d in waitingForScores(&d) },
        CommandShape("bzpopmax", 1, spoil: false) { d in waitingForScores(&d) },
        CommandShape("bzmpop", 1, spoil: false) { d in
            [d.timeout()] + d.counted(2, 5, [.sortedSet]) + [end(&d)]
                + d.some([(50, ["COUNT", d.count()])])
        },
        CommandShape("zremrangebyrank", 3) { d in
            let first = d.below(6) - 3
            return [
                d.key(.sortedSet), Word(first), d.chance(90) ? Word(first + d.below(3)) : d.index(),
            ]
        },
        CommandShape("zremrangebyscore", 3) { d in
            let first = d.below(20) - 10
            return [
                d.key(.sortedSet), Word(first),
                d.chance(90) ? Word("(\(first + d.below(4))") : d.scoreBound(),
            ]
        },
        CommandShape("zremrangebylex", 3) { d in
            [d.lexicon(), d.memberBound(), d.chance(60) ? "[m0" : d.memberBound()]
        },
    ]

    private static let sortedSetAlgebra: [CommandShape] = [
        CommandShape("zunion", 4) { d in
            d.counted(1, 3, [.sortedSet, .sortedSet, .set, .integerSet]) + combining(&d)
                + withScores(&d)
        },
        CommandShape("zinter", 4) { d in
            d.counted(1, 3, [.sortedSet, .sortedSet, .set]) + combining(&d) + withScores(&d)
        },
        CommandShape("zdiff", 4) { d in
            d.counted(1, 3, [.sortedSet, .sortedSet, .set]) + withScores(&d)
        },
        CommandShape("zunionstore", 3) { d in
            [d.key(.sortedSet)] + d.counted(1, 3, [.sortedSet, .sortedSet, .set]) + combining(&d)
        },
        CommandShape("zinterstore", 3) { d in
            [d.key(.sortedSet)] + d.counted(1, 3, [.sortedSet, .sortedSet, .set]) + combining(&d)
        },
        CommandShape("zdiffstore", 3) { d in
            [d.key(.sortedSet)] + d.counted(1, 3, [.sortedSet, .sortedSet, .set])
        },
        CommandShape("zintercard", 4) { d in
            d.counted(1, 3, [.sortedSet, .sortedSet, .set])
                + d.some([(50, ["LIMIT", d.count()]), (2, [d.edge()])])
        },
    ]

    private static func end(_ d: inout Draw) -> Word {
        d.chance(98) ? d.pick(["MIN", "MAX", "min", "Max"]) : d.edge()
    }

    private static func waitingForScores(_ d: inout Draw) -> [Word] {
        d.many(2, 6) { d in [d.key(.sortedSet)] } + [d.timeout()]
    }

    static func withScores(_ d: inout Draw) -> [Word] {
        d.chance(50) ? [] : [d.chance(96) ? d.pick(["WITHSCORES", "withscores"]) : d.edge()]
    }

    /// WEIGHTS and AGGREGATE; as many weights as keys is left to chance.
    private static func combining(_ d: inout Draw) -> [Word] {
        let weights: [Word] =
            d.chance(80)
            ? []
            : ["WEIGHTS"] + d.many(1, 3) { d in [d.chance(95) ? Word(d.below(5) - 2) : d.score()] }
        let aggregate: [Word] =
            d.chance(65)
            ? [] : ["AGGREGATE", d.chance(96) ? d.pick(["SUM", "min", "MAX"]) : d.edge()]
        return d.chance(50) ? weights + aggregate : aggregate + weights
    }
}
