/// `snapshot-convert` as a person runs it: every pair of formats, files of many servers, losses, selections, bad input.
import Foundation
import TestSupport
import Testing

@Suite("snapshot-convert", .enabled(if: ServerProcess.tool("snapshot-convert") != nil, "not built"))
struct SnapshotConvertTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("shared/corpus/rdb")
    private static let corpusNames: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: corpus.path)) ?? [])
        .filter { $0.hasSuffix(".rdb") }.sorted()

    @discardableResult
    private func convert(_ arguments: String...) throws -> SystemProgram.Outcome {
        try SystemProgram.run(try #require(ServerProcess.tool("snapshot-convert")), arguments)
    }

    /// The digest of a file, computed by a fresh process.
    private func digest(_ path: String) throws -> String {
        let tool = try #require(ServerProcess.tool("restore-verify"))
        let outcome = try SystemProgram.run(tool, ["--quiet", "--json", path])
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let members = try #require(document as? [String: Any], "\(outcome.output)")
        return try #require(members["digest"] as? String, "\(members)")
    }

    /// A dataset of every type, with whatever is hard to keep.
    private func fill(_ client: RESPClient) throws {
        let binary = [UInt8](0...255)
        let commands: [[[UInt8]]] =
            [
                ["SET", "text", "é\n\""], ["SET", "", "the empty key"], ["SET", "empty", ""],
                ["SET", "n", "-9223372036854775808"],
                ["SET", "dated", "v", "PXAT", "4102444800001"],
                ["RPUSH", "l", "", "1", "12345678901234567890"], ["SADD", "integers", "1", "-7"],
                ["SADD", "set", "", "x", "9223372036854775807"],
                ["ZADD", "z", "1.5", "m", "inf", "p", "-inf", "q", "0.1", "", "1e300", "huge"],
                ["HSET", "h", "f", "v", "", "empty field"], ["HSET", "timed", "f", "v", "g", "w"],
                ["HPEXPIREAT", "timed", "4102444800000", "FIELDS", "1", "f"],
                ["XADD", "x", "1-1", "f", "v"], ["XADD", "x", "1-2", "f", "v", "g", ""],
                ["XADD", "x", "9-9", "h", ""], ["XDEL", "x", "1-2"],
                ["XGROUP", "CREATE", "x", "g", "0"], ["XGROUP", "CREATE", "x", "idle", "$"],
                ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"], ["XACK", "x", "g", "9-9"],
                ["XGROUP", "CREATECONSUMER", "x", "g", "lazy"], ["PFADD", "hll", "a", "b"],
                ["SELECT", "9"], ["SET", "elsewhere", "v"], ["SELECT", "0"],
            ].map { $0.map { Array($0.utf8) } } + [
                [Array("SET".utf8), binary, binary],
                [Array("RPUSH".utf8), Array("bl".utf8), binary],
                [Array("ZADD".utf8), Array("large z".utf8)]
                    + (0..<300).flatMap { [Array("-0".utf8), Array("m\($0)".utf8)] },
                [Array("HSET".utf8), Array("large h".utf8)]
                    + (0..<600).flatMap { [Array("f\($0)".utf8), Array("\($0)".utf8)] },
            ]
        for command in commands {
            let reply = try client.run(command)
            #expect(!reply.isError, "\(reply)")
        }
    }

    private static let formats = ["json", "compressed", "sqlite", "rdb", "aof"]

    @Test("between every two formats and back the digest stays", arguments: formats)
    func roundTrips(from: String) throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", "rdb", "--save", ""])
        let client = try server.connect()
        try fill(client)
        #expect(try client.run("SAVE").text == "OK")
        let texts = try client.run("HOLDFAST", "DIGEST").elements.compactMap(\.text)
        let expected = try #require(texts.first { $0.count == 64 })
        let first = folder.path + "/first"
        let made = try convert("--to", from, folder.path + "/dump.rdb", first)
        #expect(made.exitCode == 0, "\(made.output)")
        #expect(try digest(first) == expected)
        for to in Self.formats {
            let second = folder.path + "/second-\(to)"
            let outcome = try convert("--to", to, first, second)
            #expect(outcome.exitCode == 0, "\(to): \(outcome.output)")
            #expect(try digest(second) == expected, "\(from) to \(to)")
        }
        let again = try convert("--to", "json", first, first)
        #expect(again.exitCode == 3, "the output is there: \(again.output)")
    }

    @Test("files of many servers meet their verdict, and Redis loads what comes back")
    func corpus() throws {
        if Self.corpusNames.isEmpty { return TestKnobs.skip("the corpus of RDB files isn't here") }
        let losses: Set<String> = ["function2.rdb", "module_aux.rdb"]
        let folder = try TemporaryDirectory()
        for name in Self.corpusNames {
            let source = Self.corpus.appendingPathComponent(name).path
            let json = folder.path + "/\(name).json"
            let outcome = try convert(source, json)
            if name == "invalid_chksum_v8.rdb" {
                #expect(outcome.exitCode == 3 && outcome.output.contains("checksum"))
                #expect(!FileManager.default.fileExists(atPath: json))
                continue
            }
            if losses.contains(name) {
                #expect(outcome.exitCode == 3, "\(name): \(outcome.output)")
                #expect(outcome.output.contains("lost     "), "\(name): \(outcome.output)")
                #expect(try convert("--allow-loss", source, json).exitCode == 1)
            } else {
                #expect(outcome.exitCode <= 1, "\(name): \(outcome.output)")
            }
            let back = folder.path + "/\(name)"
            #expect(try convert(json, back).exitCode == 0, "\(name)")
            #expect(try digest(back) == digest(json), "\(name)")
            try compareInRedis(source, back, isComplete: !losses.contains(name))
        }
    }

    /// A real redis-server finds the same data in both files, where it loads the first at all.
    private func compareInRedis(_ source: String, _ back: String, isComplete: Bool) throws {
        guard isComplete, ServerProcess.find("redis-server") != nil else { return }
        func redisDigest(_ path: String) throws -> String? {
            let folder = try TemporaryDirectory()
            try FileManager.default.copyItem(atPath: path, toPath: folder.path + "/dump.rdb")
            let server = try ServerProcess(
                .redis, in: folder.path, arguments: ["--save", ""], waits: false)
            do { try server.waitUntilReady(seconds: 10) } catch { return nil }
            return try server.connect().run("DEBUG", "DIGEST").text
        }
        guard let expected = try redisDigest(source) else { return }
        #expect(try redisDigest(back) == expected, "\(source)")
    }

    @Test("what a target can't hold is named, and refused unless the loss is allowed")
    func losses() throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", "json", "--save", ""])
        let client = try server.connect()
        try fill(client)
        #expect(try client.run("SAVE").text == "OK")
        let (source, target) = (folder.path + "/dump.json", folder.path + "/old.rdb")
        let refused = try convert("--to", "rdb:10", source, target)
        #expect(refused.exitCode == 3, "\(refused.output)")
        #expect(refused.output.contains("timed") && refused.output.contains("--allow-loss"))
        #expect(!FileManager.default.fileExists(atPath: target))
        let allowed = try convert("--to", "rdb:10", "--allow-loss", source, target)
        #expect(allowed.exitCode == 1, "\(allowed.output)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: target))
        #expect(bytes.starts(with: Data("REDIS0010".utf8)))
        if ServerProcess.find("redis-check-rdb") != nil {
            #expect(try SystemProgram.run("redis-check-rdb", [target]).exitCode == 0)
        }
    }

    @Test("commands for redis-cli --pipe make the same data in a real redis-server")
    func commands() throws {
        guard ServerProcess.find("redis-server") != nil else {
            return TestKnobs.skip("no redis-server")
        }
        let folder = try TemporaryDirectory()
        let source = try ServerProcess(
            .redis, in: folder.path, arguments: ["--save", "", "--appendonly", "no"])
        let client = try source.connect()
        for words in [
            ["SET", "s", "v"], ["RPUSH", "l", "a", "b"], ["HSET", "h", "f", "v"],
            ["ZADD", "z", "1.5", "m"], ["SADD", "set", "1", "x"], ["XADD", "x", "1-1", "f", "v"],
            ["SET", "dated", "v", "PXAT", "4102444800001"], ["SELECT", "3"], ["SET", "t", "w"],
        ] { _ = try client.run(words.map { Array($0.utf8) }) }
        #expect(try client.run("SAVE").text == "OK")
        let expected = try client.run("DEBUG", "DIGEST").text
        let script = try convert("--quiet", "--to", "resp", folder.path + "/dump.rdb", "-")
        _ = try client.run("FLUSHALL")
        let piped = try SystemProgram.run(
            "redis-cli", ["-p", "\(source.port)", "--pipe"], input: script.output)
        #expect(piped.output.contains("errors: 0"), "\(piped.output)")
        #expect(try client.run("DEBUG", "DIGEST").text == expected)
    }

    @Test("selections, renames and new databases do what they say")
    func selections() throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", "json", "--save", ""])
        let client = try server.connect()
        try fill(client)
        for number in 0..<20 { _ = try client.run("SET", "user:\(number)", "\(number)") }
        #expect(try client.run("SAVE").text == "OK")
        let source = folder.path + "/dump.json"
        func keys(_ arguments: String...) throws -> [[String: Any]] {
            let tool = try #require(ServerProcess.tool("snapshot-convert"))
            let outcome = try SystemProgram.run(
                tool, ["--quiet", "--to", "ndjson"] + arguments + [source, "-"])
            return try outcome.output.split(separator: "\n").map {
                try #require(
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }
        #expect(try keys("--match", "user:*").count == 20)
        #expect(try keys("--match", "user:*", "--exclude", "user:1?").count == 10)
        #expect(try keys("--type", "stream").count == 1)
        #expect(try keys("--db", "9").count == 1)
        let renamed = try keys("--match", "user:1", "--rename", "s/user:/person-/")
        #expect(renamed.first?["key"] as? String == "person-1")
        let moved = try keys("--match", "user:1", "--rebase-db", "0=4")
        #expect(moved.first?["db"] as? Int == 4)
        let csv = try convert("--quiet", "--to", "csv", source, "-")
        #expect(csv.output.split(separator: "\n").count > 30)
    }

    @Test("what is no dataset gets a clear message and its exit code, and leaves no output")
    func badInput() throws {
        let folder = try TemporaryDirectory()
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.path + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        var random = SeededGenerator(seed: TestKnobs.seed)
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let output = folder.path + "/out.json"
        let cases: [(path: String, code: Int32)] = [
            (folder.path + "/nothing", 74), (folder.path, 3), (try file("noise", noise), 3),
            (try file("empty", []), 3), (try file("a.rdb", Array("REDIS0010".utf8) + noise), 3),
            (try file("b.rdb", Array("REDIS0099".utf8) + noise), 3),
            (try file("c.json", Array("{\"format\":".utf8)), 3),
            (try file("d.db", Array("SQLite format 3\0".utf8) + noise), 3),
            (try file("e.aof", Array("*1\r\n$4\r\nNOPE\r\n".utf8)), 3),
        ]
        for (path, code) in cases {
            let outcome = try convert(path, output)
            #expect(outcome.exitCode == code, "\(path): \(outcome)")
            #expect(outcome.output.hasPrefix("snapshot-convert: "), "\(path): \(outcome.output)")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
        #expect(try convert("only-one").exitCode == 64)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!left.contains { $0.hasPrefix(".") || $0.hasPrefix("temp") }, "\(left)")
    }

    @Test("damaged files never crash it, whatever their format", arguments: formats)
    func fuzz(format: String) throws {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: folder.path, arguments: ["--backend", "rdb", "--save", ""])
        let client = try server.connect()
        try fill(client)
        #expect(try client.run("SAVE").text == "OK")
        let whole = folder.path + "/whole"
        #expect(try convert("--to", format, folder.path + "/dump.rdb", whole).exitCode == 0)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: whole)))
        var random = SeededGenerator(seed: TestKnobs.seed)
        let path = folder.path + "/damaged"
        for round in 0..<(TestKnobs.isCampaign ? 2000 : 25) {
            var copy = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                copy[Int.random(in: copy.indices, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            if round % 4 == 0 { copy.removeLast(Int.random(in: 1..<copy.count, using: &random)) }
            try Data(copy).write(to: URL(fileURLWithPath: path))
            let outcome = try convert(
                "--force", "--quiet", "--to", "json", path, folder.path + "/o")
            #expect([0, 1, 2, 3].contains(outcome.exitCode), "round \(round): \(outcome)")
        }
    }
}
