/// Restorations under load and through kills: the old data or the new, and every write behind it.
import Foundation
import Synchronization
import TestSupport
import Testing

/// Increments a counter as fast as it can, and knows what was acknowledged.
private final class Counting: Sendable {
    private let count = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let done = DispatchSemaphore(value: 0)
    private let refused = Mutex<String?>(nil)

    /// The last value that was acknowledged.
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    var error: String? { refused.withLock { $0 } }

    init(_ server: ServerProcess) {
        let port = server.port
        Thread.detachNewThread { [self] in
            let mine = try? RESPClient(port: port)
            while !isStopped.load(ordering: .relaxed) {
                do {
                    switch try mine?.run("INCR", "counter") {
                    case .integer(let value)?:
                        count.store(value, ordering: .sequentiallyConsistent)
                    case let reply: refused.withLock { $0 = "\(String(describing: reply))" }
                    }
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
}

extension EndToEndTests {
    @Suite("Restorations", Needs.holdfast, Needs.noStandIn)
    struct RestorationCrashTests {
        private func start(_ engine: String, in path: String) throws -> ServerProcess {
            try ServerProcess(
                .holdfast, in: path,
                arguments: ["--backend", engine, "--appendfsync", "always", "--save", ""])
        }

        private func fill(_ client: RESPClient, _ name: String, _ keys: Int) throws {
            let commands = (0..<keys).map { number in
                ["SET", "\(name):\(number)", "value \(name) \(number)"].map { Array($0.utf8) }
            }
            _ = try client.pipeline(commands)
        }

        @Test(
            "writes wait for the exchange, and none behind it is lost",
            arguments: SnapshotCommandTests.engines)
        func load(engine: String) throws {
            let folder = try TemporaryDirectory()
            let server = try start(engine, in: folder.path)
            let client = try server.connect()
            try fill(client, "snapshot", 5000)
            _ = try client.run("SET", "counter", "1000000")
            try client.snapshot("s", "compressed")
            try fill(client, "live", 5000)
            // Expires while the restored data takes the old one's place: nobody may record that.
            _ = try client.pipeline(
                (0..<2000).map { number in
                    ["SET", "snapshot:\(number)", "x", "PX", "\(number % 300 + 1)"]
                        .map { Array($0.utf8) }
                })
            _ = try client.run("SET", "counter", "0")
            let counting = Counting(server)
            usleep(20_000)
            #expect(try client.run("SNAPSHOT", "RESTORE", "s").text == "OK")
            usleep(100_000)
            counting.stop()
            #expect(counting.error == nil)
            #expect(counting.value > 1_000_000)
            #expect(try client.run("GET", "counter").text == "\(counting.value)")
            #expect(try client.run("DBSIZE") == .integer(5001))
            #expect(try client.figure("snapshot_restore_writes_held") == "0")
            let held = try #require(Int(try client.figure("snapshot_restore_writes_held_usec")))
            #expect(held > 0)
            print("writes waited \(held) us (\(engine))")
            if engine != "aof" && engine != "sqlite" {
                #expect(try client.run("SAVE").text == "OK")
            }
            let digest = try client.canonicalDigest()
            let second = try server.restarted().connect()
            #expect(try second.canonicalDigest() == digest)
        }

        @Test(
            "kills leave the old data or the new, whole", arguments: SnapshotCommandTests.engines)
        func kills(engine: String) throws {
            let rounds = TestKnobs.count(
                "HOLDFAST_KILLS", or: TestKnobs.isCampaign ? 100 : 10)
            var random = SeededGenerator(seed: 3)
            let folder = try TemporaryDirectory()
            var server = try start(engine, in: folder.path)
            var client = try server.connect()
            var digests: [String: String] = [:]
            for name in ["first", "second"] {
                _ = try client.run("FLUSHALL")
                try fill(client, name, 4000)
                digests[name] = try client.canonicalDigest()
                try client.snapshot(name, "compressed")
            }
            if engine != "aof" && engine != "sqlite" {
                #expect(try client.run("SAVE").text == "OK")
            }
            var now = "second"
            var outcomes: [String: Int] = [:]
            // How long a restoration takes here, so that kills fall into all of it.
            let begin = ContinuousClock.now
            #expect(try client.run("SNAPSHOT", "RESTORE", "first").text == "OK")
            now = "first"
            let span = (ContinuousClock.now - begin) / .microseconds(1)
            for round in 0..<rounds {
                let next = now == "first" ? "second" : "first"
                try client.send(
                    RESPClient.encode(["SNAPSHOT", "RESTORE", next].map { Array($0.utf8) }))
                usleep(UInt32(Double.random(in: 0...1.6, using: &random) * span))
                server.kill()
                server = try server.restarted()
                client = try server.connect()
                let digest = try client.canonicalDigest()
                let found = digests.first { $0.value == digest }?.key
                #expect(found != nil, "round \(round): neither the old data nor the new")
                outcomes[found == now ? "old" : "new", default: 0] += 1
                now = found ?? now
                #expect(try client.map("SNAPSHOT", "VERIFY", next)["digest"] == digests[next])
            }
            print("kills during restorations (\(engine)): \(outcomes)")
        }

        @Test("one that would hold writes for too long is given up")
        func overdue() throws {
            let folder = try TemporaryDirectory()
            let server = try start("aof", in: folder.path)
            let client = try server.connect()
            try fill(client, "snapshot", 20000)
            try client.snapshot("s", "compressed")
            _ = try client.run("SET", "live", "1")
            let digest = try client.canonicalDigest()
            #expect(try client.run("CONFIG", "SET", "snapshot-restore-max-hold", "0").isError)
            _ = try client.run("CONFIG", "SET", "snapshot-restore-max-hold", "1")
            guard SystemCallFault.isAvailable else {
                print("SKIPPED: strace is not installed")
                return
            }
            // Every write to the new base takes long.
            let fault = try SystemCallFault(
                ["write:delay_enter=1500000"], in: server.processID,
                path: folder.path + "/appendonlydir/temp-appendonly.aof.1.base.rdb")
            let reply = try client.run("SNAPSHOT", "RESTORE", "s")
            fault.end()
            #expect(reply.text?.contains("longer than writes may wait") == true, "\(reply)")
            #expect(try client.run("SET", "live", "1").text == "OK")
            #expect(try client.canonicalDigest() == digest)
            let second = try server.restarted().connect()
            #expect(try second.canonicalDigest() == digest)
        }
    }
}
