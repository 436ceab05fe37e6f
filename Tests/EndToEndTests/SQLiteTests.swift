/// The sqlite backend in the running server: killed under load, and read by other programs meanwhile.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A server over SQLite", Needs.holdfast, Needs.noStandIn)
    struct SQLiteTests {
        private static let policies = ["always", "everysec", "no"]

        private static func directives(_ policy: String) -> [String] {
            ["--backend", "sqlite", "--appendfsync", policy]
        }

        @Test("keeps what it acknowledged, killed at random moments", arguments: policies)
        func kills(policy: String) throws {
            let kills = TestKnobs.count("HOLDFAST_KILLS", or: TestKnobs.isCampaign ? 200 : 10)
            let seed = TestKnobs.seed
            let rig = try CrashRig(
                directives: Self.directives(policy), fillers: 4000, seed: seed)
            for kill in 0..<kills { try rig.killAtRandom(duringRewrite: kill % 2 == 1) }
            for finding in rig.findings { Issue.record("\(finding)") }
            print(
                "sqlite: appendfsync \(policy), \(kills) kills, \(rig.acknowledged) operations "
                    + "acknowledged, \(rig.findings.count) findings (seed \(seed))")
            #expect(rig.acknowledged > kills)
        }

        @Test("keeps what it acknowledged, killed inside a system call", Needs.strace)
        func systemCalls() throws {
            let rounds = TestKnobs.isCampaign ? 20 : 2
            var generator = SeededGenerator(seed: TestKnobs.seed)
            var hits = 0
            for policy in Self.policies {
                let rig = try CrashRig(
                    directives: Self.directives(policy), fillers: 200, seed: TestKnobs.seed)
                for _ in 0..<rounds {
                    for calls in ["?pwrite64,?write", "?fdatasync,?fsync"] {
                        let count = Int.random(in: 1...8, using: &generator)
                        if try rig.killAtCall(calls, count: count) { hits += 1 }
                    }
                }
                for finding in rig.findings { Issue.record("\(finding)") }
            }
            print("sqlite: \(hits) kills inside write and sync")
            #expect(hits >= rounds)
        }

        @Test("answers the stock shell while it is written")
        func shell() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: Self.directives("everysec"))
            let client = try server.connect()
            var counts: [Int] = []
            for round in 0..<20 {
                let commands = (0..<500).map { number in
                    ["SET", "key:\(round):\(number)", "value"].map { Array($0.utf8) }
                }
                for reply in try client.pipeline(commands) { #expect(!reply.isError, "\(reply)") }
                let outcome = try SystemProgram.run(
                    "sqlite3",
                    [
                        folder.path + "/data.db",
                        "SELECT count(*) FROM strings WHERE value = 'value'",
                    ])
                #expect(outcome.exitCode == 0, "\(outcome.output)")
                counts.append(
                    Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1)
            }
            // Every reply was waited for: all of it is in the file.
            #expect(counts == (1...20).map { $0 * 500 })
        }

        @Test("a full disk refuses writes, serves reads, and heals", arguments: policies)
        func fullDisk(policy: String) throws {
            guard let disk = try SmallDisk(sizeBytes: 8 << 20) else {
                return TestKnobs.skip("no right to mount a small tmpfs: the full disk is not shown")
            }
            let server = try ServerProcess(
                .holdfast, in: disk.path, arguments: Self.directives(policy))
            let client = try server.connect()
            let value = String(repeating: "v", count: 1000)
            #expect(try client.run("SET", "before", value).text == "OK")
            let filler = try disk.fill(sparing: 128 << 10)
            var acknowledged: [Int] = []
            var refusal = ""
            for number in 0..<2000 where refusal.isEmpty {
                let reply = try client.run("SET", "key:\(number)", value)
                if reply.isError { refusal = reply.text ?? "" } else { acknowledged.append(number) }
            }
            #expect(refusal.hasPrefix("MISCONF"), "\(refusal)")
            #expect(refusal.contains("No space left on device"), "\(refusal)")
            #expect(try client.run("GET", "before").text == value)
            try FileManager.default.removeItem(atPath: filler)
            let isWriting = Eventually.holds(seconds: 20) {
                (try? client.run("SET", "after", value))?.isError == false
            }
            #expect(isWriting)
            server.kill()
            let next = try server.restarted()
            let reader = try next.connect()
            for number in acknowledged {
                #expect(try reader.run("GET", "key:\(number)").text == value, "key:\(number)")
            }
            #expect(try reader.run("GET", "after").text == value)
        }

        @Test(
            "a failing fsync refuses writes by name, serves reads, and heals", Needs.strace,
            arguments: policies)
        func failingSync(policy: String) throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: Self.directives(policy))
            let client = try server.connect()
            var acknowledged: [Int] = []
            var number = 0
            func write() throws -> RESPValue {
                number += 1
                let reply = try client.run("SET", "key:\(number)", "\(number)")
                if !reply.isError { acknowledged.append(number) }
                return reply
            }
            for _ in 0..<20 { #expect(try write().text == "OK") }
            let fault = try SystemCallFault(
                ["fdatasync:error=EIO", "fsync:error=EIO"], in: server.processID)
            // Under `no` the log is synced every 30 seconds: nothing needs to fail.
            if policy != "no" {
                var refusal = ""
                let isRefused = Eventually.holds(seconds: 15) {
                    refusal = (try? write()).flatMap { $0.isError ? $0.text : nil } ?? ""
                    return !refusal.isEmpty
                }
                #expect(isRefused, "no write was refused while every fsync failed")
                #expect(refusal.hasPrefix("MISCONF"), "\(refusal)")
                // The first one may have been executed; those behind it are refused before they are.
                _ = Eventually.holds(seconds: 15) { (try? write())?.isError == true }
                let reply = try client.run("SET", "refused", "1")
                #expect(reply.text?.hasPrefix("MISCONF") == true, "\(reply)")
                #expect(try client.run("EXISTS", "refused").text == "0")
            }
            for one in acknowledged {
                #expect(try client.run("GET", "key:\(one)").text == "\(one)")
            }
            fault.end()
            let isWriting = Eventually.holds(seconds: 20) { (try? write())?.isError == false }
            #expect(isWriting)
            for _ in 0..<20 { #expect(try write().text == "OK") }
            server.kill()
            let reader = try server.restarted().connect()
            for one in acknowledged {
                #expect(try reader.run("GET", "key:\(one)").text == "\(one)", "key:\(one)")
            }
        }
    }
}
