/// What single sorted-set commands answer, record and tell: options, edges, reply forms, waiting clients.
import Bytes
import RESP
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Sorted-set commands")
struct SortedSetCommandTests {
    @Test("scores print with 17 digits, zero keeps no sign in small sets, infinity is a word")
    func scoresPrint() {
        let f = EngineFixture()
        f.line("ZADD k 0.1 a 1e17 b -0 c +inf d -inf e 0x10 f 99999999999999999 g")
        let shown = [
            "a": "0.10000000000000001", "b": "1e+17", "c": "0", "d": "inf", "e": "-inf",
            "f": "16", "g": "1e+17",
        ]
        for (member, score) in shown { #expect(f.run("ZSCORE", "k", member) == "\"\(score)\"") }
        f.engine.settings.limits.maximumPackedSortedSet = 0
        f.line("ZADD large -0 c")
        #expect(f.run("ZSCORE", "large", "c") == "\"-0\"")
    }

    @Test("a zero that keeps its sign is not recorded with the other one")
    func zeroKeepsItsSign() {
        let f = EngineFixture()
        f.engine.settings.limits.maximumPackedSortedSet = 0
        f.line("ZADD k -0 a 5 b")
        f.backend.forget()
        f.line("ZADD k 0 a 6 b 7 c")
        #expect(f.run("ZSCORE", "k", "a") == "\"-0\"")
        #expect(f.backend.texts == ["ZADD k 6 b 7 c"])
    }

    @Test("scores that are none change nothing", arguments: ["nan", "x", "", " 1", "1e400", "1 "])
    func badScores(text: String) {
        let f = EngineFixture()
        #expect(f.run("ZADD", "k", "1", "a", text, "b") == "-ERR value is not a valid float")
        #expect(f.run("EXISTS", "k") == ":0")
        #expect(f.run("ZINCRBY", "k", text, "a") == "-ERR value is not a valid float")
        #expect(f.backend.commands.isEmpty)
    }

    @Test("infinities that cancel out are refused and leave the score")
    func notANumber() {
        let f = EngineFixture()
        f.line("ZADD k inf a")
        let refusal = "-ERR resulting score is not a number (NaN)"
        #expect(f.line("ZINCRBY k -inf a") == refusal)
        #expect(f.line("ZADD k INCR -inf a") == refusal)
        #expect(f.line("ZSCORE k a") == "\"inf\"")
    }

    @Test("ZADD's options decide what is new, what changes, and what is counted")
    func addOptions() {
        let f = EngineFixture()
        #expect(f.line("ZADD k 1 a 2 b") == ":2")
        #expect(f.line("ZADD k NX 5 a 3 c") == ":1")
        #expect(f.line("ZADD k XX CH 5 a 9 nope") == ":1")
        #expect(f.line("ZADD k GT CH 4 a 6 b") == ":1")
        #expect(f.line("ZADD k LT CH 4 a 7 b 8 d") == ":2")
        #expect(
            f.line("ZRANGE k 0 -1 WITHSCORES")
                == #"["c", "3", "a", "4", "b", "6", "d", "8"]"#)
        #expect(f.line("ZADD k XX INCR 1 nope") == "nil")
        #expect(f.line("ZADD k NX INCR 1 a") == "nil")
        #expect(f.line("ZADD k GT INCR -1 a") == "nil")
        #expect(f.line("ZADD k INCR 1.5 a") == "\"5.5\"")
        #expect(f.line("ZADD none XX 1 a") == ":0")
        #expect(f.line("EXISTS none") == ":0")
        #expect(f.line("ZADD k NX GT 1 a").hasPrefix("-ERR GT, LT, and/or NX"))
        #expect(f.line("ZADD k CH 1") == "-ERR syntax error")
    }

    @Test("what is recorded is what had an effect, in decimal, and gives the same data back")
    func records() {
        let f = EngineFixture()
        f.line("ZADD k 1 a 0x10 b +inf c")
        f.line("ZADD k NX 7 a 8 d 9 e 10 b 11 f")
        f.line("ZADD k 1 a")
        f.line("ZINCRBY k 0.1 a")
        f.line("ZREM k b nope")
        f.line("ZPOPMAX k")
        f.line("ZREMRANGEBYSCORE k 8 9")
        f.line("ZUNIONSTORE u 1 k WEIGHTS 2")
        f.line("ZUNIONSTORE u 1 k")
        f.line("ZDIFFSTORE u 2 k k")
        #expect(
            f.backend.texts == [
                "ZADD k 1 a 16 b inf c", "ZADD k 8 d 9 e", "ZADD k 11 f",
                "ZADD k 1.1000000000000001 a", "ZREM k b nope", "ZREMRANGEBYRANK k 4 4",
                "ZREMRANGEBYRANK k 1 2", "ZADD u 2.2000000000000002 a 22 f", "DEL u",
                "ZADD u 1.1000000000000001 a 11 f", "DEL u",
            ])
        let digest = DebugDigest.of(f.engine.keyspace).text
        #expect(DebugDigest.of(f.replayed().keyspace).text == digest)
    }

