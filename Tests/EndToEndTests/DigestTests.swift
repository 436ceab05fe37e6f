/// HOLDFAST DIGEST over a restart from the log: what comes back is what was there.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("The digest of a running server", Needs.holdfast, Needs.noStandIn)
    struct DigestTests {
        private func digest(_ client: RESPClient) throws -> (digest: String, keys: String) {
            let reply = try client.run("HOLDFAST", "DIGEST").elements
            func field(_ name: String) -> String {
                let place = reply.firstIndex { $0.text == name }
                return place.flatMap { reply[$0 + 1].text } ?? ""
            }
            return (field("digest"), field("keys"))
        }

        /// Keys of every type with all that a key can have.
        private static let commands = [
            "SET s hello PXAT 4000000000123", "SET n 42", "APPEND r 12", "RPUSH l a b a",
            "SADD t m 1 2", "SADD i 3 1 2", "ZADD z -0 zero inf high 1.5 m",
            "HSET h f v g w", "HPEXPIREAT h 4000000000456 FIELDS 1 f", "XADD x 5-1 f v",
            "XADD x 5-2 f w g y", "XADD x 6-0 f z", "XADD x 7-0 f z", "XDEL x 5-2",
            "XGROUP CREATE x g 0", "XGROUP CREATE x idle $ ENTRIESREAD 2",
            "XREADGROUP GROUP g c COUNT 2 STREAMS x >", "XREADGROUP GROUP g d COUNT 1 STREAMS x >",
            "XREADGROUP GROUP g late STREAMS x >",
            "XCLAIM x g d 0 5-1 RETRYCOUNT 7 TIME 1700000000000", "XACK x g 6-0",
            "XGROUP CREATECONSUMER x idle e", "SELECT 3", "SET s other", "SELECT 0",
        ]

        @Test(
            "it is the same after a restart from the log, after a rewrite, and after DEBUG RELOAD")
        func restart() throws {
            let folder = try TemporaryDirectory()
            var server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--appendonly", "yes"])
            var client = try server.connect()
            for command in Self.commands {
                let reply = try client.run(command.split(separator: " ").map { Array($0.utf8) })
                #expect(!reply.isError, "\(command): \(reply)")
            }
            let before = try digest(client)
            #expect(before.digest.count == 64 && before.keys == "10")
            server = try server.restarted()
            client = try server.connect()
            #expect(try digest(client) == before)
            #expect(!(try client.run("DEBUG", "RELOAD").isError))
            #expect(try digest(client) == before)
            server = try server.restarted()
            client = try server.connect()
            #expect(try digest(client) == before)
            try client.run("PEXPIREAT", "s", "4000000000124")
            #expect(try digest(client).digest != before.digest)
            try client.run("PEXPIREAT", "s", "4000000000123")
            #expect(try digest(client) == before)
        }

        @Test("clients that don't wait for their digest leave the server as it was")
        func gone() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let client = try server.connect()
            try client.run("DEBUG", "POPULATE", "200000")
            let expected = try digest(client)
            for _ in 0..<20 {
                let other = try server.connect()
                try other.send(RESPClient.encode([Array("HOLDFAST".utf8), Array("DIGEST".utf8)]))
            }
            // Their places come free as soon as the server has heard that they are gone.
            let isBack = Eventually.holds(seconds: 20) {
                (try? digest(client).digest) == expected.digest
            }
            #expect(isBack)
        }
    }
}
