/// Keyspace notifications beside a real server: the same random commands, and every event of each is compared,
/// misses and new keys included.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Keyspace notifications", Needs.redis, Needs.holdfast)
    struct NotificationTests {
        /// One server, who speaks to it, and who listens to its events.
        private struct Side {
            let speaker: RESPClient
            let listener: RESPClient
            private let folder: TemporaryDirectory

            init(_ kind: ServerProcess.Kind) throws {
                folder = try TemporaryDirectory()
                let server = try ServerProcess(
                    kind, in: folder.path, arguments: ["--save", "", "--appendonly", "no"])
                speaker = try server.connect()
                listener = try server.connect()
                try speaker.run("CONFIG", "SET", "notify-keyspace-events", "KEAmn")
                try listener.run("PSUBSCRIBE", "__key*@*__:*")
                try listener.run("SUBSCRIBE", "end")
            }

            /// The reply of a command, and the events that it caused.
            func ask(_ words: [Word]) throws -> (reply: RESPValue, events: [String]) {
                let reply = try speaker.run(words.map(\.bytes))
                try speaker.run("PUBLISH", "end", "")
                var events: [String] = []
                while true {
                    let message = try listener.receive().elements
                    if message.count == 3 { return (reply, events) }
                    events.append(message.dropFirst(2).map(\.description).joined(separator: " "))
                }
            }
        }

        @Test("are the same as Redis's, command by command, in the same order")
        func randomCommands() throws {
            let sides = (try Side(.holdfast), try Side(.redis))
            let epoch = Int(Date().timeIntervalSince1970 * 1000)
            var draw = Draw(seed: TestKnobs.seed, epochMilliseconds: epoch)
            let shapes = CommandShapes.strings + CommandShapes.hashes + CommandShapes.keys
            let count = TestKnobs.count(
                "HOLDFAST_EVENT_COUNT", or: TestKnobs.isCampaign ? 200_000 : 6000)
            var different: Set<String> = []
            var events = 0
            for number in 0..<count {
                let request =
                    draw.chance(55)
                    ? draw.pick(shapes).request(&draw)
                    : draw.pick(CommandShapes.collections).request(&draw)
                let ours = try sides.0.ask(request.words)
                let theirs = try sides.1.ask(request.words)
                events += theirs.events.count
                if ours.events == theirs.events { continue }
                if different.insert(request.name).inserted {
                    Issue.record(
                        """
                        command \(number) (seed \(TestKnobs.seed)): \(request.words)
                        answers: \(ours.reply) | \(theirs.reply)
                        ours:   \(ours.events)
                        theirs: \(theirs.events)
                        """)
                }
                if different.count > 5 { break }
            }
            print("notifications: \(count) commands, \(events) events, seed \(TestKnobs.seed)")
            #expect(events > count / 4)
        }
    }
}

extension CommandShapes {
    /// Commands on lists, sets, sorted sets and bits, for their events; none of them answers at random.
    fileprivate static let collections: [CommandShape] =
        [
            CommandShape("select", 1) { d in [Word(d.below(2))] },
            CommandShape("flushdb", 1), CommandShape("swapdb", 1) { _ in ["0", "1"] },
        ] + lists + sets + sortedSets + bits

    private static func key(_ d: inout Draw, _ kind: String) -> Word {
        d.chance(6) ? d.anyKey() : Word("\(d.chance(94) ? kind : "s"):\(d.below(4))")
    }

    private static func member(_ d: inout Draw) -> Word { Word("m\(d.below(5))") }

    private static func small(_ d: inout Draw) -> Word { Word(d.below(12) - 4) }

    private static func shape(
        _ name: String, _ kind: String, _ rest: @escaping @Sendable (inout Draw) -> [Word]
    ) -> CommandShape {
        CommandShape(name, 1, spoil: false) { d in [key(&d, kind)] + rest(&d) }
    }

