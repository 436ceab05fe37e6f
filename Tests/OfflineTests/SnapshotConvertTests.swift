/// `snapshot-convert` as a person runs it: files of the corpus, round trips, losses, choices, texts, and what is no dataset.
import Foundation
import TestSupport
import Testing

@Suite("snapshot-convert", .enabled(if: ConversionRig.isBuilt, "not built"))
struct SnapshotConvertTests {
    private func convert(_ arguments: String...) throws -> SystemProgram.Outcome {
        try ConversionRig.convert(arguments)
    }

    // MARK: The corpus

    /// Files and how they are converted to JSON: 0, 1 (no checksum in the file), 3 (refused).
    private static let verdicts: [(name: String, code: Int32)] = [
        ("empty", 0), ("function2", 3), ("hash_with_expire_v12", 0), ("hash_zl_v6", 0),
        ("hash_zm_v2", 1), ("invalid_chksum_v8", 3), ("mem_policy_lfu", 0), ("module_aux", 3),
        ("multiple_dbs", 0), ("plain_list_v6", 0), ("plain_set_v6", 0), ("quicklist", 0),
        ("set_is_v11", 0), ("single_key", 0), ("stream_v11", 0), ("string_int_encoded", 0),
        ("string_lzf", 0), ("ziplist_v3", 1), ("zset_zl_v6", 0),
    ]

    @Test("every file of the corpus meets its verdict, and goes through JSON without a change")
    func corpus() throws {
        var compared = 0
        for (name, code) in Self.verdicts {
            guard let path = ConversionRig.corpus(name + ".rdb") else { return }
            let folder = try TemporaryDirectory()
            let text = folder.path + "/a.json"
            let outcome = try convert(path, text)
            #expect(outcome.exitCode == code, "\(name): \(outcome.output)")
            guard code < 2 else {
                #expect(!FileManager.default.fileExists(atPath: text), "\(name)")
                continue
            }
            let back = try convert(text, folder.path + "/dump.rdb")
            #expect(back.exitCode == 0, "\(name): \(back.output)")
            if try compareContent(name, text) { compared += 1 }
            // Redis 7.0 loads versions up to 10.
            let head = try Data(contentsOf: URL(fileURLWithPath: path)).dropFirst(5).prefix(4)
            let version = try #require(Int(String(decoding: head, as: UTF8.self)))
            if ConversionRig.hasRedis && version <= 10 {
                try compareWithRedis(name, path, folder.path)
            }
        }
        #expect(compared >= 8, "files with a content beside them")
    }

