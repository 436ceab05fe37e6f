/// MIGRATE between a real redis-server and us, both ways: what arrives has the digest of what left.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("MIGRATE", Needs.redis, Needs.holdfast)
    struct MigrateTests {
        /// A key of every type, one that expires amongst them.
        private static let commands = [
            ["SET", "text", "a\u{0}b"], ["SET", "number", "42"], ["APPEND", "long", "xyz"],
            ["RPUSH", "list", "a", "1", ""], ["SADD", "numbers", "1", "2", "70000"],
            ["SADD", "words", "a", "b"], ["ZADD", "sorted", "1.5", "a", "-inf", "b"],
            ["HSET", "hash", "f", "v", "g", "1"], ["XADD", "stream", "1-1", "a", "b"],
            ["XGROUP", "CREATE", "stream", "readers", "0"],
            ["XREADGROUP", "GROUP", "readers", "one", "STREAMS", "stream", ">"],
            ["PFADD", "sketch", "a", "b"], ["GEOADD", "places", "13.3", "38.1", "Palermo"],
            ["PEXPIREAT", "text", "4102444800000"],
        ]

        private func servers(
            _ from: ServerProcess.Kind, _ to: ServerProcess.Kind
        ) throws -> (folders: [TemporaryDirectory], from: ServerProcess, to: ServerProcess) {
            let folders = [try TemporaryDirectory(), try TemporaryDirectory()]
            let directives = ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"]
            return (
                folders,
                try ServerProcess(from, in: folders[0].path, arguments: directives),
                try ServerProcess(to, in: folders[1].path, arguments: directives)
            )
        }

        @Test(
            "moves keys of every type",
            arguments: [
                (ServerProcess.Kind.holdfast, ServerProcess.Kind.redis), (.redis, .holdfast),
                (.holdfast, .holdfast),
            ])
        func everyType(from: ServerProcess.Kind, to: ServerProcess.Kind) throws {
            let (folders, source, target) = try servers(from, to)
            let client = try source.connect()
            for command in Self.commands {
                let reply = try client.run(command.map { Array($0.utf8) })
                #expect(!reply.isError, "\(command): \(reply)")
            }
            let before = try client.digest()
            let keys = try client.run("KEYS", "*").elements.compactMap(\.text)
            let port = "\(target.port)"
            let copied = ["MIGRATE", "127.0.0.1", port, "", "0", "5000", "COPY", "KEYS"] + keys
            #expect(try client.run(copied.map { Array($0.utf8) }).text == "OK")
            let other = try target.connect()
            #expect(try other.digest() == before)
            #expect(try client.digest() == before)

            #expect(
                try client.run("MIGRATE", "127.0.0.1", port, "list", "0", "5000").text?
                    .hasPrefix("ERR Target instance replied with error: BUSYKEY") == true)
            let moved = ["MIGRATE", "127.0.0.1", port, "", "0", "5000", "REPLACE", "KEYS"] + keys
            #expect(try client.run(moved.map { Array($0.utf8) }).text == "OK")
            #expect(try client.run("DBSIZE").text == "0")
            #expect(try other.digest() == before)
            let gone = try client.run("MIGRATE", "127.0.0.1", port, "list", "0", "5000")
            #expect(gone.text == "NOKEY")
            withExtendedLifetime(folders) {}
        }
    }
}
