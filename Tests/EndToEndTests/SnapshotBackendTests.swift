/// Servers that keep their data by saving it: SAVE, save points, the end, kills, full disks.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Snapshot backends", Needs.holdfast, Needs.noStandIn)
    struct SnapshotBackendTests {
        static let backends = ["json", "rdb", "compressed"]

        private func start(
            _ backend: String, in directory: String, _ more: [String]
        ) throws -> ServerProcess {
            try ServerProcess(.holdfast, in: directory, arguments: ["--backend", backend] + more)
        }

        private func info(_ client: RESPClient, _ name: String) throws -> String? {
            let text = try #require(try client.run("INFO", "persistence").text)
            return text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                .map { String($0.dropFirst(name.count + 1)) }
        }

        private func fill(_ client: RESPClient) throws {
            for command in [
                ["SET", "s", "v"], ["SET", "dated", "v", "PXAT", "4102444800000"],
                ["RPUSH", "l", "a", "b"], ["SADD", "set", "1", "x"], ["ZADD", "z", "1.5", "m"],
                ["HSET", "h", "f", "v"], ["HPEXPIREAT", "h", "4102444800000", "FIELDS", "1", "f"],
                ["XADD", "x", "1-1", "f", "v"], ["XGROUP", "CREATE", "x", "g", "0"],
                ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
                ["SETBIT", "bits", "7", "1"], ["PFADD", "hll", "a"],
            ] {
                let reply = try client.run(command.map { Array($0.utf8) })
                #expect(!reply.isError, "\(command): \(reply)")
            }
        }

        @Test(
            "after SAVE, a kill and a restart the data is what was saved", arguments: backends)
        func kill(backend: String) throws {
            let folder = try TemporaryDirectory()
            let server = try start(backend, in: folder.path, ["--save", ""])
            let client = try server.connect()
            try fill(client)
            #expect(try client.run("SAVE").text == "OK")
            let digest = try client.digest()
            let canonical = try client.run("HOLDFAST", "DIGEST")
            #expect(try info(client, "last_verified_digest")?.count == 64)
            #expect("\(canonical)".contains(try info(client, "last_verified_digest") ?? "-"))
            _ = try client.run("SET", "later", "v")
            #expect(try info(client, "rdb_changes_since_last_save") == "1")
            let again = try server.restarted()
            let second = try again.connect()
            #expect(try second.digest() == digest)
            #expect(again.log.contains("DB loaded from disk"))
            // CURRENT says which engine: the directive isn't needed any more.
            again.kill()
            let third = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--save", ""])
            let thirdClient = try third.connect()
            #expect(try thirdClient.digest() == digest)
            #expect(try thirdClient.run("DEBUG", "RELOAD").text == "OK")
            #expect(try thirdClient.digest() == digest)
        }

        @Test(
            "SHUTDOWN and SIGTERM save where there are save points, NOSAVE doesn't",
            arguments: backends)
        func shutdown(backend: String) throws {
            let folder = try TemporaryDirectory()
            let points = ["--save", "3600", "1"]
            let first = try start(backend, in: folder.path, points)
            _ = try first.connect().run("SET", "a", "1")
            #expect(first.terminate() == 0)
            #expect(first.log.contains("Saving the final RDB snapshot before exiting."))
            let second = try start(backend, in: folder.path, points)
            let client = try second.connect()
            #expect(try client.run("GET", "a").text == "1")
            _ = try client.run("SET", "a", "2")
            _ = try? client.run("SHUTDOWN", "NOSAVE")
            #expect(second.waitForExit() == 0)
            let third = try start(backend, in: folder.path, ["--save", ""])
            let thirdClient = try third.connect()
            #expect(try thirdClient.run("GET", "a").text == "1")
            _ = try thirdClient.run("SET", "a", "3")
            _ = try? thirdClient.run("SHUTDOWN", "SAVE")
            #expect(third.waitForExit() == 0)
            let fourth = try start(backend, in: folder.path, ["--save", ""])
            #expect(try fourth.connect().run("GET", "a").text == "3")
        }

        @Test("a save point that is reached saves", arguments: backends)
        func savePoints(backend: String) throws {
            let folder = try TemporaryDirectory()
            let server = try start(backend, in: folder.path, ["--save", "1 3"])
            let client = try server.connect()
            for number in 0..<3 { _ = try client.run("SET", "k\(number)", "v") }
            let saved = Eventually.holds(seconds: 20) {
                (try? info(client, "rdb_saves")).flatMap { $0 } == "1"
            }
            #expect(saved, "\(server.log)")
            #expect(server.log.contains("3 changes in 1 seconds. Saving..."))
            #expect(try info(client, "rdb_changes_since_last_save") == "0")
            let again = try server.restarted()
            #expect(try again.connect().run("DBSIZE") == .integer(3))
        }

        @Test(
            "a full disk fails the save aloud, refuses writes and the end, and heals",
            arguments: backends)
        func fullDisk(backend: String) throws {
            guard let disk = try SmallDisk(sizeBytes: 2 << 20) else {
                return TestKnobs.skip("no right to mount a small disk")
            }
            let server = try start(
                backend, in: disk.path, ["--save", "3600", "1", "--rdbcompression", "no"])
            let client = try server.connect()
            _ = try client.run("SET", "small", "v")
            #expect(try client.run("SAVE").text == "OK")
            let digest = try client.digest()
            // Nothing that a format could make smaller.
            var random = SeededGenerator(seed: TestKnobs.seed)
            for number in 0..<60 {
                let noise = (0..<6250).flatMap { _ in
                    let word = random.next()
                    return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
                }
                _ = try client.run([Array("SET".utf8), Array("k\(number)".utf8), noise])
            }
            let failed = try client.run("SAVE")
            #expect(failed.isError, "\(failed)")
            #expect(try info(client, "rdb_last_bgsave_status") == "err")
            let refused = try client.run("SET", "more", "v")
            #expect(refused.text?.hasPrefix("MISCONF Redis is configured to save RDB") == true)
            #expect(try client.run("GET", "small").text == "v")
            let ended = try client.run("SHUTDOWN")
            #expect(ended.text?.contains("Errors trying to SHUTDOWN") == true)
            #expect(server.isRunning)
            let directive = "stop-writes-on-bgsave-error"
            #expect(try client.run("CONFIG", "SET", directive, "no").text == "OK")
            for number in 0..<60 { _ = try client.run("DEL", "k\(number)") }
            #expect(try client.digest() == digest)
            #expect(try client.run("SAVE").text == "OK")
            #expect(try info(client, "rdb_last_bgsave_status") == "ok")
            _ = try client.run("CONFIG", "SET", directive, "yes")
            #expect(try client.run("SET", "more", "v").text == "OK")
        }

        @Test("a save for which too much memory stays is given up aloud, and the next one is not")
        func frozenMemory() throws {
            let folder = try TemporaryDirectory()
            let server = try start("json", in: folder.path, ["--save", ""])
            let client = try server.connect()
            #expect(try client.run("DEBUG", "POPULATE", "40000", "key", "300").text == "OK")
            let limit = try client.run("CONFIG", "SET", "frozen-memory-limit", "1mb")
            #expect(limit.text == "OK")
            #expect(try client.run("BGSAVE").text == "Background saving started")
            // All that the save's view holds is held for it alone now.
            #expect(try client.run("FLUSHALL").text == "OK")
            let isOver = Eventually.holds(seconds: 60) {
                (try? info(client, "rdb_bgsave_in_progress")).flatMap { $0 } == "0"
            }
            #expect(isOver)
            #expect(try info(client, "rdb_last_bgsave_status") == "err")
            #expect(server.log.contains("more than 'frozen-memory-limit' allows (1048576)"))
            let peak = try #require(Int(try info(client, "rdb_last_cow_size") ?? ""))
            #expect(peak > 8 << 20)
            #expect(try client.run("SET", "after", "v").text == "OK")
            #expect(try client.run("SAVE").text == "OK")
            let again = try server.restarted()
            #expect(try again.connect().run("DBSIZE") == .integer(1))
        }

        @Test("kills during saves leave a snapshot there was, whole", arguments: backends)
        func kills(backend: String) throws {
            let folder = try TemporaryDirectory()
            var random = SeededGenerator(seed: TestKnobs.seed)
            var saved = 0
            var issued = 0
            var server = try start(backend, in: folder.path, ["--save", ""])
            for round in 0..<(TestKnobs.isCampaign ? 100 : 10) {
                let client = try server.connect()
                if round == 0 {
                    for number in 0..<2000 {
                        _ = try client.run("SET", "k\(number)", String(repeating: "v", count: 100))
                    }
                }
                let steps = Int.random(in: 5...60, using: &random)
                for step in 0..<steps {
                    // Two keys that are equal in every state there is.
                    issued += 1
                    for command in [
                        ["MULTI"], ["SET", "a", "\(issued)"], ["SET", "b", "\(issued)"], ["EXEC"],
                    ] {
                        _ = try client.run(command.map { Array($0.utf8) })
                    }
                    if step % 4 == 3, try client.run("SAVE").text == "OK" { saved = issued }
                    if step % 7 == 6 { _ = try client.run("BGSAVE") }
                }
                server = try server.restarted()
                let reader = try server.connect()
                let found = Int(try reader.run("GET", "a").text ?? "") ?? 0
                #expect(try reader.run("GET", "b").text == (found == 0 ? nil : "\(found)"))
                #expect((saved...issued).contains(found), "round \(round)")
                issued = found
                saved = found
            }
        }
    }
}
