/// The same random commands to our server and to a real redis-server: the same replies, the same data.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Beside a real redis-server", Needs.redis, Needs.holdfast)
    struct DifferentialTests {
        @Test("300 000 random commands are answered alike and leave the same data")
        func randomCommands() throws {
            let count = TestKnobs.count(
                "HOLDFAST_DIFF_COUNT", or: TestKnobs.isCampaign ? 1_500_000 : 300_000)
            let run = try DifferentialRun(seed: TestKnobs.seed)
            let epoch = Int(Date().timeIntervalSince1970 * 1000)
            try run.run(count: count, epochMilliseconds: epoch)
            print(run.summary)
            for difference in run.differences { Issue.record("\(difference)") }

            let digests = (
                try run.pair.ours.connect().digest(), try run.pair.theirs.connect().digest()
            )
            #expect(digests.0 == digests.1)
            if digests.0 != digests.1 {
                Issue.record("keys that differ: \(try run.pair.differingKeys())")
            }
            guard count >= 100_000, run.differences.isEmpty else { return }
            #expect(run.successPercent >= 70)
            #expect(run.neverSucceeded() == [], "commands that no reply without error came for")
            guard try run.pair.ours.isHoldfast() else { return }
            let again = try run.pair.ours.restarted()
            #expect(try again.connect().digest() == digests.1, "after kill -9 and a restart")
            #expect(again.terminate() == 0)
            // A real Redis makes the same of our log.
            let redis = try ServerProcess(
                .redis, in: again.directory, arguments: ServerProcess.appendOnly("everysec"))
            #expect(
                try redis.connect().digest() == digests.1,
                "in a Redis that loads our log: \(redis.log.suffix(1000))")
        }

        @Test("COMMAND tells clients what Redis tells them: arity, flags, places of keys")
        func commandTable() throws {
            let pair = try ServerPair()
            let words = [[Array("COMMAND".utf8)]]
            let replies = try pair.exchange(words)[0]
            let theirs = describe(replies.theirs)
            var compared = 0
            for (name, ours) in describe(replies.ours) {
                guard let expected = theirs[name] else { continue }
                compared += 1
                // A HELP has its container's flags here: HELP while loading is nobody's need.
                if name.hasSuffix("|help") || Self.grown.contains(name) { continue }
                #expect(ours == expected, "\(name)")
            }
            #expect(compared > 90, "only \(compared) commands are known to both")
        }

        /// Commands that take more arguments since 7.2: `WITHSCORE`.
        private static let grown: Set<String> = ["zrank", "zrevrank"]

        /// Flags not compared: loading beside serving is a replica's; and we keep AUTH and HELLO, which carry
        /// passwords, from MONITOR and the slow log by flags that Redis 7.0 doesn't print.
        private static let ourOwn: Set<String> = [
            "no_async_loading", "skip_monitor", "skip_slowlog",
        ]

        /// By name: arity, flags, first and last key and step, of subcommands too.
        private func describe(_ table: RESPValue) -> [String: [String]] {
            var described: [String: [String]] = [:]
            for entry in table.elements {
                let fields = entry.elements
                guard fields.count > 9, let name = fields[0].text else { continue }
                let flags = fields[2].elements.compactMap(\.text).filter {
                    !Self.ourOwn.contains($0)
                }
                .sorted().joined(separator: " ")
                let numbers = [1, 3, 4, 5].map { fields[$0].text ?? "?" }
                described[name] = numbers + [flags]
                described.merge(describe(fields[9])) { first, _ in first }
            }
            return described
        }
    }
}
