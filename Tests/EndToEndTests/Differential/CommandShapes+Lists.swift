/// Recipes of the list commands.
///
/// Those that wait are given hundredths of a second, since nobody can serve them: commands go out over one
/// connection at a time. They aren't spoilt, for a spoilt timeout may be none.

extension CommandShapes {
    static let lists: [CommandShape] = [
        CommandShape("lpush", 8) { d in pushing(&d) },
        CommandShape("rpush", 12) { d in pushing(&d) },
        CommandShape("lpushx", 2) { d in pushing(&d) },
        CommandShape("rpushx", 2) { d in pushing(&d) },
        CommandShape("lpop", 4) { d in [listKey(&d)] + (d.chance(50) ? [] : [d.count()]) },
        CommandShape("rpop", 4) { d in [listKey(&d)] + (d.chance(50) ? [] : [d.count()]) },
        CommandShape("llen", 4) { d in [listKey(&d)] },
        CommandShape("lindex", 4) { d in [listKey(&d), d.index()] },
        CommandShape("lrange", 8) { d in [listKey(&d), d.index(), d.index()] },
        CommandShape("lset", 4) { d in
            [d.key(.list), d.chance(90) ? Word(d.below(8) - 4) : d.edge(), d.member()]
        },
        CommandShape("linsert", 4) { d in
            [d.key(.list), d.pick(["BEFORE", "after", "AFTER"]), d.member(), d.member()]
        },
        CommandShape("lrem", 4) { d in
            let kind = d.pick([KeyKind.list, .integerList])
            return [
                d.key(kind), d.chance(90) ? Word(d.below(5) - 2) : d.edge(), d.member(of: kind),
            ]
        },
        CommandShape("ltrim", 4) { d in
            [
                listKey(&d), d.chance(70) ? Word(d.below(3)) : d.index(),
                d.chance(70) ? "-1" : d.index(),
            ]
        },
        CommandShape("lpos", 5) { d in
            [d.key(.list), d.member()]
                + d.some([
                    (40, ["RANK", d.chance(85) ? Word(d.below(7) - 3) : d.edge()]),
                    (40, ["COUNT", d.count()]), (30, ["maxlen", d.count()]), (2, [d.edge()]),
                ])
        },
        CommandShape("lmove", 4) { d in listPair(&d) + [side(&d), side(&d)] },
        CommandShape("rpoplpush", 3) { d in listPair(&d) },
        CommandShape("lmpop", 4) { d in
            d.counted(1, 3, [.list, .integerList]) + [side(&d)]
                + d.some([(50, ["COUNT", d.count()]), (2, [d.edge()])])
        },
        CommandShape("blpop", 1, spoil: false) { d in waiting(&d) },
        CommandShape("brpop", 1, spoil: false) { d in waiting(&d) },
        CommandShape("blmove", 1, spoil: false) { d in
            listPair(&d) + [side(&d), side(&d), d.timeout()]
        },
        CommandShape("brpoplpush", 1, spoil: false) { d in listPair(&d) + [d.timeout()] },
        CommandShape("blmpop", 1, spoil: false) { d in
            [d.timeout()] + d.counted(2, 5, [.list, .integerList]) + [side(&d)]
                + d.some([(50, ["count", d.count()])])
        },
    ]

    private static func listKey(_ d: inout Draw) -> Word {
        d.key(d.pick([.list, .list, .list, .integerList]))
    }

    private static func pushing(_ d: inout Draw) -> [Word] {
        let kind = d.pick([KeyKind.list, .list, .integerList])
        if d.chance(1) { return [d.key(.list)] + d.many(100, 300) { d in [d.value()] } }
        return [d.key(kind)] + d.many(1, 5) { d in [d.member(of: kind)] }
    }

    private static func listPair(_ d: inout Draw) -> [Word] {
        let kind = d.pick([KeyKind.list, .list, .integerList])
        let source = d.key(kind)
        return [source, d.chance(15) ? source : d.key(kind)]
    }

    private static func side(_ d: inout Draw) -> Word {
        d.chance(98) ? d.pick(["LEFT", "RIGHT", "left", "Right"]) : d.edge()
    }

    /// Several keys, so that one of them mostly has something.
    private static func waiting(_ d: inout Draw) -> [Word] {
        d.many(2, 6) { d in [d.key(d.pick([.list, .list, .integerList]))] } + [d.timeout()]
    }
}