    /// Both as a redis-server loads them.
    private func compareWithRedis(_ name: String, _ original: String, _ folder: String) throws {
        let other = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: original, toPath: other.path + "/dump.rdb")
        var digests: [String?] = []
        for place in [other.path, folder] {
            let server = try ServerProcess(.redis, in: place, arguments: ["--save", ""])
            digests.append(try server.connect().run("DEBUG", "DIGEST").text)
            server.terminate()
        }
        #expect(digests[0] == digests[1], "\(name)")
    }

    /// The JSON against what stands beside the file: a list of databases, each an object of keys.
    private func compareContent(_ name: String, _ path: String) throws -> Bool {
        let url = URL(
            fileURLWithPath: ConversionRig.fixtures + "/../../shared/corpus/rdb/\(name)_data.json")
        guard var text = try? String(contentsOf: url, encoding: .utf8) else { return false }
        // Some are the members of one database only.
        if text.hasPrefix("\"") { text = "[{" + text + "}]" }
        let content = try JSONSerialization.jsonObject(with: Data(text.utf8))
        var databases = try #require(content as? [[String: Any]], "\(name)")
        for index in databases.indices { databases[index]["__aux__"] = nil }
        let document = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: path)))
        let entries = try #require((document as? [String: Any])?["entries"] as? [[String: Any]])
        #expect(entries.count == databases.reduce(0) { $0 + $1.count }, "\(name)")
        for entry in entries {
            let key = try #require(entry["key"] as? String)
            let expected = databases.compactMap { $0[key] }.first
            let value = entry["value"]
            switch entry["type"] as? String {
            case "string": #expect(expected as? String == value as? String, "\(name) \(key)")
            case "list": #expect(expected as? [String] == value as? [String], "\(name) \(key)")
            case "set":
                let members = (value as? [String])?.sorted()
                #expect((expected as? [String])?.sorted() == members, "\(name) \(key)")
            case "hash":
                let pairs = try #require(value as? [[String]])
                let fields = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
                #expect(expected as? [String: String] == fields, "\(name) \(key)")
            default: continue
            }
        }
        return true
    }

    // MARK: Round trips

    @Test("a dataset goes through every format and back, and keeps its digest")
    func roundTrips() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        for from in [source, ConversionRig.fixtures + "/json/everything.v1.json"] {
            let digest = try ConversionRig.digest(from)
            var last = from
            for (index, format) in [
                "json", "sqlite", "rdb", "compressed", "aof", "rdb:12", "aof-dir", "json",
            ]
            .enumerated() {
                let next = "\(folder.path)/\(index)-\(from == source)"
                let outcome = try convert("--to", format, "--json", last, next)
                // Keys of everything.v1.json may be past their deadline by a log's rules: it is told.
                #expect(outcome.exitCode == 0, "\(format): \(outcome.output)")
                let document = try ConversionRig.json(outcome)
                #expect(document["output_digest"] as? String == digest, "\(format)")
                #expect(document["same_digest"] as? Bool == true, "\(format)")
                #expect(try ConversionRig.digest(next) == digest, "\(format)")
                last = next
            }
        }
    }

    @Test("function libraries are carried from rdb to rdb, and told where they can't be")
    func libraries() throws {
        let folder = try TemporaryDirectory()
        let source = ConversionRig.fixtures + "/rdb/packed.v10.rdb"
        let copy = folder.path + "/dump.rdb"
        #expect(try convert(source, copy).exitCode == 0)
        let refused = try convert(source, folder.path + "/a.json")
        #expect(refused.exitCode == 3)
        #expect(refused.output.contains("the function library 'library'"), "\(refused.output)")
        #expect(try convert("--allow-loss", source, folder.path + "/a.json").exitCode == 1)
        guard ConversionRig.hasRedis else { return TestKnobs.skip("no redis-server") }
        let server = try ServerProcess(.redis, in: folder.path, arguments: ["--save", ""])
        let reply = try server.connect().run("FUNCTION", "LIST")
        #expect("\(reply)".contains("library") || reply != .array([]), "\(reply)")
        server.terminate()
    }

    @Test("what a version can't hold is named key by key, and nothing is written without consent")
    func losses() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        for (format, count) in [("rdb:10", 1), ("rdb:11", 1), ("rdb:9", 2)] {
            let output = folder.path + "/" + format
            let refused = try convert("--to", format, source, output)
            #expect(refused.exitCode == 3, "\(refused.output)")
            #expect(refused.output.contains("dated fields"), "\(refused.output)")
            #expect(!FileManager.default.fileExists(atPath: output))
            let outcome = try convert("--to", format, "--allow-loss", "--json", source, output)
            #expect(outcome.exitCode == 1, "\(outcome.output)")
            let losses = try #require(
                try ConversionRig.json(outcome)["losses"] as? [[String: Any]])
            #expect(losses.count == count, "\(format): \(losses)")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: output))
            let digits = format.dropFirst(4)
            let magic = "REDIS" + String(repeating: "0", count: 4 - digits.count) + digits
            #expect(bytes.prefix(9) == Data(magic.utf8))
            #expect(try ConversionRig.verify([output]).exitCode == 0)
        }
        guard ConversionRig.hasRedis else { return TestKnobs.skip("no redis-server") }
        let place = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: folder.path + "/rdb:9", toPath: place.path + "/dump.rdb")
        let server = try ServerProcess(.redis, in: place.path, arguments: ["--save", ""])
        #expect(try server.connect().run("LLEN", "long") == .integer(300))
        server.terminate()
    }

    @Test("the commands make an equal dataset in a real redis-server")
    func commands() throws {
        guard ConversionRig.hasRedis else { return TestKnobs.skip("no redis-server") }
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source, fieldDeadlines: false)
        let commands = folder.path + "/a.resp"
        // A live server doesn't keep what has expired, and Redis loses the sign of zero in small sorted sets.
        let choice = ["--expired", "drop", "--exclude", "scores"]
        #expect(try ConversionRig.convert(choice + [source, commands]).exitCode == 0)
        #expect(
            try ConversionRig.convert(choice + [source, folder.path + "/dump.rdb"]).exitCode == 0)
        let loaded = try ServerProcess(.redis, in: folder.path, arguments: ["--save", ""])
        let expected = try loaded.connect().run("DEBUG", "DIGEST").text
        loaded.terminate()
        let place = try TemporaryDirectory()
        let server = try ServerProcess(.redis, in: place.path, arguments: ["--save", ""])
        let piped = try SystemProgram.run(
            "sh", ["-c", "redis-cli -p \(server.port) --pipe < '\(commands)'"])
        #expect(piped.output.contains("errors: 0"), "\(piped.output)")
        #expect(try server.connect().run("DEBUG", "DIGEST").text == expected)
        server.terminate()
    }

    // MARK: Choices

    private func lines(_ arguments: [String]) throws -> [[String: Any]] {
        let outcome = try ConversionRig.convert(["--quiet", "--to", "ndjson"] + arguments + ["-"])
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        return try outcome.output.split(separator: "\n").map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
        }
    }

    @Test("filters, renames, databases and deadlines")
    func choices() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        func keys(_ arguments: String...) throws -> Set<String> {
            Set(try lines(arguments + [source]).compactMap { $0["key"] as? String })
        }
        #expect(try keys("--db", "9") == ["elsewhere"])
        #expect(try keys("--type", "zset") == ["scores", "tiny"])
        #expect(try keys("--match", "s*", "--exclude", "*e*") == ["string"])
        #expect(try keys("--expired", "only") == ["past"])
        #expect(try !keys("--expired", "drop").contains("past"))
        #expect(
            try keys("--type", "zset", "--rename", "s/^(.)(.*)/\\2<\\1&/")
                == ["cores<sscores", "iny<ttiny"])
        #expect(try keys("--type", "zset", "--rename", "s/[ei]/+/g") == ["scor+s", "t+ny"])
        let moved = try lines(["--rebase-db", "9=3", "--match", "elsewhere", source])
        #expect(moved.map { $0["db"] as? Int } == [3])
        let shifted = try lines(["--ttl", "shift:-1", "--match", "dated", source])
        #expect(shifted.map { $0["deadline_ms"] as? Int } == [4_102_444_799_001])
        let dropped = try lines(["--ttl", "drop", source])
        #expect(dropped.allSatisfy { $0["deadline_ms"] == nil })
        #expect(dropped.contains { $0["key"] as? String == "past" })
        // Two keys that would become one.
        let clash = try convert("--rename", "s/.*/same/", source, folder.path + "/clash.json")
        #expect(clash.exitCode == 3 && clash.output.contains("same"), "\(clash.output)")
    }

    @Test("freeze keeps what hadn't expired when the snapshot was taken, for good")
    func freeze() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        let dump = folder.path + "/dump.rdb"
        #expect(try convert(source, dump).exitCode == 0)
        let found = try lines(["--ttl", "freeze", dump])
        #expect(found.allSatisfy { $0["deadline_ms"] == nil })
        let keys = Set(found.compactMap { $0["key"] as? String })
        #expect(keys.contains("dated") && !keys.contains("past"), "\(keys)")
    }

    @Test("a list of keys is CSV with a line a key")
    func list() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        let outcome = try convert("-q", "--to", "csv", "--type", "hash", source, "-")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines[0] == "db,key,type,deadline_ms,elements,bytes")
        #expect(lines.contains("0,hash,hash,,3,4"), "\(lines)")
        #expect(lines.contains("0,dated fields,hash,,3,17"), "\(lines)")
    }

    // MARK: Outputs

    @Test("standard input and output stand for files")
    func standardStreams() throws {
        let folder = try TemporaryDirectory()
        let source = ConversionRig.fixtures + "/json/everything.v1.json"
        let tool = try #require(ServerProcess.tool("snapshot-convert"))
        let copy = folder.path + "/copy.rdb"
        let outcome = try SystemProgram.run(
            "sh", ["-c", "'\(tool)' -q --to rdb - - < '\(source)' > '\(copy)'"])
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        #expect(try ConversionRig.digest(copy) == ConversionRig.digest(source))
    }

    @Test("an output that is there stays, unless it is to be replaced")
    func existing() throws {
        let folder = try TemporaryDirectory()
        let source = ConversionRig.fixtures + "/json/everything.v1.json"
        let output = folder.path + "/a.json"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: output))
        #expect(try convert(source, output).exitCode == 3)
        #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == Data("mine".utf8))
        #expect(try convert("--force", source, output).exitCode == 0)
        #expect(try ConversionRig.digest(output) == ConversionRig.digest(source))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names == ["a.json"], "\(names)")
    }

    @Test("a signal in the middle leaves nothing behind")
    func interrupted() throws {
        let folder = try TemporaryDirectory()
        var bytes: [UInt8] = []
        for index in 0..<60_000 {
            bytes += RESPClient.encode(
                [
                    Array("SET".utf8), Array("key \(index)".utf8),
                    [UInt8](repeating: 120, count: 100),
                ])
        }
        let source = folder.path + "/source.aof"
        try Data(bytes).write(to: URL(fileURLWithPath: source))
        let tool = try #require(ServerProcess.tool("snapshot-convert"))
        let place = folder.path + "/out"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        // Killed as soon as the hidden file is there.
        let script = """
            '\(tool)' -q '\(source)' '\(place)/a.json' & pid=$!
            while [ -z "$(ls -A '\(place)')" ] && kill -0 $pid 2>/dev/null; do :; done
            kill -INT $pid; wait $pid
            """
        let outcome = try SystemProgram.run("bash", ["-c", script])
        let names = try FileManager.default.contentsOfDirectory(atPath: place)
        #expect(outcome.exitCode == 130, "\(outcome.output)")
        #expect(names.isEmpty, "\(names)")
    }
}