    @Test("RESP3 has doubles, and pairs where RESP2 has flat lists")
    func replyForms() {
        let f = EngineFixture(version: 3)
        f.line("ZADD k 1 a 2.5 b 3 c 4 d 5 e 6 f 7 g")
        #expect(f.line("ZSCORE k b") == ",2.5")
        #expect(f.line("ZMSCORE k b nope") == "[,2.5, nil]")
        #expect(f.line("ZRANGE k 0 1 WITHSCORES") == #"[["a", ,1], ["b", ,2.5]]"#)
        #expect(f.line("ZINCRBY k 1 a") == ",2")
        #expect(f.line("ZPOPMIN k") == #"["a", ,2]"#)
        #expect(f.line("ZPOPMIN k 1") == #"[["b", ,2.5]]"#)
        #expect(f.line("ZMPOP 1 k MAX") == #"["k", [["g", ,7]]]"#)
        #expect(f.line("BZPOPMAX k 0") == #"["k", "f", ,6]"#)
        #expect(f.line("ZRANK k c WITHSCORE") == "[:0, ,3]")
        #expect(f.line("ZRANDMEMBER k 9 WITHSCORES").hasPrefix(#"[["#))
        #expect(f.line("ZSCAN k 0") == #"["0", ["c", "3", "d", "4", "e", "5"]]"#)
        #expect(f.line("ZINTER 1 k WITHSCORES").hasPrefix(#"[["c", ,3]"#))
    }

