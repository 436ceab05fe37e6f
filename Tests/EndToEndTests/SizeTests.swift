/// Nothing, one key, many keys, one large collection, one long string: kept by every backend, to the digest.
///
/// Bounded here; the campaign has a million keys, collections of 5 million elements and strings of 512 MB (put
/// a release build of the server beside the tests for that).
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("Sizes of datasets", Needs.holdfast, Needs.noStandIn)
    struct SizeTests {
        private static let keys = TestKnobs.isCampaign ? 1_000_000 : 5000
        private static let elements = TestKnobs.isCampaign ? 5_000_000 : 5000
        private static let stringBytes = TestKnobs.isCampaign ? 512 << 20 : 1 << 20

        /// A dataset of one shape.
        enum Shape: String, CaseIterable, Sendable {
            case nothing, oneKey, manyKeys, longString, list, hash, set, sortedSet, stream
        }

        private static let shapes: [Shape] =
            TestKnobs.isCampaign
            ? Shape.allCases : [.nothing, .oneKey, .manyKeys, .longString, .hash]
        private static let cases = MigrationTests.engines.keys.sorted().flatMap { engine in
            shapes.map { (engine, $0) }
        }

        private func fill(_ client: RESPClient, _ shape: Shape) throws {
            switch shape {
            case .nothing: return
            case .oneKey: try expectOK(client.run("SET", "k", "v"))
            case .manyKeys:
                try expectOK(client.run("DEBUG", "POPULATE", "\(Self.keys)", "key", "32"))
            case .longString:
                let reply = try client.run("SETRANGE", "long", "\(Self.stringBytes - 1)", "x")
                #expect(reply == .integer(Self.stringBytes))
            case .list: try fill(client) { ["RPUSH", "big"] + $0.map { "element \($0)" } }
            case .hash: try fill(client) { ["HSET", "big"] + $0.flatMap { ["f\($0)", "\($0)"] } }
            case .set: try fill(client) { ["SADD", "big"] + $0.map { "member \($0)" } }
            case .sortedSet:
                try fill(client) { ["ZADD", "big"] + $0.flatMap { ["\($0 % 977)", "m\($0)"] } }
            case .stream:
                for number in stride(from: 1, through: Self.elements, by: 1000) {
                    let commands = (number..<min(number + 1000, Self.elements + 1)).map {
                        ["XADD", "big", "\($0)-1", "f", "v"].map { Array($0.utf8) }
                    }
                    for reply in try client.pipeline(commands) where reply.isError {
                        Issue.record("\(reply)")
                    }
                }
            }
        }

        private func fill(_ client: RESPClient, _ command: (Range<Int>) -> [String]) throws {
            for start in stride(from: 0, to: Self.elements, by: 1000) {
                let reply = try client.run(
                    command(start..<min(start + 1000, Self.elements)).map { Array($0.utf8) })
                if reply.isError { Issue.record("\(reply)") }
            }
        }

        private func expectOK(_ reply: RESPValue) throws { #expect(reply.text == "OK", "\(reply)") }

        private func canonicalDigest(_ client: RESPClient) throws -> String {
            let texts = try client.run("HOLDFAST", "DIGEST").elements.compactMap(\.text)
            return try #require(texts.first { $0.count == 64 }, "\(texts)")
        }

        @Test("of any size come back after a kill, equal to the digest", arguments: cases)
        func comesBack(engine: String, shape: Shape) throws {
            let folder = try TemporaryDirectory()
            let seconds = TestKnobs.isCampaign ? 600.0 : 20
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--backend", engine, "--save", ""])
            let client = try server.connect()
            client.timeoutMilliseconds = Int32(seconds * 1000)
            try fill(client, shape)
            let before = try canonicalDigest(client)
            let keepsLog = MigrationTests.engines[engine] == true
            if !keepsLog { try expectOK(client.run("SAVE")) }
            // What a log's engine does on its own is a rewrite: both ways of keeping are read back.
            for round in 0..<(keepsLog ? 2 : 1) {
                let again = try server.restarted(waits: false)
                try again.waitUntilReady(seconds: seconds)
                let second = try again.connect()
                second.timeoutMilliseconds = Int32(seconds * 1000)
                #expect(
                    Eventually.holds(seconds: seconds) {
                        (try? self.canonicalDigest(second)) == before
                    }, "round \(round)")
                if round == 0 && keepsLog {
                    try expectOK(second.run("SAVE"))
                    #expect(try canonicalDigest(second) == before)
                }
                again.kill()
            }
        }
    }
}
