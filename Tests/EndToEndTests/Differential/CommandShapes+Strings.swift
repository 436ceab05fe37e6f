/// Recipes of the string commands.

extension CommandShapes {
    static let strings: [CommandShape] = [
        CommandShape("set", 30) { d in
            // So that a lexicon is sometimes none.
            if d.chance(1) { return [d.lexicon(), d.value()] }
            let kind = d.pick([KeyKind.string, .string, .number, .float])
            let value = kind == .number ? d.number() : kind == .float ? d.float() : d.value()
            return [d.key(kind), value] + (d.chance(55) ? [] : setOptions(&d))
        },
        CommandShape("get", 20) { d in [d.key(d.pick([.string, .number, .float]))] },
        CommandShape("getex", 8) { d in
            let options: [Word] =
                switch d.below(8) {
                case 0: ["EX", d.seconds()]
                case 1: ["PX", d.milliseconds()]
                case 2: ["EXAT", d.atSeconds()]
                case 3: ["PXAT", d.atMilliseconds()]
                case 4: ["persist"]
                case 5: ["EXAT", d.past()]
                case 6: ["EX", d.seconds(), "PERSIST"]
                default: []
                }
            return [d.key(.string)] + options
        },
        CommandShape("getdel", 3) { d in [d.key(.string)] },
        CommandShape("getset", 4) { d in [d.key(.string), d.value()] },
        CommandShape("getrange", 6) { d in [d.key(.string), d.index(), d.index()] },
        CommandShape("substr", 2) { d in [d.key(.string), d.index(), d.index()] },
        CommandShape("setrange", 5) { d in
            [d.key(.string), d.chance(90) ? Word(d.below(300)) : d.offset(), d.value()]
        },
        CommandShape("append", 5) { d in [d.key(d.pick([.string, .number])), d.value()] },
        CommandShape("strlen", 4) { d in [d.key(.string)] },
        CommandShape("mget", 5) { d in d.many(1, 6) { d in [d.anyKey()] } },
        CommandShape("mset", 4) { d in d.many(1, 5) { d in [d.key(.string), d.value()] } },
        CommandShape("msetnx", 3) { d in d.many(1, 2) { d in [d.key(.string), d.value()] } },
        CommandShape("setnx", 4) { d in [d.key(d.pick([.string, .number])), d.number()] },
        CommandShape("setex", 3) { d in [d.key(.string), d.seconds(), d.value()] },
        CommandShape("psetex", 3) { d in [d.key(.string), d.milliseconds(), d.value()] },
        CommandShape("incr", 8) { d in [d.key(.number)] },
        CommandShape("decr", 5) { d in [d.key(.number)] },
        CommandShape("incrby", 6) { d in [d.key(.number), d.number()] },
        CommandShape("decrby", 5) { d in [d.key(.number), d.number()] },
        CommandShape("incrbyfloat", 7) { d in
            [d.key(d.chance(80) ? .float : .number), d.float()]
        },
        CommandShape("lcs", 3) { d in
            [d.key(.string), d.key(.string)]
                + d.some([
                    (25, ["LEN"]), (40, ["IDX"]), (30, ["MINMATCHLEN", d.index()]),
                    (30, ["withmatchlen"]),
                ])
        },
    ]

    private static func setOptions(_ d: inout Draw) -> [Word] {
        // A deadline in the past is an episode of its own: see Episode.
        let deadline: [Word] =
            switch d.below(7) {
            case 0: ["EX", d.seconds()]
            case 1: ["px", d.milliseconds()]
            case 2: ["EXAT", d.atSeconds()]
            case 3: ["PXAT", d.atMilliseconds()]
            case 4: ["KEEPTTL"]
            default: []
            }
        return deadline
            + d.some([
                (25, ["NX"]), (25, ["xx"]), (25, ["GET"]), (3, ["KEEPTTL"]),
                (3, ["EX", d.seconds()]), (2, [d.edge()]),
            ])
    }
}
