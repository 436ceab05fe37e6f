/// The same random commands to this engine and to a real redis-server: the replies must be equal.
import TestSupport
import Testing

@testable import Engine

@Suite("Strings as redis-server answers them", .serialized)
struct StringDifferentialTests {
    private static let redis = ServerProcess.executable(.redis)

    @Test("random strings commands, in transactions too", arguments: [2, 3])
    func replies(version: Int) throws {
        guard Self.redis != nil else {
            TestKnobs.skip("no redis-server to compare with")
            return
        }
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(.redis, in: folder.path, arguments: ["--save", ""])
        let client = try server.connect()
        if version == 3 { _ = try client.run("HELLO", "3") }
        let f = EngineFixture(version: version)
        var draw = StringCommandDraw(seed: TestKnobs.seed ^ UInt64(version))
        var errors = 0
        let total = TestKnobs.isCampaign ? 100_000 : 4_000
        for round in 0..<total {
            var commands = [draw.next()]
            if round % 20 == 0 {
                commands = [["MULTI"], draw.next(), draw.next(), ["UNWATCH"], ["EXEC"]]
            } else if round % 31 == 0 {
                commands = [["LCS", "key:1", "key:2", "IDX", "WITHMATCHLEN"]]
                if try client.run("STRLEN", "key:1").description.count > 4 { continue }
                if try client.run("STRLEN", "key:2").description.count > 4 { continue }
            }
            for command in commands {
                let words = command.map { Array($0.utf8) }
                let theirs = try client.run(words)
                let ours = f.value(words)
                if theirs.isError { errors += 1 }
                #expect(
                    ours == theirs,
                    "seed \(TestKnobs.seed), round \(round): \(command.map { $0.prefix(60) })")
                if ours != theirs { return }
            }
        }
        #expect(errors * 10 < total * 4)
    }
}
