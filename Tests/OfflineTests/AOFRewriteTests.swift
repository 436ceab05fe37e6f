/// `aof-rewrite` as a person runs it: on logs of ours and of a real redis-server, in place and beside, and on what is no log.
import Foundation
import TestSupport
import Testing

@Suite("aof-rewrite", .enabled(if: ServerProcess.tool("aof-rewrite") != nil, "not built"))
struct AOFRewriteTests {
    private static let hasRedis = ServerProcess.find("redis-server") != nil

    private func rewrite(_ arguments: String...) throws -> SystemProgram.Outcome {
        let tool = try #require(ServerProcess.tool("aof-rewrite"))
        return try SystemProgram.run(tool, arguments)
    }

    /// Fills a server's log with every type, much of it dead, and stops it; answers DEBUG DIGEST.
    private func fill(_ server: ServerProcess) throws -> String {
        let client = try server.connect()
        for round in 0..<60 {
            for words in [
                ["SET", "s", "\(round)"], ["INCR", "n"], ["RPUSH", "l", "e\(round)", "\u{7f}"],
                ["LPOP", "l"], ["HSET", "h", "f\(round % 7)", "\(round)"],
                ["SADD", "set", "\(round % 5)"],
                ["ZADD", "z", "-0", "m\(round % 9)"], ["XADD", "x", "\(round + 1)-1", "f", "v"],
                ["SET", "gone\(round)", "v"], ["DEL", "gone\(round)"],
                ["SET", "dated", "v", "PXAT", "4102444800001"],
            ] {
                let reply = try client.run(words.map { Array($0.utf8) })
                #expect(!reply.isError, "\(words): \(reply)")
            }
        }
        _ = try client.run("XGROUP", "CREATE", "x", "g", "5-1")
        _ = try client.run("SELECT", "9")
        _ = try client.run("SET", "elsewhere", "v")
        let digest = try #require(try client.run("DEBUG", "DIGEST").text)
        #expect(server.terminate() == 0)
        return digest
    }

    private func digest(
        _ kind: ServerProcess.Kind, _ folder: String, _ directives: [String]
    ) throws -> String {
        let server = try ServerProcess(kind, in: folder, arguments: directives)
        let text = try #require(try server.connect().run("DEBUG", "DIGEST").text)
        server.terminate()
        return text
    }

    private static let kinds: [ServerProcess.Kind] = hasRedis ? [.holdfast, .redis] : [.holdfast]
    private static let log = ["--appendonly", "yes", "--save", ""]

