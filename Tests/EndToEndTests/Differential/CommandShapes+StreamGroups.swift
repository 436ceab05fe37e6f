/// Recipes of the commands of consumer groups.
///
/// Idle times are asked for as none or as hours, and set to hours: a server's delay then decides nothing.

extension CommandShapes {
    static let streamGroups: [CommandShape] = [
        CommandShape("xgroup|create", 8) { d in
            let key = d.key(.stream)
            return [key, d.group(), d.pick(["0", "0", "$", d.oldID(key)])]
                + d.some([
                    (70, ["MKSTREAM"]),
                    (20, ["ENTRIESREAD", d.chance(80) ? Word(d.below(5)) : d.roomyCount()]),
                    (1, [d.edge()]),
                ])
        },
        CommandShape("xgroup|setid", 4) { d in
            let key = d.key(.stream)
            return [key, d.group(), d.pick(["0", "$", d.oldID(key)])]
                + d.some([(25, ["entriesread", d.chance(80) ? "-1" : d.roomyCount()])])
        },
        CommandShape("xgroup|destroy", 1) { d in [d.key(.stream), d.group()] },
        CommandShape("xgroup|createconsumer", 3) { d in
            [d.key(.stream), d.group(), d.consumer()]
        },
        CommandShape("xgroup|delconsumer", 2) { d in
            [d.key(.stream), d.group(), d.consumer()]
        },
        CommandShape("xgroup|help", 1, .shape),
        // Not spoilt: BLOCK 0 would wait for ever.
        CommandShape("xreadgroup", 12, spoil: false) { d in
            let options = d.some([
                (50, ["COUNT", d.count()]), (4, ["BLOCK", d.pick(["3", "10", "-1", "x"])]),
                (12, ["NOACK"]),
            ])
            let keys = d.many(1, d.chance(80) ? 1 : 3) { d in [d.key(.stream)] }
            let ids = keys.map { key in
                d.chance(70) ? ">" : d.chance(60) ? "0" : d.chance(5) ? "$" : d.oldID(key)
            }
            return [d.chance(98) ? "GROUP" : "group", d.group(), d.consumer()] + options
                + ["STREAMS"] + keys + ids + (d.chance(3) ? ["0-0"] : [])
        },
        CommandShape("xack", 5) { d in
            let key = d.key(.stream)
            return [key, d.group()] + d.many(1, 5) { d in [d.oldID(key)] }
        },
        CommandShape("xpending", 6, .idleRows) { d in
            let key = d.key(.stream)
            if d.chance(45) { return [key, d.group()] }
            return [key, d.group()]
                + (d.chance(60)
                    ? [] : ["IDLE", d.pick(["0", "0", "1800000", "1800000", d.edge()])])
                + [
                    d.chance(70) ? "-" : d.idBound(key), d.chance(70) ? "+" : d.idBound(key),
                    d.chance(70) ? "10" : d.count(),
                ] + (d.chance(60) ? [] : [d.consumer()])
        },
        CommandShape("xclaim", 6) { d in
            let key = d.key(.stream)
            return [
                key, d.group(), d.consumer(),
                d.pick(["0", "0", "0", "0", "1800000", "1800000", "-1", "x"]),
            ]
                + d.many(1, 5) { d in [d.oldID(key)] }
                + d.some([
                    (25, ["IDLE", d.pick(["3600000", "3600000", "-1", "x"])]),
                    (8, ["TIME", "1000"]),
                    (25, ["RETRYCOUNT", d.count()]), (20, ["FORCE"]), (30, ["JUSTID"]),
                    (10, ["LASTID", d.oldID(key)]), (2, [d.edge()]),
                ])
        },
        CommandShape("xautoclaim", 6) { d in
            let key = d.key(.stream)
            return [
                key, d.group(), d.consumer(),
                d.pick(["0", "0", "0", "0", "1800000", "1800000", "-1", "x"]),
                d.chance(70) ? "0" : d.idBound(key),
            ] + d.some([(40, ["COUNT", d.count()]), (30, ["JUSTID"]), (2, [d.edge()])])
        },
    ]
}