    private static let lists: [CommandShape] = [
        shape("rpush", "l") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("lpush", "l") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("lpushx", "l") { d in [member(&d)] }, shape("rpushx", "l") { d in [member(&d)] },
        shape("lpop", "l") { d in d.chance(50) ? [] : [Word(d.below(3))] },
        shape("rpop", "l") { _ in [] }, shape("lset", "l") { d in [small(&d), member(&d)] },
        shape("linsert", "l") { d in ["BEFORE", member(&d), member(&d)] },
        shape("lrem", "l") { d in ["0", member(&d)] },
        shape("ltrim", "l") { d in [small(&d), small(&d)] },
        shape("lmove", "l") { d in [key(&d, "l"), "LEFT", "RIGHT"] },
        shape("rpoplpush", "l") { d in [key(&d, "l")] }, shape("lrange", "l") { _ in ["0", "-1"] },
        shape("llen", "l") { _ in [] }, shape("lpos", "l") { d in [member(&d)] },
        shape("sort", "l") { d in ["ALPHA", "STORE", key(&d, "l")] },
        shape("sort", "l") { d in ["ALPHA"] },
        CommandShape("lmpop", 1, spoil: false) { d in
            ["2", key(&d, "l"), key(&d, "l"), "LEFT", "COUNT", "2"]
        },
        CommandShape("blpop", 1, spoil: false) { d in [key(&d, "l"), key(&d, "l"), "0.001"] },
        shape("blmove", "l") { d in [key(&d, "l"), "LEFT", "RIGHT", "0.001"] },
    ]

    private static let sets: [CommandShape] = [
        shape("sadd", "S") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("sadd", "S") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("srem", "S") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("spop", "S") { _ in ["100"] },
        shape("smove", "S") { d in [key(&d, "S"), member(&d)] },
        shape("sinterstore", "S") { d in [key(&d, "S"), key(&d, "S")] },
        shape("sunionstore", "S") { d in [key(&d, "S"), key(&d, "S")] },
        shape("sdiffstore", "S") { d in [key(&d, "S"), key(&d, "S")] },
        shape("sinter", "S") { d in [key(&d, "S")] }, shape("sdiff", "S") { d in [key(&d, "S")] },
        shape("sismember", "S") { d in [member(&d)] }, shape("scard", "S") { _ in [] },
    ]

    private static let sortedSets: [CommandShape] = [
        shape("zadd", "z") { d in d.many(1, 3) { d in [small(&d), member(&d)] } },
        shape("zadd", "z") { d in
            [d.pick(["NX", "XX", "GT", "LT", "CH"]), small(&d), member(&d)]
        },
        shape("zadd", "z") { d in ["INCR", small(&d), member(&d)] },
        shape("zincrby", "z") { d in [small(&d), member(&d)] },
        shape("zrem", "z") { d in d.many(1, 3) { d in [member(&d)] } },
        shape("zpopmin", "z") { d in [Word(d.below(3))] }, shape("zpopmax", "z") { _ in [] },
        shape("bzpopmin", "z") { _ in ["0.001"] },
        shape("zremrangebyrank", "z") { d in [small(&d), small(&d)] },
        shape("zremrangebyscore", "z") { d in [small(&d), small(&d)] },
        shape("zrangestore", "z") { d in [key(&d, "z"), "0", "2"] },
        shape("zunionstore", "z") { d in ["2", key(&d, "z"), key(&d, "S")] },
        shape("zinterstore", "z") { d in ["2", key(&d, "z"), key(&d, "z")] },
        shape("zdiffstore", "z") { d in ["2", key(&d, "z"), key(&d, "z")] },
        shape("zscore", "z") { d in [member(&d)] }, shape("zcard", "z") { _ in [] },
    ]

    private static let bits: [CommandShape] = [
        shape("setbit", "b") { d in [Word(d.below(70)), Word(d.below(2))] },
        CommandShape("bitop", 1, spoil: false) { d in
            ["AND", key(&d, "b"), key(&d, "b"), key(&d, "b")]
        },
        shape("bitfield", "b") { d in ["SET", "u8", Word(d.below(40)), Word(d.below(200))] },
        shape("bitfield", "b") { _ in ["GET", "u8", "0"] }, shape("bitcount", "b") { _ in [] },
        shape("getbit", "b") { d in [Word(d.below(70))] },
    ]
}
