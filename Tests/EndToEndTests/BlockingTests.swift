/// Clients that wait for data, on both servers: the same clients say the same things in the same order, and
/// what each of them is told must be equal.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A client that waits", Needs.redis, Needs.holdfast)
    struct BlockingTests {
        /// One server, and clients by their number.
        private final class Stage {
            let server: ServerProcess
            private let folder: TemporaryDirectory
            private var clients: [Int: RESPClient] = [:]
            private(set) var heard: [String] = []

            init(_ kind: ServerProcess.Kind) throws {
                folder = try TemporaryDirectory()
                server = try ServerProcess(kind, in: folder.path)
            }

            private func client(_ number: Int) throws -> RESPClient {
                if let client = clients[number] { return client }
                let client = try server.connect()
                client.timeoutMilliseconds = 5000
                clients[number] = client
                return client
            }

            /// `1: BLPOP k 0` sends; `1?` hears a reply; `1: X ?` does both; `1~` passes a
            /// reply over; `1!` leaves; `wait n` lets n
            /// clients block.
            func play(_ line: String) throws {
                let words = line.split(separator: " ").map(String.init)
                if words[0] == "wait" {
                    let wanted = "blocked_clients:\(words[1])"
                    _ = Eventually.holds(seconds: 5) {
                        (try? self.client(0).run("INFO", "clients").text)??.contains(wanted) == true
                    }
                    return
                }
                let number = Int(words[0].dropLast()) ?? 0
                switch words[0].last {
                case "!": clients[number] = nil
                case "~": _ = try client(number).receive()
                case "?": heard.append("\(number) hears \(try client(number).receive())")
                default:
                    let hears = words.last == "?"
                    let rest = hears ? words.dropFirst().dropLast() : words.dropFirst()
                    try client(number).send(RESPClient.encode(rest.map { Array($0.utf8) }))
                    if hears { heard.append("\(number): \(try client(number).receive())") }
                }
            }

            /// The id of a client, for CLIENT UNBLOCK.
            func identity(_ number: Int) throws -> String {
                if case .integer(let id) = try client(number).run("CLIENT", "ID") { return "\(id)" }
                return "?"
            }
        }

        private func compare(_ script: [String]) throws {
            var heard: [[String]] = []
            for kind in [ServerProcess.Kind.redis, .holdfast] {
                let stage = try Stage(kind)
                for line in script { try stage.play(line) }
                heard.append(stage.heard)
            }
            #expect(heard[0] == heard[1])
        }

        @Test("is served in the order of waiting, one element each")
        func order() throws {
            try compare([
                "1: BLPOP k 0", "wait 1", "2: BRPOP k 0", "wait 2", "3: BLPOP other k 0", "wait 3",
                "0: RPUSH k a b ?", "1?", "2?", "0: LLEN k ?", "0: RPUSH k c d ?", "3?",
                "0: LRANGE k 0 -1 ?", "0: EXISTS k ?",
            ])
        }

        @Test("gets what a transaction leaves, after it")
        func transactions() throws {
            try compare([
                "1: BLPOP k 0", "wait 1", "0: MULTI ?", "0: RPUSH k a ?", "0: LPUSH k b ?",
                "0: DEL nothing ?", "0: EXEC ?", "1?", "0: LRANGE k 0 -1 ?", "0: DEL k ?",
                "1: BLPOP k 0", "wait 1", "0: MULTI ?", "0: RPUSH k a ?", "0: DEL k ?", "0: EXEC ?",
                "0: RPUSH k z ?", "1?", "2: MULTI ?", "2: BLPOP k 0 ?",
                "2: BLMOVE k l LEFT LEFT 0 ?",
                "2: BZPOPMIN z 0 ?", "2: EXEC ?",
            ])
        }

        @Test("hands on along a chain of lists, also round")
        func chains() throws {
            try compare([
                "1: BLMOVE a b LEFT RIGHT 0", "wait 1", "2: BLMOVE b c LEFT RIGHT 0", "wait 2",
                "3: BLPOP c 0", "wait 3", "0: RPUSH a x ?", "1?", "2?", "3?", "0: DBSIZE ?",
                "1: BRPOPLPUSH a a 0", "wait 1", "0: RPUSH a y ?", "1?", "0: LRANGE a 0 -1 ?",
                "0: SET s v ?", "1: BLMOVE l s LEFT LEFT 0", "wait 1", "0: RPUSH l z ?", "1?",
                "0: LRANGE l 0 -1 ?",
            ])
        }

        @Test(
            "passes over keys of another type and wakes for those that are renamed, copied, swapped in"
        )
        func otherWays() throws {
            try compare([
                "1: BLPOP k 0", "wait 1", "0: SET k v ?", "0: DEL k ?", "0: ZADD k 1 m ?",
                "0: DEL k ?", "0: RPUSH src a b ?", "0: RENAME src k ?", "1?",
                "0: DEL k ?", "1: BLPOP k 0", "wait 1", "0: RPUSH src c ?", "0: COPY src k ?", "1?",
                "1: BLPOP q 0", "wait 1", "5: SELECT 3 ?", "5: RPUSH q in3 ?", "0: SWAPDB 0 3 ?",
                "1?",
                "1: BLPOP m 0", "wait 1", "5: SELECT 4 ?", "5: RPUSH m moved ?", "5: MOVE m 0 ?",
                "1?", "1: BLPOP sorted 0", "wait 1", "0: RPUSH u 3 1 2 ?",
                "0: SORT u STORE sorted ?",
                "1?",
            ])
        }

        @Test("gives up after its time, when told to, and when it leaves")
        func ends() throws {
            try compare([
                "1: BLPOP k 0.05 ?", "1: BRPOPLPUSH k l 0.05 ?", "1: BLMOVE k l LEFT LEFT 0.05 ?",
                "1: BZPOPMIN z 0.05 ?", "1: BLMPOP 0.05 1 k LEFT ?", "1: BZMPOP 0.05 1 z MIN ?",
                "1: BLPOP k -1 ?", "1: BLPOP k abc ?", "1: HELLO 3", "1~", "1: BLPOP k 0.05 ?",
                "1: BLMOVE k l LEFT LEFT 0.05 ?", "2: BLPOP k 0", "wait 1", "2!", "wait 0",
                "0: RPUSH k a ?", "0: LLEN k ?",
            ])
            var heard: [[String]] = []
            for kind in [ServerProcess.Kind.redis, .holdfast] {
                let stage = try Stage(kind)
                for (way, number) in [("TIMEOUT", 1), ("ERROR", 2)] {
                    let id = try stage.identity(number)
                    try stage.play("\(number): BLPOP k 0")
                    try stage.play("wait 1")
                    try stage.play("0: CLIENT UNBLOCK \(id) \(way) ?")
                    try stage.play("\(number)?")
                    try stage.play("0: CLIENT UNBLOCK \(id) ?")
                }
                heard.append(stage.heard)
            }
            #expect(heard[0] == heard[1])
        }

        @Test("keeps requests sent behind the wait for afterwards")
        func pipelines() throws {
            try compare([
                "1: BLPOP k 0", "1: SET after 1", "1: GET after", "wait 1", "0: GET after ?",
                "0: RPUSH k a ?", "1?", "1?", "1?",
            ])
        }

        @Test("for sorted sets is served by score, and many elements at once")
        func sortedSets() throws {
            try compare([
                "1: BZPOPMIN z 0", "wait 1", "2: BZPOPMAX z 0", "wait 2", "0: ZADD z 1 a 2 b 3 c ?",
                "1?", "2?", "0: ZRANGE z 0 -1 WITHSCORES ?", "1: BZMPOP 0 2 no z MAX COUNT 5 ?",
                "1: BLMPOP 0 1 l LEFT COUNT 2", "wait 1", "0: RPUSH l a b c ?", "1?",
                "0: LRANGE l 0 -1 ?",
            ])
        }
    }
}
