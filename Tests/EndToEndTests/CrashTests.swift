/// kill -9 under load: nothing acknowledged is lost, nothing is invented, the server always starts again.
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A killed server", Needs.holdfast)
    struct CrashTests {
        private static let policies = ["always", "everysec", "no"]

        @Test("keeps what it acknowledged, killed at random moments", arguments: policies)
        func randomMoments(policy: String) throws {
            let kills = TestKnobs.count(
                "HOLDFAST_KILLS", or: TestKnobs.isCampaign ? 200 : 20)
            let seed = TestKnobs.seed
            let rig = try CrashRig(
                directives: ServerProcess.appendOnly(policy), fillers: 4000, seed: seed)
            for kill in 0..<kills { try rig.killAtRandom(duringRewrite: kill % 2 == 1) }
            expectNothingLost(rig)
            print(
                "crash: appendfsync \(policy), \(kills) kills, \(rig.acknowledged) operations "
                    + "acknowledged, none lost (seed \(seed))")
            #expect(rig.acknowledged > kills)
        }

        @Test("that keeps nothing is found out")
        func instrumentIsAlive() throws {
            let rig = try CrashRig(
                directives: ["--appendonly", "no", "--save", ""], fillers: 10,
                seed: TestKnobs.seed)
            try rig.killAtRandom(duringRewrite: false)
            #expect(rig.findings.count >= 5, "every writer has lost something")
        }

        /// Calls that change what a folder holds; `?` where an architecture may not have one.
        private static let calls = [
            "?write,?writev,?pwrite64,?pwritev", "?fdatasync,?fsync",
            "?rename,?renameat,?renameat2", "?ftruncate,?unlink,?unlinkat", "?openat",
        ]

        @Test("keeps what it acknowledged, killed inside a system call", Needs.strace)
        func systemCalls() throws {
            let rounds = TestKnobs.isCampaign ? 20 : 2
            var generator = SeededGenerator(seed: TestKnobs.seed)
            var hits = 0
            for policy in Self.policies {
                let rig = try CrashRig(
                    directives: ServerProcess.appendOnly(policy), fillers: 200, seed: TestKnobs.seed
                )
                for round in 0..<rounds {
                    for calls in Self.calls {
                        let most = round == 0 ? 1 : 12
                        let count = Int.random(in: 1...most, using: &generator)
                        if try rig.killAtCall(calls, count: count) { hits += 1 }
                    }
                }
                expectNothingLost(rig)
            }
            print("crash: \(hits) kills inside write, sync, rename, truncate, unlink, open")
            #expect(hits >= rounds * Self.policies.count)
        }

        @Test("survives being killed while it recovers", Needs.strace)
        func recovery() throws {
            let rounds = TestKnobs.isCampaign ? 20 : 1
            var generator = SeededGenerator(seed: TestKnobs.seed)
            let rig = try CrashRig(
                directives: ServerProcess.appendOnly("everysec"), fillers: 200,
                seed: TestKnobs.seed)
            for _ in 0..<rounds {
                for calls in Self.calls {
                    try rig.killInRecovery(calls, count: 1)
                    try rig.killInRecovery(calls, count: Int.random(in: 2...8, using: &generator))
                }
            }
            expectNothingLost(rig)
            print("crash: \(rig.deathsInRecovery) recoveries killed inside a system call")
            #expect(rig.deathsInRecovery > rounds)
        }

        private func expectNothingLost(_ rig: CrashRig) {
            for finding in rig.findings { Issue.record("\(finding)") }
        }
    }
}
