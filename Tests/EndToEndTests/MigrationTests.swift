/// Changes of engine on a running server: under load, through kills, and what ENGINE and PERSIST answer.
import Foundation
import Synchronization
import TestSupport
import Testing

/// Increments a counter and pushes to a list in transactions, and knows what was acknowledged.
private final class Load: Sendable {
    private let acknowledged = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let done = DispatchSemaphore(value: 0)
    private let refused = Mutex<String?>(nil)

    /// The highest value of the counter that was acknowledged.
    var value: Int { acknowledged.load(ordering: .sequentiallyConsistent) }
    /// An error that a write got, nil: none.
    var error: String? { refused.withLock { $0 } }

    init(_ server: ServerProcess) {
        let port = server.port
        Thread.detachNewThread { [self] in
            let mine = try? RESPClient(port: port)
            var number = 0
            while !isStopped.load(ordering: .relaxed) {
                number += 1
                let commands: [[String]] = [
                    ["MULTI"], ["INCR", "counter"], ["RPUSH", "list", "\(number)"],
                    [
                        "SET", "k\(number % 100)", "\(number)", "PX",
                        number % 50 == 0 ? "30" : "1000000",
                    ],
                    ["EXEC"],
                ]
                do {
                    let replies = try mine?.pipeline(commands.map { $0.map { Array($0.utf8) } })
                    guard case .array(let values)? = replies?.last,
                        case .integer(let count)? = values.first
                    else {
                        refused.withLock { $0 = "\(String(describing: replies))" }
                        break
                    }
                    acknowledged.store(count, ordering: .sequentiallyConsistent)
                } catch {
                    // The server was killed.
                    break
                }
            }
            done.signal()
        }
    }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        done.wait()
    }

    /// The server was killed: the load ends by itself.
    func join() { stop() }
}

extension EndToEndTests {
    @Suite("Changes of engine", Needs.holdfast, Needs.noStandIn)
    struct MigrationTests {
        /// Engines that keep data, and whether every acknowledged write is durable there.
        static let engines = [
            "aof": true, "json": false, "rdb": false, "compressed": false, "sqlite": true,
        ]
        static let pairs = engines.keys.sorted().flatMap { from in
            engines.keys.sorted().filter { $0 != from }.map { [from, $0] }
        }

        private func start(_ engine: String, in directory: String) throws -> ServerProcess {
            try ServerProcess(
                .holdfast, in: directory,
                arguments: ["--backend", engine, "--appendfsync", "always", "--save", ""])
        }

        private func status(_ client: RESPClient) throws -> [String: String] {
            guard case .array(let items) = try client.run("ENGINE", "STATUS") else { return [:] }
            let texts = items.map { $0.text ?? "" }
            return Dictionary(
                uniqueKeysWithValues: stride(from: 0, to: texts.count - 1, by: 2)
                    .map { (texts[$0], texts[$0 + 1]) })
        }

        private func waitFor(_ stage: String, _ client: RESPClient) throws {
            let isThere = Eventually.holds(seconds: 60) {
                (try? status(client))?["stage"] == stage
            }
            #expect(isThere, "\((try? status(client)) ?? [:])")
        }

        private let longText = String(repeating: "text that deflates ", count: 5000)

        private func fill(_ client: RESPClient, _ keys: Int) throws {
            let commands = (0..<keys).map { number in
                ["SET", "filled:\(number)", "value \(number)"].map { Array($0.utf8) }
            }
            _ = try client.pipeline(commands)
            let large: [[String]] = [
                ["ZADD", "large z"], ["HSET", "large h"], ["RPUSH", "large l"],
                ["SADD", "large s"],
            ]
            for var command in large {
                for number in 0..<700 { command += ["\(number * 7 % 100)", "member \(number)"] }
                #expect(!(try client.run(command.map { Array($0.utf8) })).isError)
            }
            let small: [[String]] = [
                ["ZADD", "z", "1.5", "m", "-0", "n", "inf", "p", "-inf", "q", "0.1", "r"],
                ["HSET", "h", "f", "v", "", "empty"],
                ["RPUSH", "large l"] + (0..<900).map { "element \($0)" }, ["RPUSH", "l", "", "1"],
                ["SADD", "numbers", "1", "-9223372036854775808", "9223372036854775807"],
                ["SET", "n", "-9223372036854775808"], ["SET", "", "the empty key"],
                ["SET", "dated", "v", "PXAT", "4102444800001"], ["SETBIT", "bits", "4000", "1"],
                ["PFADD", "hll", "a", "b"], ["GEOADD", "geo", "13.36", "38.11", "Palermo"],
                ["APPEND", "binary\u{0}\r\n", "\u{0}\u{7f}\r\n"], ["SET", "long", longText],
                ["HPEXPIREAT", "h", "4102444800000", "FIELDS", "1", "f"],
                ["XADD", "x", "1-1", "f", "v"], ["XADD", "x", "1-2", "f", "v", "g", "w"],
                ["XADD", "x", "9-9", "h", ""], ["XDEL", "x", "1-2"],
                ["XGROUP", "CREATE", "x", "g", "0"], ["XGROUP", "CREATE", "x", "idle", "$"],
                ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"], ["SADD", "set", "1", "x"],
                ["XGROUP", "CREATECONSUMER", "x", "g", "lazy"], ["XACK", "x", "g", "9-9"],
                ["SELECT", "9"], ["SET", "elsewhere", "v"], ["SELECT", "0"],
            ]
            for command in small {
                let reply = try client.run(command.map { Array($0.utf8) })
                #expect(!reply.isError, "\(command): \(reply)")
            }
        }

