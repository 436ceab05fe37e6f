/// Recipes of the stream commands. Consumer groups: CommandShapes+StreamGroups.
///
/// Ids are explicit, since a server's clock makes the others; an episode adds with `*` and takes the key
/// away. Approximate trimming (`~`) removes whole nodes of Redis's tree, so its thresholds are out of reach.

extension CommandShapes {
    static let streams: [CommandShape] = streamEntries + streamGroups

    private static let streamEntries: [CommandShape] = [
        CommandShape("xadd", 18) { d in
            let key = d.key(.stream)
            let options: [Word] =
                (d.chance(12) ? ["NOMKSTREAM"] : []) + (d.chance(25) ? trimming(&d, key) : [])
            return [key] + options + [d.newID(key)]
                + d.many(1, 3) { d in [d.field(), d.chance(85) ? d.member() : d.value()] }
        },
        CommandShape("xlen", 3) { d in [d.key(.stream)] },
        CommandShape("xrange", 6) { d in
            let key = d.key(.stream)
            return [key, d.chance(50) ? "-" : d.idBound(key), d.chance(50) ? "+" : d.idBound(key)]
                + (d.chance(60) ? [] : ["COUNT", d.count()])
        },
        CommandShape("xrevrange", 5) { d in
            let key = d.key(.stream)
            return [key, d.chance(50) ? "+" : d.idBound(key), d.chance(50) ? "-" : d.idBound(key)]
                + (d.chance(60) ? [] : ["count", d.count()])
        },
        CommandShape("xdel", 5) { d in
            let key = d.key(.stream)
            return [key] + d.many(1, 4) { d in [d.oldID(key)] }
        },
        CommandShape("xtrim", 6) { d in
            let key = d.key(.stream)
            return [key] + trimming(&d, key)
        },
        CommandShape("xsetid", 3) { d in
            let key = d.key(.stream)
            let added = d.some([
                (25, ["ENTRIESADDED", d.chance(80) ? Word(400 + d.below(600)) : d.count()])
            ])
            // Above all that was deleted: Redis 7.0 doesn't mind, 7.2 refuses what is below.
            d.streamTime += 1
            return [key, Word("\(d.streamTime)-0")] + added
                + d.some([(25, ["maxdeletedid", d.oldID(key)])])
        },
        // Not spoilt: BLOCK 0 would wait for ever.
        CommandShape("xread", 6, spoil: false) { d in
            let options = d.some([
                (40, ["COUNT", d.count()]), (6, ["BLOCK", d.pick(["3", "10", "-1", "x", "1.5"])]),
                (1, ["NOACK"]), (1, ["GROUP", "g1", "c1"]),
            ])
            let keys = d.many(1, 3) { d in [d.key(.stream)] }
            let ids = keys.map { key in d.chance(60) ? "0" : d.chance(10) ? "$" : d.oldID(key) }
            return options + [d.pick(["STREAMS", "streams"])] + keys + ids
                + (d.chance(3) ? ["0-0"] : [])
        },
        CommandShape("xinfo|stream", 4, .clocked) { d in
            [d.key(.stream)]
                + (d.chance(60) ? [] : ["FULL"] + (d.chance(50) ? [] : ["COUNT", d.count()]))
        },
        CommandShape("xinfo|groups", 3, .clocked) { d in [d.key(.stream)] },
        CommandShape("xinfo|consumers", 3, .clocked) { d in [d.key(.stream), d.group()] },
        CommandShape("xinfo|help", 1, .shape),
    ]

    /// MAXLEN and MINID: exact, or about something that nothing exceeds.
    private static func trimming(_ d: inout Draw, _ key: Word) -> [Word] {
        switch d.below(10) {
        case 0:
            ["MAXLEN", "~", Word(10_000 + d.below(10))]
                + (d.chance(60) ? [] : ["LIMIT", d.count()])
        case 1: ["MINID", "~", "0"] + (d.chance(60) ? [] : ["limit", d.count()])
        case 2: ["MAXLEN", d.edge()]
        case 3: ["MAXLEN", "=", Word(d.below(8)), "LIMIT", "3"]
        case 4, 5: ["MINID", d.oldID(key)]
        case 6: ["minid", "=", d.oldID(key)]
        case 7: ["MAXLEN", "=", Word(3 + d.below(8))]
        default: ["maxlen", Word(2 + d.below(10))]
        }
    }
}

extension Draw {
    /// The name of a consumer group.
    mutating func group() -> Word {
        chance(95) ? pick(["g1", "g1", "g1", "g1", "g1", "g2"]) : pick(["nogroup", "", "\0"])
    }

    /// The name of a consumer.
    mutating func consumer() -> Word { chance(97) ? Word("c\(below(3))") : pick(["", "\r\n"]) }
}
