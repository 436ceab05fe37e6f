/// Recipes of the server's own commands: mostly compared by shape, since they speak of the server.

extension CommandShapes {
    static let server: [CommandShape] = [
        CommandShape("dbsize", 3),
        CommandShape("swapdb", 1) { d in [d.database(), d.database()] },
        CommandShape("time", 1, .shape),
        CommandShape("lastsave", 1, .shape),
        CommandShape("wait", 1, spoil: false) { _ in ["0", "10"] },
        CommandShape("info", 1, .shape) { d in
            d.pick([[], ["server"], ["everything"], ["nosuch"], ["memory", "stats"]])
        },
        CommandShape("role", 1, .shape),
        CommandShape("replicaof", 1, spoil: false) { _ in ["NO", "ONE"] },
        CommandShape("slaveof", 1, spoil: false) { _ in ["no", "one"] },
        CommandShape("acl|whoami", 1),
        CommandShape("lolwut", 1, spoil: false, .shape),
        CommandShape("acl|help", 1, .shape),
        CommandShape("function|help", 1, .shape),
        CommandShape("function|stats", 1, .shape),
        CommandShape("function|list", 1) { d in d.pick([[], ["WITHCODE"], ["LIBRARYNAME", "x"]]) },
        CommandShape("config|get", 3, .unorderedPairs) { d in
            d.pick([
                ["maxmemory-policy"], ["hash-max-listpack-entries"], ["nosuch"], ["DATABASES"],
                ["maxmemory", "timeout"], ["hash-max-listpack-*"], ["appendfilename"],
                ["lfu-*", "maxmemory-samples"], ["list-max-listpack-size"],
                ["set-max-intset-entries", "zset-max-listpack-*"], ["stream-node-max-entries"],
                ["hll-sparse-max-bytes"], ["notify-keyspace-events"], ["acllog-max-len"],
            ])
        },
        CommandShape("config|set", 5, spoil: false) { d in
            d.pick([
                ["maxmemory-policy", "allkeys-lfu"], ["maxmemory-policy", "noeviction"],
                ["maxmemory-policy", "allkeys-lru"], ["maxmemory-policy", "nosuch"],
                ["hash-max-listpack-entries", d.pick(["8", "128"])], ["nosuch", "1"], ["maxmemory"],
                ["hash-max-listpack-value", d.pick(["16", "64"])], ["maxmemory", "1gx"],
                ["zset-max-listpack-entries", d.pick(["8", "128"])],
                ["zset-max-listpack-value", d.pick(["16", "64"])],
                ["set-max-intset-entries", d.pick(["8", "512"])],
                ["zset-max-ziplist-entries", "128"], ["list-max-listpack-size", "-2"],
                ["notify-keyspace-events", d.pick(["KEA", "", "Ex", "Q"])],
                ["hll-sparse-max-bytes", "3000", "stream-node-max-entries", "100"],
                ["timeout", "0", "maxmemory", "0"], ["databases", "3"], ["timeout", "-1"],
                ["slowlog-max-len", "100", "slowlog-max-len", "200"],
            ])
        },
        CommandShape("config|resetstat", 1),
        CommandShape("config|rewrite", 1),
        CommandShape("config|help", 1, .shape),
        CommandShape("slowlog|get", 1, .shape) { d in d.pick([[], ["2"], ["-1"], ["x"], ["-2"]]) },
        CommandShape("slowlog|len", 1, .shape),
        CommandShape("slowlog|reset", 1),
        CommandShape("slowlog|help", 1, .shape),
        CommandShape("memory|usage", 2, .shape) { d in
            [d.anyKey()] + d.pick([[], ["SAMPLES", "0"], ["samples", "-1"], ["x"]])
        },
        CommandShape("memory|stats", 1, .shape),
        CommandShape("memory|doctor", 1, .shape),
        CommandShape("memory|purge", 1),
        CommandShape("memory|malloc-stats", 1, .shape),
        CommandShape("memory|help", 1, .shape),
        CommandShape("latency|history", 1, .shape) { _ in ["command"] },
        CommandShape("latency|latest", 1, .shape),
        CommandShape("latency|reset", 1, .shape),
        CommandShape("latency|doctor", 1, .shape),
        CommandShape("latency|graph", 1, .shape) { _ in ["command"] },
        CommandShape("latency|histogram", 1, .shape) { _ in ["nosuch"] },
        CommandShape("latency|help", 1, .shape),
        CommandShape("function|flush", 1) { d in d.pick([[], ["ASYNC"], ["sync"], ["x"]]) },
        CommandShape("debug|digest", 1, spoil: false),
        CommandShape("debug|digest-value", 3) { d in d.many(1, 3) { d in [d.anyKey()] } },
        CommandShape("debug|object", 2, .shape) { d in [d.anyKey()] },
        CommandShape("debug|sleep", 1, spoil: false) { _ in ["0"] },
        CommandShape("debug|set-active-expire", 1, spoil: false) { _ in ["1"] },
        CommandShape("debug|error", 1, spoil: false) { _ in ["MYERR of mine"] },
        CommandShape("debug|populate", 1, spoil: false) { d in
            [Word(d.below(4)), d.pick(["s", "n", "h"])] + d.pick([[], ["3"], ["40"]])
        },
        CommandShape("debug|help", 1, .shape),
    ]
}