        @Test("keep every write under load, and the data is the same afterwards", arguments: pairs)
        func commit(pair: [String]) throws {
            let folder = try TemporaryDirectory()
            let server = try start(pair[0], in: folder.path)
            let client = try server.connect()
            try fill(client, 3000)
            if Self.engines[pair[0]] == false { #expect(try client.run("SAVE").text == "OK") }
            let load = Load(server)
            let reply = try client.run("PERSIST", "MIGRATE", "TO", pair[1])
            #expect(reply.text == "Background migration started", "\(reply)")
            try waitFor("switched", client)
            // Both engines record some more.
            let switched = load.value
            #expect(Eventually.holds(seconds: 20) { load.value > switched + 20 })
            let committed = try client.run("PERSIST", "COMMIT")
            #expect(committed.text == "OK", "\(committed)")
            load.stop()
            #expect(load.error == nil)
            #expect(try client.run("CONFIG", "GET", "backend").elements.last?.text == pair[1])
            #expect(try status(client)["engine"] == pair[1])
            #expect(try status(client)["stage"] == "committed")
            #expect(try client.run("GET", "counter").text == "\(load.value)")
            #expect(try client.run("LLEN", "list") == .integer(load.value))
            // What goes soon has gone.
            usleep(200_000)
            let before = try canonicalDigest(client)
            if Self.engines[pair[1]] == false { #expect(try client.run("SAVE").text == "OK") }
            let again = try server.restarted()
            let second = try again.connect()
            #expect(try canonicalDigest(second) == before)
            #expect(!again.log.contains("not committed"), "\(again.log)")
            #expect(again.log.contains("is kept by '\(pair[1])'"))
        }

        /// The digest of everything; the reply's first part.
        private func canonicalDigest(_ client: RESPClient) throws -> String {
            let texts = try client.run("HOLDFAST", "DIGEST").elements.compactMap(\.text)
            return try #require(texts.first { $0.count == 64 }, "\(texts)")
        }

        @Test(
            "lead from every engine to every engine with one digest",
            arguments: engines.keys.sorted())
        func conversions(first: String) throws {
            let folder = try TemporaryDirectory()
            var server = try start(first, in: folder.path)
            var client = try server.connect()
            try fill(client, 100)
            if first != "aof" { #expect(try client.run("SAVE").text == "OK") }
            let digest = try canonicalDigest(client)
            let redisDigest = try client.digest()
            var engine = first
            for next in Self.engines.keys.sorted() where next != first {
                // There, and back, each read by a process of its own.
                for target in [next, first] {
                    let reply = try client.run("PERSIST", "MIGRATE", "TO", target)
                    #expect(!reply.isError, "\(engine) to \(target): \(reply)")
                    try waitFor("switched", client)
                    #expect(try client.run("PERSIST", "COMMIT").text == "OK")
                    server = try server.restarted()
                    client = try server.connect()
                    #expect(try status(client)["engine"] == target)
                    #expect(try canonicalDigest(client) == digest, "\(engine) to \(target)")
                    #expect(try client.digest() == redisDigest, "\(engine) to \(target)")
                    engine = target
                }
            }
        }

        @Test("are rolled back without losing a write", arguments: pairs)
        func rollBack(pair: [String]) throws {
            let folder = try TemporaryDirectory()
            let server = try start(pair[0], in: folder.path)
            let client = try server.connect()
            try fill(client, 1000)
            if Self.engines[pair[0]] == false { #expect(try client.run("SAVE").text == "OK") }
            let load = Load(server)
            #expect(try client.run("CONFIG", "SET", "backend", pair[1]).text == "OK")
            #expect(try client.run("PERSIST", "MIGRATE", "TO", pair[1]).isError)
            try waitFor("switched", client)
            usleep(100_000)
            load.stop()
            #expect(try client.run("PERSIST", "ROLLBACK").text == "OK")
            #expect(try status(client)["stage"] == "rolled-back")
            #expect(try client.run("CONFIG", "GET", "backend").elements.last?.text == pair[0])
            // What goes soon has gone.
            usleep(200_000)
            let before = try canonicalDigest(client)
            let again = try server.restarted()
            let second = try again.connect()
            #expect(try canonicalDigest(second) == before)
            #expect(try second.run("GET", "counter").text == "\(load.value)")
            #expect(try status(second)["engine"] == pair[0])
        }

        @Test("survive kills at every stage", arguments: pairs)
        func kills(pair: [String]) throws {
            let rounds = TestKnobs.count(
                "HOLDFAST_KILLS", or: TestKnobs.isCampaign ? 50 : 5)
            var random = SeededGenerator(seed: 7)
            var seen: Set<String> = []
            for round in 0..<rounds {
                let folder = try TemporaryDirectory()
                let server = try start(pair[0], in: folder.path)
                let client = try server.connect()
                try fill(client, 2000)
                if Self.engines[pair[0]] == false { #expect(try client.run("SAVE").text == "OK") }
                let load = Load(server)
                let begin = load.value
                _ = try client.run("PERSIST", "MIGRATE", "TO", pair[1])
                // From the first file of the new engine to some time behind the switch.
                let end = Double(round + 1) / Double(rounds)
                usleep(UInt32.random(in: 0...40_000, using: &random) + UInt32(end * 120_000))
                let now = try status(client)
                seen.insert(now["stage"] ?? "")
                if round % 3 == 2 && now["stage"] == "switched" {
                    try client.send(
                        RESPClient.encode(["PERSIST", "COMMIT"].map { Array($0.utf8) }))
                    usleep(UInt32.random(in: 0...3000, using: &random))
                }
                server.kill()
                load.join()
                let again = try ServerProcess(
                    .holdfast, in: folder.path,
                    arguments: ["--appendfsync", "always", "--save", ""])
                let second = try again.connect()
                let after = try status(second)
                let count = Int(try second.run("GET", "counter").text ?? "") ?? 0
                let keepsAll = Self.engines[after["engine"] ?? ""] == true
                // A snapshot holds what there was when the engine changed.
                let atLeast = keepsAll ? load.value : after["engine"] == pair[1] ? begin : 0
                #expect(count >= atLeast, "round \(round), \(now), then \(after)")
                #expect(try second.run("LLEN", "list") == .integer(count))
                #expect(try second.run("GET", "filled:1999").text == "value 1999")
                if after["stage"] == "uncommitted" {
                    #expect(try second.run("PERSIST", "ROLLBACK").isError)
                    #expect(try second.run("PERSIST", "COMMIT").text == "OK")
                }
                #expect(try status(second)["stage"] == "none")
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                #expect(!names.contains("MIGRATION"), "\(names)")
            }
            print("kills during changes from \(pair[0]) to \(pair[1]): stages \(seen.sorted())")
        }

        @Test("PERSIST means a key where there is one, and ENGINE says what is wrong")
        func words() throws {
            let folder = try TemporaryDirectory()
            let server = try start("aof", in: folder.path)
            let client = try server.connect()
            _ = try client.run("SET", "STATUS", "v", "EX", "100")
            #expect(try client.run("PERSIST", "STATUS") == .integer(1))
            #expect(try client.run("PERSIST", "status") == .integer(0))
            _ = try client.run("DEL", "STATUS")
            guard case .array = try client.run("PERSIST", "STATUS") else {
                Issue.record("no status")
                return
            }
            #expect(try client.run("PERSIST", "a", "b").text == wrongArity("persist"))
            for (words, part) in [
                (["PERSIST", "MIGRATE", "TO", "aof"], "in force already"),
                (["PERSIST", "MIGRATE", "TO", "none"], "keeps nothing"),
                (["PERSIST", "MIGRATE", "TO", "nosuch"], "none of this build's"),
                (["PERSIST", "MIGRATE", "FROM", "json"], "syntax error"),
                (["PERSIST", "COMMIT"], "No change of engine"),
                (["PERSIST", "ROLLBACK"], "No change of engine"),
                (["CONFIG", "SET", "backend", "none"], "keeps nothing"),
            ] {
                let reply = try client.run(words.map { Array($0.utf8) })
                #expect(reply.isError && reply.text?.contains(part) == true, "\(words): \(reply)")
            }
            // What is there already is nobody's to overwrite.
            try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.path + "/dump.json"))
            let reply = try client.run("PERSIST", "MIGRATE", "TO", "json")
            #expect(reply.text?.contains("dump.json") == true, "\(reply)")
            // Who may not administer may not do it by way of PERSIST either.
            _ = try client.run(
                "ACL", "SETUSER", "app", "on", ">p", "~*", "+@all", "-@admin", "-@dangerous")
            _ = try client.run("AUTH", "app", "p")
            #expect(try client.run("PERSIST", "MIGRATE", "TO", "json").isError)
            #expect(try client.run("PERSIST", "ROLLBACK").text?.hasPrefix("NOPERM") == true)
            #expect(try client.run("PERSIST", "key") == .integer(0))
        }

        private func wrongArity(_ name: String) -> String {
            "ERR wrong number of arguments for '\(name)' command"
        }
    }
}
