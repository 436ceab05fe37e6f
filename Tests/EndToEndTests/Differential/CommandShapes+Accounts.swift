/// Recipes of ACL, of publishing, and of the errors of CLIENT TRACKING.
///
/// Nobody logs in as one of the users made here: what a user may do is tested with the users. Nobody
/// subscribes: an episode does.

extension CommandShapes {
    static let accounts: [CommandShape] = [
        CommandShape("acl|cat", 1, compare: { $0.count > 2 ? .shape : .unordered }) { d in
            d.chance(40) ? [] : [d.pick(["string", "read", "LIST", "nosuch", "dangerous", "all"])]
        },
        CommandShape("acl|users", 2),
        CommandShape("acl|list", 2, .words),
        CommandShape("acl|getuser", 4, .words) { d in [user(&d)] },
        CommandShape("acl|setuser", 8, spoil: false) { d in [user(&d)] + d.many(0, 3, rule) },
        CommandShape("acl|deluser", 2) { d in d.many(1, 2) { d in [user(&d)] } },
        CommandShape("acl|dryrun", 5) { d in
            [d.chance(70) ? "default" : "nobody"]
                + d.pick([
                    ["GET", "k"], ["get"], ["nosuch"], ["SET", "k", "v"], ["del", "k"],
                ])
        },
        CommandShape("acl|genpass", 1, .shape) { d in
            d.pick([[], ["8"], ["32"], ["4096"], ["0"], ["4097"], ["x"], ["-1"]])
        },
        CommandShape("acl|log", 1, .shape) { d in d.pick([[], ["RESET"], ["0"], ["2"], ["x"]]) },
        CommandShape("acl|save", 1),
        CommandShape("acl|load", 1),
        CommandShape("client|tracking", 3, spoil: false) { d in
            d.pick([
                ["OFF"], ["off", "BCAST"], ["ON", "BCAST", "OPTIN"], ["ON", "optin", "OPTOUT"],
                ["ON", "PREFIX", "a"], ["maybe"], ["ON", "REDIRECT", "999999999"],
                ["ON", "REDIRECT", "x"], ["ON", "REDIRECT"], [], ["ON", "nonsense"],
                ["ON", "BCAST", "PREFIX", "ab", "PREFIX", "abc"],
            ])
        },
        CommandShape("client|caching", 1) { d in [d.pick(["yes", "NO", "maybe"])] },
        CommandShape("publish", 4) { d in [channel(&d), d.value()] },
        CommandShape("spublish", 2) { d in [channel(&d), d.value()] },
        CommandShape("pubsub|channels", 2) { d in d.pick([[], ["*"], ["news*"], ["["]]) },
        CommandShape("pubsub|numsub", 2) { d in d.many(0, 3) { d in [channel(&d)] } },
        CommandShape("pubsub|numpat", 1),
        CommandShape("pubsub|shardchannels", 1) { d in d.pick([[], ["*"]]) },
        CommandShape("pubsub|shardnumsub", 1) { d in d.many(0, 3) { d in [channel(&d)] } },
        CommandShape("pubsub|help", 1, .shape),
        // One channel at most: each is answered by itself.
        CommandShape("unsubscribe", 1, spoil: false) { d in d.pick([[], [channel(&d)]]) },
        CommandShape("punsubscribe", 1, spoil: false) { d in d.pick([[], ["news*"]]) },
        CommandShape("sunsubscribe", 1, spoil: false) { d in d.pick([[], [channel(&d)]]) },
    ]

    private static func user(_ d: inout Draw) -> Word {
        d.chance(95)
            ? d.pick(["alice", "bob", "carol", "user 1"]) : d.pick(["", "nobody", "a\0b"])
    }

    /// Rules that say the same to servers with different commands.
    @Sendable private static func rule(_ d: inout Draw) -> [Word] {
        if d.chance(12) {
            return [
                d.pick([
                    "+nosuch", "<nopw", "#zz", "%X~a", "(+get", "|x", "+@nosuch", "-get|x", "",
                    "+client|nosuch", "!abc", "~", "%R", "+", "&",
                ])
            ]
        }
        return [
            d.pick([
                "on", "OFF", ">password", "<password", ">other", "nopass", "resetpass", "~k:*",
                "%R~r:*", "%W~w:*", "%RW~both:*", "allkeys", "resetkeys", "&news*", "allchannels",
                "resetchannels", "+get", "-get", "+set", "+@all", "-@all", "allcommands",
                "nocommands", "+client|id", "reset", "(+get ~sel:*)", "clearselectors",
                "sanitize-payload", "skip-sanitize-payload",
                "#5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
            ])
        ]
    }

    private static func channel(_ d: inout Draw) -> Word {
        d.pick(["news", "news:1", "other", "", "\0\r\n"])
    }
}
