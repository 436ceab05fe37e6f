/// Recipes of the commands that work on keys of any type.

extension CommandShapes {
    static let keys: [CommandShape] = [
        CommandShape("del", 8) { d in
            d.many(1, 3) { d in [d.chance(4) ? d.lexicon() : d.anyKey()] }
        },
        CommandShape("unlink", 4) { d in d.many(1, 3) { d in [d.anyKey()] } },
        CommandShape("exists", 5) { d in d.many(1, 4) { d in [d.anyKey()] } },
        CommandShape("touch", 3) { d in d.many(1, 4) { d in [d.anyKey()] } },
        CommandShape("type", 5) { d in [d.anyKey()] },
        CommandShape("keys", 2, .unordered) { d in
            [
                d.pick([
                    "*", "s:*", "?:[0-3]", "h:[^1]", "n:\\1", "[", "", "*:*:*", "[a-z]:1", "[xz]:?",
                ])
            ]
        },
        CommandShape(
            "scan", 3, compare: { $0.dropFirst().first == "0" ? .scan(pairs: false) : .shape }
        ) {
            d in
            ["0", "COUNT", "100000"]
                + d.some([
                    (40, ["MATCH", d.pick(["*", "s:*", "[hn]:?"])]),
                    (
                        40,
                        [
                            "TYPE",
                            d.pick(["string", "hash", "list", "HASH", "zset", "set", "stream"]),
                        ]
                    ),
                ])
        },
        CommandShape("randomkey", 2, .shape),
        CommandShape("rename", 4) { d in renaming(&d) },
        CommandShape("renamenx", 4) { d in renaming(&d) },
        CommandShape("copy", 5) { d in
            renaming(&d) + d.some([(30, ["DB", d.database()]), (35, ["replace"])])
        },
        CommandShape("move", 3) { d in [d.anyKey(), d.database()] },
        CommandShape("expire", 7) { d in [d.anyKey(), d.seconds()] + condition(&d) },
        CommandShape("pexpire", 6) { d in [d.anyKey(), d.milliseconds()] + condition(&d) },
        CommandShape("expireat", 6) { d in
            [d.anyKey(), d.chance(92) ? d.atSeconds() : d.past()] + condition(&d)
        },
        CommandShape("pexpireat", 6) { d in
            [d.anyKey(), d.chance(92) ? d.atMilliseconds() : d.past()] + condition(&d)
        },
        CommandShape("ttl", 5, .near(30)) { d in [d.anyKey()] },
        CommandShape("pttl", 5, .near(30_000)) { d in [d.anyKey()] },
        CommandShape("expiretime", 4, .near(30)) { d in [d.anyKey()] },
        CommandShape("pexpiretime", 4, .near(30_000)) { d in [d.anyKey()] },
        CommandShape("persist", 5) { d in [d.anyKey()] },
        CommandShape("object|encoding", 8, .encoding) { d in [d.anyKey()] },
        CommandShape("object|refcount", 2, .shape) { d in [d.anyKey()] },
        CommandShape("object|idletime", 2, .shape) { d in [d.anyKey()] },
        CommandShape("object|freq", 3, .shape) { d in [d.anyKey()] },
        CommandShape("object|help", 1, .shape),
    ]

    /// Two keys, mostly of the same kind.
    private static func renaming(_ d: inout Draw) -> [Word] {
        let kind = d.pick(KeyKind.allCases)
        return [d.key(kind), d.key(kind)]
    }

    private static func condition(_ d: inout Draw) -> [Word] {
        if d.chance(60) { return [] }
        return d.some([(30, ["NX"]), (30, ["xx"]), (30, ["GT"]), (30, ["lt"]), (2, [d.edge()])])
    }
}
