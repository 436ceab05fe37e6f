/// Recipes of the commands on geographic places.
///
/// A search without an order lists places as its server meets them; with COUNT ANY it also chooses them so.
/// The first is compared as a set, the second by its length, and neither is stored. Not spoilt: a radius of
/// nonsense that is a number would reach places that tie.

extension CommandShapes {
    static let places: [CommandShape] = [
        CommandShape("geoadd", 18, spoil: false) { d in
            [d.key(.places)] + d.some([(10, ["NX"]), (10, ["xx"]), (25, ["CH"]), (1, [d.edge()])])
                + d.many(1, 6) { d in d.position() + [place(&d)] } + (d.chance(2) ? ["1"] : [])
        },
        CommandShape("geopos", 4) { d in [d.key(.places)] + d.many(0, 4) { d in [place(&d)] } },
        CommandShape("geohash", 4) { d in [d.key(.places)] + d.many(0, 4) { d in [place(&d)] } },
        CommandShape("geodist", 5) { d in
            [d.key(.places), place(&d), place(&d)] + (d.chance(50) ? [] : [d.unit()])
        },
        CommandShape("geosearch", 8, spoil: false, compare: found) { d in
            [d.key(.places)] + searching(&d) + options(&d, mayBeAny: true)
        },
        CommandShape("geosearchstore", 4, spoil: false) { d in
            [d.key(.places), d.key(.places)] + searching(&d) + storing(&d)
                + d.some([(20, ["STOREDIST"]), (2, ["WITHDIST"])])
        },
        CommandShape("georadius", 4, spoil: false, compare: found) { d in
            let around = [d.key(.places)] + d.position() + d.radius()
            return around + (d.chance(75) ? options(&d, mayBeAny: true) : storing(&d) + target(&d))
        },
        CommandShape("georadius_ro", 3, spoil: false, compare: found) { d in
            [d.key(.places)] + d.position() + d.radius() + options(&d, mayBeAny: true)
                + (d.chance(3) ? target(&d) : [])
        },
        CommandShape("georadiusbymember", 4, spoil: false, compare: found) { d in
            let around = [d.key(.places), place(&d)] + d.radius()
            return around + (d.chance(75) ? options(&d, mayBeAny: true) : storing(&d) + target(&d))
        },
        CommandShape("georadiusbymember_ro", 3, spoil: false, compare: found) { d in
            [d.key(.places), place(&d)] + d.radius() + options(&d, mayBeAny: true)
        },
    ]

    /// In order where one is asked for; as many where any will do; otherwise as a set.
    @Sendable private static func found(_ words: [Word]) -> Comparison {
        let upper = Set(words.map { String(decoding: $0.bytes, as: UTF8.self).uppercased() })
        if upper.contains("ANY") { return .sameCount }
        return upper.isDisjoint(with: ["ASC", "DESC", "COUNT"]) ? .unordered : .exact
    }

    private static func place(_ d: inout Draw) -> Word {
        d.chance(97) ? Word("place\(d.below(7))") : d.value()
    }

    private static func searching(_ d: inout Draw) -> [Word] {
        let center: [Word] =
            d.chance(50) ? ["FROMMEMBER", place(&d)] : ["fromlonlat"] + d.position()
        let shape: [Word] =
            d.chance(60)
            ? ["BYRADIUS"] + d.radius()
            : [
                "bybox", Word(50 + d.below(2500)),
                d.chance(97) ? Word("\(50 + d.below(2500)).25") : "-1", "km",
            ]
        let both = d.chance(70) ? center + shape : shape + center
        return d.chance(98) ? both : d.pick([center, shape, both + center, both + shape])
    }

    private static func options(_ d: inout Draw, mayBeAny: Bool) -> [Word] {
        let any: [Word] = mayBeAny && d.chance(25) ? ["ANY"] : []
        return d.some([
            (30, ["WITHDIST"]), (25, ["withcoord"]), (20, ["WITHHASH"]),
            (50, [d.pick(["ASC", "desc"])]),
            (35, ["COUNT", d.chance(95) ? Word(1 + d.below(6)) : d.edge()] + any),
            (1, ["ANY"]), (1, [d.edge()]),
        ])
    }

    private static func storing(_ d: inout Draw) -> [Word] {
        d.some([(30, [d.pick(["ASC", "DESC"])]), (35, ["COUNT", Word(1 + d.below(6))])])
    }

    private static func target(_ d: inout Draw) -> [Word] {
        [d.pick(["STORE", "storedist"]), d.key(.places)]
    }
}
