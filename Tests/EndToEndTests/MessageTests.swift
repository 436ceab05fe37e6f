/// Messages and client-side caching, played on both servers.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Messages and client-side caching", Needs.redis, Needs.holdfast)
    struct MessageTests {
        private func compare(_ lines: [String]) throws {
            let ours = try Dialogue.play(.holdfast, lines)
            let theirs = try Dialogue.play(.redis, lines)
            #expect(ours == theirs)
        }

        @Test("subscribers in both protocols hear the same")
        func messages() throws {
            try compare([
                "1: SUBSCRIBE a b ?", "1?", "1: PSUBSCRIBE a* ?", "1: SSUBSCRIBE a ?",
                "2: PUBLISH a 1 ?", "1?", "1?", "2: SPUBLISH a 2 ?", "1?", "2: PUBLISH c 3 ?",
                "2: PUBSUB NUMSUB a b c ?", "2: PUBSUB NUMPAT ?", "2: PUBSUB SHARDNUMSUB a ?",
                "1: GET x ?", "1: PING ?", "1: MULTI ?", "1: UNSUBSCRIBE a c b ?", "1?", "1?",
                "1: PUNSUBSCRIBE ?", "1: SUNSUBSCRIBE ?", "1: UNSUBSCRIBE ?", "1: GET x ?",
                "3: MULTI ?", "3: PUBLISH d 1 ?", "3: SUBSCRIBE d ?", "3: GET x ?", "3: EXEC ?",
                "2: PUBLISH d 5 ?", "3?", "3: RESET ?", "2: PUBLISH d 5 ?",
                "4: CLIENT REPLY OFF", "4: SUBSCRIBE e ?", "2: PUBLISH e 1 ?", "4?",
                "4: UNSUBSCRIBE ?", "4: CLIENT REPLY ON ?",
            ])
        }

        @Test("waiting clients that are served tell events in the same order")
        func blocked() throws {
            try compare([
                "0: CONFIG SET notify-keyspace-events KEA ?", "5: PSUBSCRIBE __keyevent* ?",
                "1: BLPOP l 0", "wait 50", "2: BLMOVE l m LEFT RIGHT 0", "wait 50",
                "3: RPUSH l a b c ?", "1?", "2?", "5?", "5?", "5?", "5?", "3: DEL l ?", "5?",
                "1: BZPOPMIN z 0", "wait 50", "3: ZADD z 1 a ?", "1?", "5?", "5?", "5?",
            ])
        }

        @Test("what was read is told when it changes, expires or is flushed")
        func tracking() throws {
            try compare([
                "1~", "1: CLIENT TRACKING ON ?", "1: GET a ?", "2: SET a 1 ?", "1?",
                "2: SET a 2 ?", "1: MGET a b c ?", "2: DEL b a ?", "1?", "1: SET c 1 ?", "1?",
                "1: HGETALL h ?", "2: HSET h f v ?", "1?", "1: LRANGE l 0 -1 ?", "2: RPUSH l x ?",
                "1?",
                "1: SINTERCARD 2 s t ?", "2: SADD t x ?", "1?", "1: ZCARD z ?", "2: ZADD z 1 x ?",
                "1?", "1: TTL a ?", "2: SET a 1 ?", "1?", "1: EXISTS a ?", "2: EXPIRE a 100 ?",
                "1?", "1: TYPE a ?", "2: RENAME a d ?", "1?", "1: GET d ?", "2: MOVE d 1 ?", "1?",
                "1: GET x ?", "2: FLUSHDB ?", "1?", "1: GET x ?", "2: SET x 1 PX 60 ?", "1?",
                "1: GET x ?", "wait 400", "1?", "1: MULTI ?", "1: GET a ?", "1: SET a 1 ?",
                "1: EXEC ?", "1?", "1: CLIENT TRACKING ON NOLOOP ?", "1: GET a ?", "1: SET a 1 ?",
                "1: CLIENT TRACKINGINFO ?", "1: CLIENT TRACKING OFF ?", "1: CLIENT GETREDIR ?",
                "2: SET a 1 ?",
            ])
        }

        @Test("OPTIN, OPTOUT and CACHING choose what is told")
        func choice() throws {
            try compare([
                "1~", "1: CLIENT CACHING YES ?", "1: CLIENT TRACKING ON OPTIN ?", "1: GET a ?",
                "2: SET a 1 ?", "1: CLIENT CACHING YES ?", "1: GET a ?", "2: SET a 2 ?", "1?",
                "1: CLIENT CACHING NO ?", "1: CLIENT CACHING YES ?", "1: MULTI ?", "1: GET a ?",
                "1: GET b ?", "1: EXEC ?", "2: SET a 1 ?", "1?", "2: SET b 1 ?", "1?",
                "1: GET a ?", "2: SET a 1 ?", "1: CLIENT TRACKING ON OPTOUT ?",
                "1: CLIENT TRACKING OFF ?", "1: CLIENT TRACKING ON OPTOUT ?", "1: GET a ?",
                "2: SET a 1 ?", "1?", "1: CLIENT CACHING NO ?", "1: GET a ?", "2: SET a 1 ?",
                "1: CLIENT TRACKINGINFO ?",
            ])
        }

        @Test("broadcast tells by prefix; prefixes may not overlap")
        func broadcast() throws {
            try compare([
                "1~", "1: CLIENT TRACKING ON BCAST PREFIX foo PREFIX bar ?", "2: SET foo1 a ?",
                "1?", "2: SET baz a ?", "2: MSET bar1 a foo2 b ?", "1?", "1?", "1: SET foo3 x ?",
                "1?", "2: MULTI ?", "2: SET foo4 a ?", "2: SET foo5 a ?", "2: SET foo4 b ?",
                "2: EXEC ?", "1?", "1: CLIENT TRACKING ON BCAST PREFIX fo ?",
                "1: CLIENT TRACKING ON BCAST PREFIX q NOLOOP ?", "1: SET q x ?", "2: SET q x ?",
                "1?",
                "2: FLUSHALL ?", "1?", "1: CLIENT TRACKING ON ?", "1: CLIENT TRACKINGINFO ?",
                "1: CLIENT TRACKING ON PREFIX a ?", "1: CLIENT TRACKING ON BCAST OPTIN ?",
                "1: CLIENT TRACKING ON BCAST PREFIX x PREFIX xy ?", "1: CLIENT TRACKING OFF ?",
                "2: SET foo1 1 ?",
            ])
        }

        @Test("another client is told instead, until it has gone")
        func redirection() throws {
            try compare([
                "2: SUBSCRIBE __redis__:invalidate ?", "1: CLIENT TRACKING ON REDIRECT $2 ?",
                "1: GET a ?", "3: SET a 1 ?", "2?", "1: GET a ?", "1: SET a 2 ?", "2?",
                "3: FLUSHALL ?", "2?", "1: CLIENT GETREDIR ?", "1: CLIENT TRACKINGINFO ?",
                "2: UNSUBSCRIBE ?", "1: GET a ?", "3: SET a 3 ?", "1: CLIENT TRACKING OFF ?",
                "1: CLIENT TRACKING ON REDIRECT 99999 ?", "1: CLIENT TRACKING ON REDIRECT x ?",
            ])
            // One that was told and has left: the tracking client hears of it with the next change.
            try compare([
                "1~", "2: PING ?", "1: CLIENT TRACKING ON REDIRECT $2 ?", "1: GET a ?", "2!",
                "3: SET a 1 ?", "1?", "1: CLIENT TRACKINGINFO ?", "1: CLIENT TRACKING OFF ?",
            ])
        }
    }
}