    @Test("WITHSCORE of 7.2 replies rank and score, nil for an absent member")
    func rankWithScore() {
        let f = EngineFixture()
        f.line("ZADD k 1 a 2 b 3 c")
        #expect(f.line("ZRANK k b WITHSCORE") == #"[:1, "2"]"#)
        #expect(f.line("ZREVRANK k a WITHSCORE") == #"[:2, "1"]"#)
        #expect(f.line("ZRANK k nope WITHSCORE") == "nil")
        #expect(f.line("ZRANK none a WITHSCORE") == "nil")
        #expect(f.line("ZRANK k a WITHSCORES") == "-ERR syntax error")
        #expect(
            f.line("ZRANK k a b c") == "-ERR wrong number of arguments for 'zrank' command")
    }

    @Test("unions take plain sets with the score 1, weights, aggregates; sums of infinities are 0")
    func algebra() {
        let f = EngineFixture()
        f.line("SADD numbers 1 2 3")
        f.line("SADD words a b")
        f.line("ZADD k 10 a 20 2 inf x")
        f.line("ZADD l -inf x 5 y")
        #expect(
            f.line("ZUNION 3 numbers words k WEIGHTS 2 3 1 WITHSCORES")
                == #"["1", "2", "3", "2", "b", "3", "a", "13", "2", "22", "x", "inf"]"#)
        #expect(f.line("ZINTER 2 k l WITHSCORES") == #"["x", "0"]"#)
        #expect(f.line("ZINTER 2 numbers k AGGREGATE MIN WITHSCORES") == #"["2", "1"]"#)
        #expect(f.line("ZDIFF 2 k words WITHSCORES") == #"["2", "20", "x", "inf"]"#)
        #expect(f.line("ZINTERCARD 2 words k LIMIT 1") == ":1")
        #expect(f.line("ZUNIONSTORE k 2 k numbers") == ":5")
        #expect(f.line("ZINTERSTORE k 2 k none") == ":0")
        #expect(f.line("EXISTS k") == ":0")
    }

    @Test("an emptied sorted set is gone, and its watchers and listeners know")
    func emptied() {
        let f = EngineFixture()
        f.engine.settings.notifiedEvents = [.sortedSet, .generic]
        var events: [String] = []
        f.engine.onKeyspaceEvent = { name, key, _ in events.append("\(name) \(key.text)") }
        f.line("ZADD k 1 a 2 b")
        f.line("ZINCRBY k 1 a")
        f.line("ZADD k 2 b")
        f.line("ZREM k a")
        f.line("ZPOPMIN k")
        f.line("ZADD k 1 a")
        f.line("ZRANGESTORE m k 0 -1")
        f.line("ZREMRANGEBYRANK k 0 -1")
        f.line("ZRANGESTORE m k 0 -1")
        #expect(
            events == [
                "zadd k", "zincr k", "zrem k", "zpopmin k", "del k", "zadd k", "zrangestore m",
                "zremrangebyrank k", "del k", "del m",
            ])
    }

    @Test("random members are drawn fairly, from packed and large sets")
    func fairDraws() {
        for limit in [0, 128] {
            let f = EngineFixture()
            f.engine.random = SeededGenerator(seed: TestKnobs.seed)
            f.engine.settings.limits.maximumPackedSortedSet = limit
            let members = 50
            for number in 0..<members { f.run("ZADD", "k", "\(number % 7)", "\(number)") }
            var counts = [Int](repeating: 0, count: members)
            let draws = members * 80
            let words = ["ZRANDMEMBER", "k", "-\(draws)"].map { Array($0.utf8) }
            for each in f.value(words).elements {
                if let text = each.text, let number = Int(text) { counts[number] += 1 }
            }
            let chi = counts.reduce(0.0) { $0 + Double(($1 - 80) * ($1 - 80)) / 80 }
            // 49 degrees of freedom: mean 49, deviation 10.
            #expect(chi < 49 + 100, "\(chi)")
            let distinct = f.value(["ZRANDMEMBER", "k", "9"].map { Array($0.utf8) }).elements
            #expect(Set(distinct).count == 9)
        }
    }

    @Test("a scan of a large sorted set hands every member out with its score")
    func scans() {
        let f = EngineFixture()
        for number in 0..<1000 { f.run("ZADD", "k", "\(number).5", "m\(number)") }
        var seen: [String: String] = [:]
        var cursor = "0"
        repeat {
            let reply = f.value(["ZSCAN", "k", cursor, "COUNT", "30"].map { Array($0.utf8) })
            cursor = reply.elements[0].text ?? "0"
            let pairs = reply.elements[1].elements.compactMap(\.text)
            for index in stride(from: 0, to: pairs.count, by: 2) {
                seen[pairs[index]] = pairs[index + 1]
            }
        } while cursor != "0"
        #expect(seen.count == 1000)
        #expect(seen["m7"] == "7.5")
    }

    // MARK: Waiting

    /// What a waiting client gets.
    private final class Line: SessionConnection {
        var isPostponed = false
        var replies: [String] = []
        var wakes: [Int64] = []
        let version: Int
        init(version: Int = 2) { self.version = version }
        func closeAfterReplies() {}
        func postpone() { isPostponed = true }
        func complete(_ write: @escaping (ReplyWriter) -> Void) {
            let reply = ReplyWriter()
            reply.version = version
            write(reply)
            var reader = ReplyReader(reply.bytes.array)
            replies.append(reader.next()?.description ?? "no reply")
            isPostponed = false
        }
        func wake(after milliseconds: Int64) { wakes.append(milliseconds) }
        func push(_ bytes: ByteView) {}
    }

    private func wait(_ f: EngineFixture, _ line: String, _ connection: Line) -> Session {
        let session = f.connect()
        session.connection = connection
        _ = f.raw(line.split(separator: " ").map { Array($0.utf8) }, by: session)
        return session
    }

    @Test(
        "those who wait longest are served first, once a member is there, in whatever way it came")
    func waiting() {
        let f = EngineFixture()
        let (first, second, third) = (Line(), Line(), Line())
        let one = wait(f, "BZPOPMIN k l 0", first)
        let two = wait(f, "BZPOPMAX k 2.5", second)
        let three = wait(f, "BZMPOP 0 2 l k MAX COUNT 5", third)
        #expect(first.isPostponed && second.isPostponed && third.isPostponed)
        #expect(second.wakes == [2500])
        f.line("SET k x")
        f.line("DEL k")
        #expect(first.isPostponed)
        f.line("ZADD k 1 a 2 b")
        #expect(first.replies == [#"["k", "a", "1"]"#])
        #expect(second.replies == [#"["k", "b", "2"]"#])
        #expect(third.replies.isEmpty)
        #expect(f.line("EXISTS k") == ":0")
        f.line("ZADD other 1 x 2 y")
        f.line("RENAME other l")
        #expect(third.replies == [#"["l", [["y", "2"], ["x", "1"]]]"#])
        #expect(f.engine.blockedClientCount == 0)
        #expect(f.backend.texts.last == "DEL l")
        withExtendedLifetime((one, two, three)) {}
    }

    @Test("who waits in vain gets nil; inside a transaction nobody waits")
    func waitingInVain() {
        let f = EngineFixture()
        let line = Line()
        let session = wait(f, "BZPOPMIN k 0.001", line)
        f.advance(milliseconds: 5)
        #expect(f.engine.giveUp(session, isOverdue: true))
        #expect(line.replies == ["nil"])
        f.line("MULTI")
        f.line("BZPOPMIN k 0")
        f.line("BZMPOP 0 1 k MIN")
        #expect(f.line("EXEC") == "[nil, nil]")
        #expect(f.line("BZPOPMIN k x") == "-ERR timeout is not a float or out of range")
        #expect(f.line("BZPOPMIN k -1") == "-ERR timeout is negative")
    }
}
