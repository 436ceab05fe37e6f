/// The same random commands to our server and to a real redis-server: the same replies, the same data.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Beside a real redis-server", Needs.redis, Needs.holdfast)
    struct DifferentialTests {
        @Test("100 000 random commands are answered alike and leave the same data")
        func randomCommands() throws {
            let count = TestKnobs.count(
                "HOLDFAST_DIFF_COUNT", or: TestKnobs.isCampaign ? 1_000_000 : 100_000)
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
            #expect(run.successPercent >= 60)
            guard try run.pair.ours.isHoldfast() else { return }
            #expect(run.neverSucceeded() == [], "commands that no reply without error came for")
            let again = try run.pair.ours.restarted()
            #expect(try again.connect().digest() == digests.1, "after kill -9 and a restart")
        }
    }
}