    @Test(
        "gives a log with the same data, which both servers load", arguments: kinds,
        ["rdb", "commands"])
    func output(kind: ServerProcess.Kind, base: String) throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source"
        try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
        let before = try fill(ServerProcess(kind, in: source, arguments: Self.log))
        let files = try contents(source + "/appendonlydir")
        let output = folder.path + "/output"
        let outcome = try rewrite("--base", base, "--output", output, source)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        #expect(outcome.output.contains("% less"))
        #expect(try contents(source + "/appendonlydir") == files, "the source is as it was")
        for reader in Self.kinds {
            let copy = folder.path + "/copy-\(reader)"
            try FileManager.default.copyItem(atPath: output, toPath: copy)
            #expect(try digest(reader, copy, Self.log) == before, "\(reader)")
        }
        #expect(try rewrite("--output", output, source).exitCode == 3, "the output is there")
    }

    @Test("in place the old files go, and the server goes on with the log", arguments: kinds)
    func inPlace(kind: ServerProcess.Kind) throws {
        let folder = try TemporaryDirectory()
        let before = try fill(ServerProcess(kind, in: folder.path, arguments: Self.log))
        let outcome = try rewrite(folder.path + "/appendonlydir")
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        let names = try contents(folder.path + "/appendonlydir").keys.sorted()
        #expect(names.count == 2, "\(names)")
        let server = try ServerProcess(kind, in: folder.path, arguments: Self.log)
        let client = try server.connect()
        #expect(try client.run("DEBUG", "DIGEST").text == before)
        _ = try client.run("SET", "more", "v")
        let after = try #require(try client.run("DEBUG", "DIGEST").text)
        server.kill()
        #expect(try digest(kind, folder.path, Self.log) == after)
        // A second time, over what the server wrote behind it.
        #expect(try rewrite(folder.path).exitCode == 0)
        #expect(try digest(kind, folder.path, Self.log) == after)
    }

    @Test("a single file is rewritten as one")
    func singleFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/old.aof"
        let command = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
        try String(repeating: command, count: 100).write(
            toFile: path, atomically: true, encoding: .utf8)
        let outcome = try rewrite("--json", path)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let members = try #require(document as? [String: Any])
        #expect(members["commands"] as? Int == 100)
        #expect(members["keys"] as? Int == 1)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        #expect(members["output_bytes"] as? Int == size)
        #expect(try rewrite(path).exitCode == 0, "what was written is a log again")
    }

    @Test("a dry run predicts the size, tells what fills the log, and writes nothing")
    func dryRun() throws {
        let folder = try TemporaryDirectory()
        _ = try fill(ServerProcess(.holdfast, in: folder.path, arguments: Self.log))
        let before = try contents(folder.path + "/appendonlydir")
        let outcome = try rewrite("--dry-run", "--stats", "--json", folder.path)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        #expect(try contents(folder.path + "/appendonlydir") == before)
        let members = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let commands = try #require(members["top_commands"] as? [[String: Any]])
        #expect(
            commands.contains { $0["name"] as? String == "rpush" && $0["records"] as? Int == 60 },
            "\(commands)")
        #expect(try rewrite(folder.path).exitCode == 0)
        let base = try #require(
            try contents(folder.path + "/appendonlydir").first { $0.key.contains(".base.") })
        let predicted = try #require(members["output_bytes"] as? Int)
        // The times in the head may have another number of digits.
        #expect(abs(predicted - base.value.count) < 8)
    }

    @Test("an unfinished tail is left out and told; damage is refused and nothing changes")
    func damage() throws {
        let folder = try TemporaryDirectory()
        _ = try fill(ServerProcess(.holdfast, in: folder.path, arguments: Self.log))
        let name = try #require(
            try contents(folder.path + "/appendonlydir").keys.first { $0.contains(".incr.") })
        let path = folder.path + "/appendonlydir/" + name
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var bytes = whole
        bytes[whole.count / 3] ^= 0x20
        try bytes.write(to: URL(fileURLWithPath: path))
        let refused = try rewrite(folder.path)
        #expect(refused.exitCode == 3, "\(refused.output)")
        #expect(refused.output.contains(name) && refused.output.contains("offset"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        #expect(try contents(folder.path + "/appendonlydir").count == 2, "nothing is left behind")
        // A tail without its end, and without the closing mark.
        try (whole + Data("*3\r\n$3\r\nSET\r\n$1".utf8)).write(to: URL(fileURLWithPath: path))
        let cut = try rewrite(folder.path)
        #expect(cut.exitCode == 1, "\(cut.output)")
        #expect(cut.output.contains("left out"))
    }

    @Test("a directory whose server runs is refused")
    func locked() throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(.holdfast, in: folder.path, arguments: Self.log)
        _ = try server.connect().run("SET", "k", "v")
        let refused = try rewrite(folder.path)
        #expect(refused.exitCode == 74, "\(refused.output)")
        #expect(refused.output.contains(folder.path))
        #expect(try rewrite("--dry-run", folder.path).exitCode <= 1, "reading needs no lock")
    }

    @Test("what is no log gets a clear message and its exit code")
    func noLog() throws {
        let folder = try TemporaryDirectory()
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.path + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        var random = SeededGenerator(seed: TestKnobs.seed)
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(try rewrite(folder.path + "/nothing").exitCode == 74)
        #expect(try rewrite(folder.path).exitCode == 3)
        #expect(try rewrite(file("noise.aof", noise)).exitCode == 3)
        #expect(try rewrite(file("x.manifest", noise)).exitCode == 3)
        #expect(try rewrite(file("y.manifest", [])).exitCode == 3)
        #expect(try rewrite().exitCode == 64)
        #expect(try rewrite("--dry-run", "--output", "x", folder.path).exitCode == 64)
        let help = try rewrite("--help")
        #expect(help.exitCode == 0 && help.output.contains("--dry-run"))
        for outcome in [try rewrite(folder.path + "/nothing"), try rewrite(folder.path)] {
            #expect(outcome.output.hasPrefix("aof-rewrite: "), "\(outcome.output)")
        }
    }

    private func contents(_ folder: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            files[name] = FileManager.default.contents(atPath: folder + "/" + name)
        }
        return files
    }
}
