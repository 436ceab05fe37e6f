/// Disks that are full, fail or are slow: reads go on, writes are refused by name, nothing acknowledged is
/// lost, and writing resumes by itself.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A failing disk", Needs.holdfast, Needs.noStandIn)
    struct DiskFaultTests {
        private static let policies = ["always", "everysec", "no"]

        /// Writes numbered keys, and remembers which were acknowledged.
        private struct Ledger {
            private(set) var acknowledged: [String: String] = [:]
            private(set) var lastError = ""
            private(set) var refusals = 0
            private var number = 0

            /// Whether one more write was acknowledged.
            mutating func write(_ client: RESPClient, bytes: Int = 20) throws -> Bool {
                number += 1
                let value = "\(number):" + String(repeating: "v", count: bytes)
                let reply = try client.run("SET", "key:\(number)", value)
                if reply == .simple(Array("OK".utf8)) {
                    acknowledged["key:\(number)"] = value
                    return true
                }
                refusals += 1
                lastError = reply.text ?? "\(reply)"
                return false
            }

            /// Whether all that was acknowledged is there.
            func verify(_ client: RESPClient) throws {
                for (key, value) in acknowledged {
                    let found = try client.run("GET", key)
                    #expect(found == .bulk(Array(value.utf8)), "\(key)")
                }
            }
        }

        /// Waits until writing works again, with a margin for a busy machine; prints how long it took.
        private func resumes(
            _ ledger: inout Ledger, _ client: RESPClient, _ what: String
        ) throws {
            let start = Date()
            var isWriting = false
            let end = start.addingTimeInterval(15)
            while !isWriting && Date() < end {
                isWriting = try ledger.write(client)
                if !isWriting { usleep(20_000) }
            }
            let seconds = (Date().timeIntervalSince(start) * 100).rounded() / 100
            print("disk: \(what): writing again after \(seconds) s")
            #expect(isWriting, "\(what): \(ledger.lastError)")
        }

        @Test("a full disk refuses writes, serves reads, and heals", arguments: policies)
        func fullDisk(policy: String) throws {
            guard let disk = try SmallDisk(sizeBytes: 2 << 20) else {
                return TestKnobs.skip("no right to mount a small tmpfs: the full disk is not shown")
            }
            let server = try ServerProcess(
                .holdfast, in: disk.path, arguments: ServerProcess.appendOnly(policy))
            let client = try server.connect()
            var ledger = Ledger()
            for _ in 0..<50 { #expect(try ledger.write(client)) }
            let filler = try disk.fill(sparing: 96 << 10)
            var writes = 0
            while ledger.refusals == 0 && writes < 2000 {
                _ = try ledger.write(client, bytes: 500)
                writes += 1
            }
            #expect(ledger.refusals > 0, "the disk never was full")
            for _ in 0..<20 { _ = try ledger.write(client, bytes: 500) }
            #expect(ledger.lastError.hasPrefix("MISCONF"), "\(ledger.lastError)")
            #expect(try client.run("DEL", "key:1").isError, "DEL is a write")
            try ledger.verify(client)
            try FileManager.default.removeItem(atPath: filler)
            try resumes(&ledger, client, "disk full, \(policy)")
            for _ in 0..<20 { #expect(try ledger.write(client)) }
            let again = try server.restarted()
            try ledger.verify(try again.connect())
        }

        @Test(
            "a failing fsync refuses writes, serves reads, and heals", Needs.strace,
            arguments: policies)
        func failingSync(policy: String) throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly(policy))
            let client = try server.connect()
            var ledger = Ledger()
            for _ in 0..<20 { #expect(try ledger.write(client)) }
            let fault = try SystemCallFault(
                ["fdatasync:error=EIO", "fsync:error=EIO"], in: server.processID)
            // Under `no` nothing syncs, and nothing needs to fail.
            if policy != "no" {
                let isRefused = Eventually.holds(seconds: 15) {
                    (try? ledger.write(client)) == false
                }
                #expect(isRefused, "no write was refused while every fsync failed")
                #expect(ledger.lastError.hasPrefix("MISCONF"), "\(ledger.lastError)")
            }
            for _ in 0..<10 { _ = try ledger.write(client) }
            try ledger.verify(client)
            fault.end()
            try resumes(&ledger, client, "fsync EIO, \(policy)")
            for _ in 0..<20 { #expect(try ledger.write(client)) }
            let again = try server.restarted()
            try ledger.verify(try again.connect())
        }

        @Test(
            "a write that fails once costs no acknowledged write", Needs.strace,
            arguments: policies)
        func failingWrite(policy: String) throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly(policy))
            let client = try server.connect()
            var ledger = Ledger()
            for _ in 0..<20 { #expect(try ledger.write(client)) }
            let log = try currentIncrement(folder)
            let fault = try SystemCallFault(
                ["?write,?writev,?pwrite64,?pwritev:error=ENOSPC"], in: server.processID, path: log)
            for _ in 0..<10 { _ = try ledger.write(client) }
            try ledger.verify(client)
            fault.end()
            try resumes(&ledger, client, "write ENOSPC, \(policy)")
            let again = try server.restarted()
            try ledger.verify(try again.connect())
        }

        private func currentIncrement(_ folder: TemporaryDirectory) throws -> String {
            let directory = "\(folder.path)/appendonlydir"
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            let last = names.filter { $0.hasSuffix(".incr.aof") }.sorted().last
            return "\(directory)/\(try #require(last))"
        }

        @Test("under everysec a slow fsync leaves reads and writes alone", Needs.strace)
        func slowSync() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly("everysec"))
            let client = try server.connect()
            let fault = try SystemCallFault(
                ["fdatasync,fsync:delay_enter=1000000"], in: server.processID)
            defer { fault.end() }
            // Seen from inside: a sync is under way, commands are answered, it still is.
            var servedMeanwhile = 0
            for number in 0..<4 {
                let hasBegun = Eventually.holds(seconds: 10) {
                    (try? client.run("SET", "k", "\(number)")) != nil && self.isSyncing(client)
                }
                #expect(hasBegun)
                for _ in 0..<20 {
                    #expect(try client.run("SET", "k", "v") == .simple(Array("OK".utf8)))
                    #expect(try client.run("GET", "k") == .bulk(Array("v".utf8)))
                }
                if self.isSyncing(client) { servedMeanwhile += 1 }
                _ = Eventually.holds(seconds: 10) { !self.isSyncing(client) }
            }
            #expect(servedMeanwhile > 0, "no command was answered while a sync was under way")
        }

        private func isSyncing(_ client: RESPClient) -> Bool {
            let text = (try? client.run("INFO", "persistence"))?.text ?? ""
            return text.contains("aof_pending_bio_fsync:1")
        }

        @Test("under always nobody sees a write before it is durable", Needs.strace)
        func noDirtyReads() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ServerProcess.appendOnly("always"))
            let (writer, reader) = (try server.connect(), try server.connect())
            try writer.run("SET", "k", "old")
            let fault = try SystemCallFault(
                ["fdatasync,fsync:signal=SIGKILL"], in: server.processID)
            defer { fault.end() }
            // The sync of "new" never happens: neither the writer nor a reader may ever hear of it.
            try writer.send(RESPClient.encode(["SET", "k", "new"].map { Array($0.utf8) }))
            var seen: Set<RESPValue> = []
            while let reply = try? reader.run("GET", "k") { seen.insert(reply) }
            #expect(!seen.contains(.bulk(Array("new".utf8))))
            #expect(throws: ClientError.closed) { try writer.receive() }
            let again = try server.restarted()
            #expect(try !again.connect().run("GET", "k").isError)
        }
    }
}
