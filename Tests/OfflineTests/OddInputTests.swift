/// Tools on what is no dataset, and on datasets with bytes changed at random: a message and an exit code, never a crash.
import Bytes
import Foundation
import Offline
import Persistence
import TestSupport
import Testing

@Suite("Tools on odd inputs", .enabled(if: ConversionRig.isBuilt, "not built"))
struct OddInputTests {
    private static let tools = [
        "aof-check", "aof-rewrite", "snapshot-convert", "restore-verify", "store-inspect",
    ]

    @Test("unreadable, empty, missing, a directory, random bytes", arguments: tools)
    func inputs(tool: String) throws {
        let folder = try TemporaryDirectory()
        func path(_ name: String) -> String { folder.path + "/" + name }
        var generator = SeededGenerator(seed: 7)
        let random = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try Data(random).write(to: URL(fileURLWithPath: path("random")))
        try Data().write(to: URL(fileURLWithPath: path("empty")))
        try FileManager.default.createDirectory(
            atPath: path("folder"), withIntermediateDirectories: false)
        try Data("REDIS00".utf8).write(to: URL(fileURLWithPath: path("short")))
        try Data("REDIS9999".utf8).write(to: URL(fileURLWithPath: path("newer")))
        try Data("{\"a\":1}".utf8).write(to: URL(fileURLWithPath: path("other.json")))
        try Data("SQLite format 3\0".utf8).write(to: URL(fileURLWithPath: path("other.db")))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: path("unreadable")))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0], ofItemAtPath: path("unreadable"))
        // aof-rewrite leaves it to aof-check to say whether something can be saved.
        let unusable: Set<Int32> = tool == "aof-rewrite" ? [2] : [3]
        let expected: [(name: String, codes: Set<Int32>)] = [
            // A server starts with an empty log.
            ("random", unusable), ("empty", tool.hasPrefix("aof") ? [0, 1] : [3]),
            ("missing", [74]), ("folder", [3]),
            ("short", [2, 3]), ("newer", unusable), ("other.json", [2, 3]), ("other.db", [2, 3]),
            // Root reads everything, and then it is no dataset.
            ("unreadable", geteuid() == 0 ? unusable : [74]),
        ]
        let executable = try #require(ServerProcess.tool(tool))
        for (name, codes) in expected {
            let more = [
                "snapshot-convert": [path("out.json")], "aof-rewrite": ["--dry-run"],
            ][tool]
            let before = try SystemFileSystem().list(folder.path)
            let outcome = try SystemProgram.run(executable, [path(name)] + (more ?? []))
            #expect(
                codes.contains(outcome.exitCode), "\(name): \(outcome.exitCode) \(outcome.output)")
            #expect(!outcome.output.contains("Fatal"), "\(name): \(outcome.output)")
            #expect(
                outcome.exitCode == 0 || outcome.output.contains(name), "\(name): \(outcome.output)"
            )
            #expect(try SystemFileSystem().list(folder.path) == before, "\(name)")
        }
        let usage = try SystemProgram.run(executable, ["--no-such-option"])
        #expect(usage.exitCode == 64)
        let help = try SystemProgram.run(executable, ["--help"])
        #expect(help.exitCode == 0 && help.output.contains("EXIT CODES"))
    }

    @Test("standard input is read by every tool, and nothing of it stays behind")
    func standardInput() throws {
        let folder = try TemporaryDirectory()
        let log =
            [["SET", "key", "value"], ["RPUSH", "list", "a", "b"]].map {
                String(decoding: RESPClient.encode($0.map { Array($0.utf8) }), as: UTF8.self)
            }.joined()
        let works: [(tool: String, arguments: [String], words: String)] = [
            ("aof-check", ["-"], "2 records"),
            ("aof-check", ["--salvage", folder.path + "/saved", "-"], "2"),
            ("aof-rewrite", ["--dry-run", "-"], "bytes"),
            ("aof-rewrite", ["--output", folder.path + "/compact", "-"], "2 keys"),
            ("snapshot-convert", ["-", folder.path + "/dump.json"], "2 keys"),
            ("restore-verify", ["-"], "PASS"),
            ("store-inspect", ["--key", "list", "-"], "list"),
            ("store-inspect", ["--diff", "-", folder.path + "/dump.json"], "2 keys equal"),
        ]
        let scratch = folder.path + "/tmp"
        try FileManager.default.createDirectory(
            atPath: scratch, withIntermediateDirectories: false)
        for (tool, arguments, words) in works {
            let executable = try #require(ServerProcess.tool(tool))
            let outcome = try SystemProgram.run(
                "env", ["TMPDIR=\(scratch)", executable] + arguments, input: log)
            #expect(outcome.exitCode <= 1 && outcome.output.contains(words), "\(tool): \(outcome)")
            #expect(try SystemFileSystem().list(scratch) == [], "\(tool)")
        }
        for arguments in [["aof-check", "--fix", "-"], ["aof-rewrite", "-"]] {
            let executable = try #require(ServerProcess.tool(arguments[0]))
            let outcome = try SystemProgram.run(
                executable, Array(arguments.dropFirst()), input: log)
            #expect(outcome.exitCode == 64, "\(outcome)")
        }
    }

    @Test("files of every format with bytes changed are read or refused")
    func fuzz() throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        var files = [source]
        for format in ["json", "sqlite", "rdb", "rdb:9", "compressed", "aof"] {
            let path = folder.path + "/" + format
            #expect(
                try ConversionRig.convert(["--allow-loss", "--to", format, source, path]).exitCode
                    < 2)
            files.append(path)
        }
        let seed = UInt64(TestKnobs.count("HOLDFAST_FUZZ_SEED", or: 20_261_123))
        let rounds = TestKnobs.count("HOLDFAST_FUZZ_ROUNDS", or: 40)
        var generator = SeededGenerator(seed: seed)
        for file in files {
            let whole = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
            var refused = 0
            for _ in 0..<rounds {
                let changed = mutate(whole, &generator)
                let path = folder.path + "/mutant"
                try Data(changed).write(to: URL(fileURLWithPath: path))
                do {
                    let dataset = try OpenDataset(path)
                    var keys = 0
                    for database in 0..<dataset.view.databaseCount {
                        try dataset.view.forEachEntry(database: database) { _ in keys += 1 }
                    }
                    #expect(keys == dataset.report.counts.keys, "seed \(seed)")
                } catch let error as PersistenceError {
                    #expect(!error.description.isEmpty)
                    refused += 1
                }
            }
            // Our own formats have checksums over everything; a plain log has none.
            if file != source { #expect(refused > rounds / 3, "\(file): \(refused), seed \(seed)") }
        }
    }

    private func mutate(_ whole: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = whole
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes.removeLast(Int.random(in: 1..<whole.count, using: &generator))
        case 1:
            let place = Int.random(in: 0..<whole.count, using: &generator)
            bytes.removeSubrange(place..<min(whole.count, place + 8))
        case 2:
            let place = Int.random(in: 0..<whole.count, using: &generator)
            bytes.insert(contentsOf: whole.prefix(16), at: place)
        default:
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            }
        }
        return bytes
    }
}
