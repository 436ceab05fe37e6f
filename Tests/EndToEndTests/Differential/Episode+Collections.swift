/// Episodes about collections and channels: what chance or a clock decides is taken away at once, and what
/// needs a story behind it gets one.

extension EpisodeSource {
    private func request(
        _ name: String, _ arguments: [Word], _ comparison: Comparison = .exact
    ) -> Request {
        let words = name.split(separator: "|").map { Word(String($0)) }
        return Request(name: name, words: words + arguments, comparison: comparison)
    }

    /// SPOP takes anything, so what it leaves is deleted; of one member it takes that one.
    mutating func popped() -> [Request] {
        let key = draw.key(draw.pick([.set, .integerSet]))
        let members = draw.many(1, 6) { d in [d.member()] }
        switch draw.below(3) {
        case 0:
            return [
                request("del", [key]), request("sadd", [key, members[0]]), request("spop", [key]),
                request("spop", [key]), request("exists", [key]),
            ]
        case 1:
            return [
                request("sadd", [key] + members), request("spop", [key], .shape),
                request("scard", [key]), request("del", [key]),
            ]
        default:
            return [
                request("sadd", [key] + members),
                request("spop", [key, Word(draw.below(5))], .sameCount), request("scard", [key]),
                request("smembers", [key], .sameCount), request("del", [key]),
            ]
        }
    }

    /// Entries whose ids the server takes from its clock, and which are gone before anybody compares.
    mutating func clocked() -> [Request] {
        let key: Word = "x:clock"
        return [
            request("xadd", [key, "*", "f", draw.value()], .shape),
            request("xadd", [key, "maxlen", "1", "*", "f", "v", "g", draw.value()], .shape),
            request("xlen", [key]), request("xrange", [key, "-", "+"], .sameCount),
            request("xinfo|stream", [key], .sameCount), request("xread", ["STREAMS", key, "$"]),
            request("xtrim", [key, "MAXLEN", "0"]), request("del", [key]),
        ]
    }

    /// A consumer group from its making to the claims of what was left lying.
    mutating func consumed() -> [Request] {
        let key = draw.key(.stream)
        let (group, consumer) = (draw.group(), draw.consumer())
        var requests = [request("xgroup|create", [key, group, "0", "MKSTREAM"])]
        for _ in 0..<(1 + draw.below(4)) {
            requests.append(request("xadd", [key, draw.newID(key), draw.field(), draw.value()]))
        }
        requests.append(
            request(
                "xreadgroup",
                ["GROUP", group, consumer, "COUNT", Word(1 + draw.below(5)), "STREAMS", key, ">"]))
        requests.append(request("xpending", [key, group]))
        if draw.chance(50) { requests.append(request("xack", [key, group, draw.oldID(key)])) }
        if draw.chance(30) { requests.append(request("xdel", [key, draw.oldID(key)])) }
        requests.append(
            request(
                "xclaim",
                [
                    key, group, draw.consumer(), "0", draw.oldID(key), draw.oldID(key), "IDLE",
                    "7200000",
                ]))
        requests.append(
            request(
                "xautoclaim", [key, group, draw.consumer(), draw.pick(["0", "3600000"]), "0"]))
        requests.append(request("xpending", [key, group, "-", "+", "10"], .idleRows))
        requests.append(request("xinfo|stream", [key, "FULL"], .clocked))
        return requests
    }

    /// A value of a known type, of any size: its encoding, and its digest.
    mutating func formed() -> [Request] {
        let key: Word = "formed"
        let count = draw.pick([1, 2, 10, 127, 128, 129, 200, 513])
        let long = Word([UInt8](repeating: 120, count: draw.pick([63, 64, 65])))
        let numbers = (0..<count).map { Word($0) }
        let (fill, comparison): (Request, Comparison) =
            switch draw.below(7) {
            case 0: (request("hset", [key] + numbers.flatMap { [$0, "v"] }), .exact)
            case 1: (request("hset", [key, "f", long]), .exact)
            case 2: (request("zadd", [key] + numbers.flatMap { [$0, $0] }), .exact)
            case 3: (request("zadd", [key, "1", long]), .exact)
            case 4: (request("sadd", [key] + numbers), .exact)
            case 5: (request("sadd", [key, long] + numbers), .encoding)
            default: (request("rpush", [key, long] + numbers), .encoding)
            }
        return [
            request("config|set", ["hash-max-listpack-entries", "128"]),
            request("config|set", ["hash-max-listpack-value", "64"]),
            request("config|set", ["zset-max-listpack-entries", "128"]),
            request("config|set", ["zset-max-listpack-value", "64"]),
            request("config|set", ["set-max-intset-entries", "512"]),
            request("del", [key]), fill, request("object|encoding", [key], comparison),
            request("type", [key]), request("debug|digest-value", [key]),
            request("copy", [key, "copied", "REPLACE"]),
            request("object|encoding", ["copied"], comparison),
            request("del", [key, "copied"]),
        ]
    }

    /// One connection listens, another publishes; RESET ends it.
    mutating func published(_ connection: Int) -> [Step] {
        guard ["subscribe", "publish", "ssubscribe"].allSatisfy(names.contains) else { return [] }
        let other = (connection + 1 + draw.below(Self.connections - 1)) % Self.connections
        let isQuiet = draw.chance(20)
        let message = draw.value()
        var farewell = [
            request("ping", draw.chance(50) ? [] : [message]), request("get", ["nothing"]),
            request("subscribe", ["more"]), request("unsubscribe", ["news"]),
            request("punsubscribe", ["nobody*"]), request("sunsubscribe", ["shard"]),
            request("unsubscribe", ["nobody"]), request("reset", []),
        ]
        if isQuiet { farewell.removeFirst(2) }
        return [
            Step(
                connection: connection,
                requests: [
                    request("subscribe", ["news"]), request("psubscribe", ["n?w*"]),
                    request("ssubscribe", ["shard"]), request("subscribe", ["news"]),
                ]),
            Step(
                connection: other,
                requests: [
                    request("publish", ["news", message]), request("publish", ["n-wer", message]),
                    request("publish", ["others", message]),
                    request("spublish", ["shard", message]),
                    request("pubsub|channels", [], .unordered),
                    request("pubsub|numsub", ["news", "shard"]), request("pubsub|numpat", []),
                    request("pubsub|shardchannels", []), request("pubsub|shardnumsub", ["shard"]),
                ]),
            Step(connection: connection, requests: farewell, messages: 4),
        ]
    }
}
