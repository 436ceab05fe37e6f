/// `restore-verify` as a person runs it: a good backup passes, any other is named for what it is.
import Foundation
import TestSupport
import Testing

@Suite("restore-verify", .enabled(if: ServerProcess.tool("restore-verify") != nil, "not built"))
struct RestoreVerifyTests {
    @discardableResult
    private func verify(_ arguments: String...) throws -> SystemProgram.Outcome {
        try SystemProgram.run(try #require(ServerProcess.tool("restore-verify")), arguments)
    }

    private func fill(_ client: RESPClient) throws {
        for words in [
            ["SET", "s", "v"], ["RPUSH", "l", "a", "b"], ["HSET", "h", "f", "v"],
            ["ZADD", "z", "1.5", "m"], ["SADD", "set", "1", "x"], ["XADD", "x", "1-1", "f", "v"],
            ["SET", "dated", "v", "PXAT", "4102444800001"], ["SELECT", "3"], ["SET", "t", "w"],
            ["SELECT", "0"],
        ] {
            let reply = try client.run(words.map { Array($0.utf8) })
            #expect(!reply.isError, "\(words): \(reply)")
        }
    }

    private static let backends = ["aof", "json", "compressed", "sqlite", "rdb"]

    @Test("a good backup passes, a server starts on a copy of it", arguments: backends)
    func good(backend: String) throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", backend, "--save", ""])
        let client = try server.connect()
        try fill(client)
        #expect(try client.run("SAVE").text == "OK")
        // Against the running server, which it was taken from.
        let live = try verify(folder.path, "--against", "redis://127.0.0.1:\(server.port)")
        #expect(live.exitCode == 0 && live.output.contains("PASS"), "\(live.output)")
        server.terminate()
        let executable = try #require(ServerProcess.executable(.holdfast))
        let outcome = try verify(folder.path, "--start", "--server", executable)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        #expect(outcome.output.contains("PONG") && outcome.output.contains("8 keys"))
    }

    @Test("keys that differ from a live server are named, ours and a real Redis alike")
    func differs() throws {
        let kinds: [ServerProcess.Kind] =
            ServerProcess.find("redis-server") == nil ? [.holdfast] : [.holdfast, .redis]
        for kind in kinds {
            let folder = try TemporaryDirectory()
            let directives = kind == .redis ? ["--save", ""] : ["--backend", "rdb", "--save", ""]
            let server = try ServerProcess(kind, in: folder.path, arguments: directives)
            let client = try server.connect()
            try fill(client)
            #expect(try client.run("SAVE").text == "OK")
            let backup = folder.path + "/dump.rdb"
            let address = "redis://127.0.0.1:\(server.port)"
            #expect(try verify(backup, "--against", address).exitCode == 0, "\(kind)")
            _ = try client.run("HSET", "h", "f", "other")
            _ = try client.run("DEL", "l")
            _ = try client.run("SET", "new", "1")
            let outcome = try verify(backup, "--against", address)
            #expect(outcome.exitCode == 1, "\(kind): \(outcome.output)")
            #expect(outcome.output.contains("FAIL"))
            for key in ["h", "l", "new"] {
                #expect(outcome.output.contains(key), "\(kind), \(key): \(outcome.output)")
            }
        }
    }

    @Test("a damaged backup fails with the place", arguments: backends)
    func damaged(backend: String) throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", backend, "--save", ""])
        let client = try server.connect()
        try fill(client)
        for number in 0..<200 { _ = try client.run("SET", "key:\(number)", "value \(number)") }
        #expect(try client.run("SNAPSHOT", "SAVE", "one", "FORMAT", backend).isError == false)
        let path = folder.path + "/snapshots/one"
        #expect(Eventually.holds(seconds: 20) { FileManager.default.fileExists(atPath: path) })
        server.terminate()
        #expect(try verify(path).exitCode == 0)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // A letter of a value, wherever the format keeps it; of what is deflated, any byte.
        let place = bytes.range(of: Data("value 77".utf8))?.lowerBound ?? bytes.count / 2
        bytes[place] ^= 0x04
        try bytes.write(to: URL(fileURLWithPath: path))
        let outcome = try verify(path)
        #expect([2, 3].contains(outcome.exitCode), "\(outcome.output)")
        #expect(outcome.output.contains("one"), "\(outcome.output)")
    }

    @Test("what can't be compared, and what is no backup, has its exit code")
    func badInput() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/noise"
        try Data((0..<999).map { UInt8($0 * 7 & 255) }).write(to: URL(fileURLWithPath: path))
        #expect(try verify(path).exitCode == 3)
        #expect(try verify(folder.path + "/nothing").exitCode == 74)
        #expect(try verify(folder.path).exitCode == 3)
        #expect(try verify().exitCode == 64)
        let good = folder.path + "/a.aof"
        try Data("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n".utf8).write(
            to: URL(fileURLWithPath: good))
        #expect(try verify(good).exitCode <= 1)
        let port = try FreePort.find()
        let outcome = try verify(good, "--against", "redis://127.0.0.1:\(port)")
        #expect([3, 74].contains(outcome.exitCode), "\(outcome)")
    }
}
