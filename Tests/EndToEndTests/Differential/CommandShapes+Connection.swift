/// Recipes of the commands about connections and transactions.
///
/// MULTI, WATCH and QUIT come in episodes only, because what follows them depends on them.

extension CommandShapes {
    static let connection: [CommandShape] = [
        CommandShape("ping", 3) { d in d.chance(50) ? [] : [d.value()] },
        CommandShape("echo", 3) { d in [d.value()] },
        CommandShape("select", 5) { d in [d.database()] },
        CommandShape("hello", 2, .hello) { d in
            switch d.below(6) {
            case 0: []
            case 1: ["2"]
            case 2: ["3"]
            case 3: ["3", "SETNAME", "somebody"]
            case 4: ["2", "AUTH", "default", "anything", "setname", "some\nbody"]
            default: [d.edge()]
            }
        },
        CommandShape("auth", 1) { d in
            d.chance(70) ? ["default", d.value()] : [d.value()]
        },
        CommandShape("reset", 1, spoil: false),
        CommandShape("client|id", 1, .shape),
        CommandShape("client|info", 1, .shape),
        CommandShape("client|list", 1, .shape) { d in
            d.pick([[], ["TYPE", "normal"], ["ID", "1", "2"], ["TYPE", "nobody"], ["x"]])
        },
        CommandShape("client|setname", 1) { d in [d.pick(["me", "", "a b", "you-2"])] },
        CommandShape("client|getname", 1),
        CommandShape("client|kill", 1, spoil: false) { d in
            d.pick([
                ["ID", "999999999"], ["127.0.0.1:1"], ["ADDR", "127.0.0.1:1"],
                ["LADDR", "1.1.1.1:1"],
                ["TYPE", "pubsub"], ["USER", "nobody"], ["ID", "x"], ["FILTER"],
                ["SKIPME", "no", "ID", "999999999"],
            ])
        },
        CommandShape("client|no-evict", 1) { d in [d.pick(["on", "OFF", "maybe"])] },
        CommandShape("client|unpause", 1),
        CommandShape("client|unblock", 1, spoil: false) { d in
            d.pick([["999999999"], ["999999999", "ERROR"], ["999999999", "timeout"], ["x"]])
        },
        CommandShape("client|getredir", 1),
        CommandShape("client|trackinginfo", 1),
        CommandShape("client|help", 1, .shape),
        // The whole table is long: alone it would be most of what a run reads.
        CommandShape("command", 1, spoil: false, .shape) { d in
            d.chance(12) ? [] : ["INFO", "get"]
        },
        CommandShape("command|count", 1, .shape),
        CommandShape("command|info", 1, .shape) { d in [d.pick(["get", "hset", "nosuch"]), "set"] },
        CommandShape("command|list", 1, .shape),
        CommandShape("command|docs", 1, .shape) { d in [d.pick(["get", "hset"])] },
        CommandShape("command|getkeys", 2) { d in
            d.pick([
                ["GET", d.anyKey()], ["MSET", "a", "1", "b", "2"], ["mset", "a"], ["ping"],
                ["nosuch", "a"], ["DEL", "a", "b", "c"], ["COPY", "a", "b"], ["RENAME", "a", "b"],
                ["HSET", "h", "f", "v"], ["OBJECT", "ENCODING", "k"], ["set", "a"],
                ["LCS", "a", "b"], ["ZUNIONSTORE", "to", "2", "a", "b"],
                ["LMPOP", "1", "l", "LEFT"],
                ["XREAD", "COUNT", "1", "STREAMS", "x", "y", "0", "0"], ["XREAD", "STREAMS"],
                ["SORT", "l", "BY", "w_*", "STORE", "to"], ["BITOP", "AND", "to", "a", "b"],
                ["GEORADIUS", "g", "1", "2", "3", "km", "STORE", "to"], ["PFMERGE", "a", "b"],
                ["XGROUP", "CREATE", "x", "g", "0"], ["BLPOP", "a", "b", "1"],
                ["ZINTERCARD", "3", "a", "b"], ["SINTERCARD", "x", "a"],
            ])
        },
        CommandShape("command|getkeysandflags", 1) { d in
            d.pick([["GET", d.anyKey()], ["SET", "a", "b"], ["HDEL", "h", "f"], ["TIME"]])
        },
        CommandShape("command|help", 1, .shape),
        CommandShape("nosuchcommand", 2) { d in [d.value(), d.value()] },
        CommandShape("client|nosuch", 1),
    ]

    static let transactions: [CommandShape] = [
        CommandShape("unwatch", 1),
        CommandShape("exec", 1, spoil: false),
        CommandShape("discard", 1, spoil: false),
    ]
}
