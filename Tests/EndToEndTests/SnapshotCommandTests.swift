/// SNAPSHOT SAVE, LIST, VERIFY and RESTORE on running servers of every engine, in every format.
import Foundation
import TestSupport
import Testing

extension RESPClient {
    /// The canonical digest of everything.
    func canonicalDigest() throws -> String {
        let texts = try run("HOLDFAST", "DIGEST").elements.compactMap(\.text)
        return try #require(texts.first { $0.count == 64 }, "\(texts)")
    }

    /// A reply that is a map of texts.
    func map(_ words: String...) throws -> [String: String] {
        Self.map(try run(words.map { Array($0.utf8) }))
    }

    static func map(_ reply: RESPValue) -> [String: String] {
        let texts = reply.elements.map { $0.text ?? "" }
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: texts.count - 1, by: 2)
                .map { (texts[$0], texts[$0 + 1]) })
    }

    /// A field of INFO persistence.
    func figure(_ name: String) throws -> String {
        let lines = (try run("INFO", "persistence").text ?? "").split(separator: "\r\n")
        let line = try #require(lines.first { $0.hasPrefix(name + ":") }, "\(name)")
        return String(line.dropFirst(name.count + 1))
    }

    /// Saves a snapshot and waits for its end.
    func snapshot(_ name: String, _ format: String) throws {
        let reply = try run("SNAPSHOT", "SAVE", name, "FORMAT", format)
        #expect(reply.text == "Background snapshot started: \(name) (\(format))", "\(reply)")
        try waitForSnapshot()
        #expect(try map("SNAPSHOT", "STATUS")["last_status"] == "ok")
    }

    /// Waits until nothing runs.
    func waitForSnapshot() throws {
        let isDone = Eventually.holds(seconds: 60) {
            (try? map("SNAPSHOT", "STATUS"))?["running"] == "none"
        }
        let status = try map("SNAPSHOT", "STATUS")
        #expect(isDone, "\(status)")
    }
}

extension EndToEndTests {
    @Suite("Snapshots by command", Needs.holdfast, Needs.noStandIn)
    struct SnapshotCommandTests {
        static let engines = ["aof", "compressed", "json", "rdb", "sqlite"]
        static let formats = ["aof", "compressed", "json", "rdb", "sqlite"]

        private func start(_ engine: String, _ more: [String] = []) throws -> (
            folder: TemporaryDirectory, server: ServerProcess
        ) {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path,
                arguments: ["--backend", engine, "--appendfsync", "always", "--save", ""] + more)
            return (folder, server)
        }

        @Test("are restored in every format, and are what the next start finds", arguments: engines)
        func everyFormat(engine: String) throws {
            let (folder, started) = try start(engine)
            var server = started
            var client = try server.connect()
            try client.populateEncodings()
            _ = try client.run("SELECT", "0")
            let digest = try client.canonicalDigest()
            for format in Self.formats { try client.snapshot("all-\(format)", format) }
            let list = try client.run("SNAPSHOT", "LIST").elements.map { RESPClient.map($0) }
            #expect(list.map { $0["name"] } == Self.formats.map { "all-\($0)" })
            #expect(list.allSatisfy { $0["digest"] == digest })
            #expect(list.map { $0["format"] } == Self.formats)
            for format in Self.formats {
                let facts = try client.map("SNAPSHOT", "VERIFY", "all-\(format)")
                #expect(facts["digest"] == digest && facts["format"] == format, "\(facts)")
            }
            for format in Self.formats {
                _ = try client.run("FLUSHALL")
                _ = try client.run("SET", "other", format)
                let reply = try client.run("SNAPSHOT", "RESTORE", "all-\(format)")
                #expect(reply.text == "OK", "\(engine), \(format): \(reply)")
                #expect(try client.canonicalDigest() == digest, "\(engine), \(format)")
                // What is written afterwards is kept too.
                #expect(try client.run("INCR", "after").text == "1")
                if engine != "aof" && engine != "sqlite" {
                    #expect(try client.run("SAVE").text == "OK")
                }
                server = try server.restarted()
                client = try server.connect()
                #expect(try client.run("DEL", "after") == .integer(1), "\(engine), \(format)")
                #expect(try client.canonicalDigest() == digest, "\(engine), \(format)")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path + "/snapshots")
                    .allSatisfy { !$0.hasPrefix(".temp") })
        }

        @Test("a name says the format, and none leads out of the folder")
        func names() throws {
            let (folder, server) = try start("aof")
            let client = try server.connect()
            _ = try client.run("SET", "k", "v")
            for (name, format) in [
                ("a.json", "json"), ("b.HFZ", "compressed"), ("c.db", "sqlite"),
                ("d.sqlite", "sqlite"), ("e.rdb", "rdb"), ("f.aof", "aof"), ("g", "compressed"),
                ("h.txt", "compressed"), ("ü 中", "compressed"),
            ] {
                let reply = try client.run("SNAPSHOT", name)
                #expect(reply.text == "Background snapshot started: \(name) (\(format))")
                try client.waitForSnapshot()
                let facts = try client.map("SNAPSHOT", "VERIFY", name)
                #expect(facts["format"] == format && facts["keys"] == "1", "\(facts)")
            }
            let made = try client.run("SNAPSHOT").text ?? ""
            #expect(made.hasPrefix("Background snapshot started: snapshot-2"), "\(made)")
            try client.waitForSnapshot()
            let secret = folder.path + "/secret"
            try Data("k".utf8).write(to: URL(fileURLWithPath: secret))
            for name in ["link", "dangling"] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path + "/snapshots/\(name)",
                    withDestinationPath: name == "link" ? secret : folder.path + "/nothing")
            }
            let bad = [
                "", "../a", "/tmp/a", "a/b", "..", ".", ".hidden", "temp-a", "a\nb", "a\u{0}b",
                "link", "dangling", String(repeating: "x", count: 300),
            ]
            for name in bad {
                for words in [
                    ["SNAPSHOT", "SAVE", name], ["SNAPSHOT", "RESTORE", name],
                    ["SNAPSHOT", "VERIFY", name], ["SNAPSHOT", name],
                ] {
                    let reply = try client.run(words.map { Array($0.utf8) })
                    #expect(reply.isError, "\(words): \(reply)")
                }
            }
            #expect(try client.run([Array("SNAPSHOT".utf8), [0xFF, 0x41]]).isError)
            #expect(try String(contentsOfFile: secret, encoding: .utf8) == "k")
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/nothing"))
            for (words, text) in [
                (["SNAPSHOT", "SAVE", "a", "FORMAT", "xyz"], "Unknown snapshot format"),
                (["SNAPSHOT", "SAVE", "a", "SHAPE", "rdb"], "syntax error"),
                (["SNAPSHOT", "RESTORE", "a", "INTO"], "syntax error"),
                (
                    ["SNAPSHOT", "nosuch", "word"],
                    "unknown subcommand 'nosuch'. Try SNAPSHOT HELP."
                ),
                (["SNAPSHOT", "RESTORE", "nosuch"], "There is no snapshot 'nosuch'"),
            ] {
                let reply = try client.run(words.map { Array($0.utf8) })
                #expect(reply.isError && reply.text?.contains(text) == true, "\(reply)")
            }
        }

        @Test("a folder of engine files is refused")
        func dataDirectory() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--snapshot-dir", folder.path])
            let client = try server.connect()
            let reply = try client.run("SNAPSHOT", "SAVE", "dump.rdb")
            #expect(reply.text?.contains("data directory") == true, "\(reply)")
        }

        @Test("a damaged snapshot changes nothing", arguments: formats)
        func damaged(format: String) throws {
            let (folder, server) = try start("aof")
            var client = try server.connect()
            for number in 0..<200 {
                _ = try client.run("SET", "key:\(number)", "MARKER\(number)")
            }
            try client.snapshot("s", format)
            let path = folder.path + "/snapshots/s"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            _ = try client.run("SET", "live", "1")
            let digest = try client.canonicalDigest()
            var damaged = bytes
            let mark = bytes.range(of: Data("MARKER77".utf8))
            damaged[mark?.lowerBound ?? bytes.count / 2] ^= 1
            for content in [damaged, bytes.prefix(bytes.count / 2), Data(), bytes.prefix(20)] {
                try content.write(to: URL(fileURLWithPath: path))
                for mode in ["REPLACE", "MERGE"] {
                    let reply = try client.run("SNAPSHOT", "RESTORE", "s", mode)
                    #expect(reply.isError, "\(format), \(content.count) bytes: \(reply)")
                    #expect(try client.canonicalDigest() == digest)
                }
                #expect(try client.run("SNAPSHOT", "VERIFY", "s").isError)
                #expect(try client.run("SET", "live", "1").text == "OK")
            }
            #expect(try client.map("SNAPSHOT", "STATUS")["last_status"] == "err")
            client = try server.restarted().connect()
            #expect(try client.canonicalDigest() == digest)
            try bytes.write(to: URL(fileURLWithPath: path))
            #expect(try client.run("SNAPSHOT", "RESTORE", "s").text == "OK")
            #expect(try client.run("EXISTS", "live") == .integer(0))
        }

        @Test("merged keys win, and come as one unit", arguments: engines)
        func merge(engine: String) throws {
            let (folder, server) = try start(engine)
            defer { withExtendedLifetime(folder) {} }
            var client = try server.connect()
            _ = try client.run("RPUSH", "both", "snapshot")
            _ = try client.run("HSET", "only snapshot", "f", "v")
            _ = try client.run("SET", "gone", "v", "PX", "300")
            _ = try client.run("SELECT", "3")
            _ = try client.run("SADD", "there", "a")
            try client.snapshot("s.rdb", "rdb")
            usleep(350_000)
            _ = try client.run("SADD", "there", "b")
            _ = try client.run("SELECT", "0")
            _ = try client.run("DEL", "both", "only snapshot")
            _ = try client.run("SET", "both", "live")
            _ = try client.run("SET", "only live", "v", "EX", "1000")
            _ = try client.run("SET", "gone", "live")
            #expect(try client.run("SNAPSHOT", "RESTORE", "s.rdb", "merge").text == "OK")
            if engine != "aof" && engine != "sqlite" {
                #expect(try client.run("SAVE").text == "OK")
            }
            for round in 0..<2 {
                #expect(
                    try client.run("LRANGE", "both", "0", "-1").elements.map(\.text) == ["snapshot"]
                )
                #expect(try client.run("HGET", "only snapshot", "f").text == "v")
                #expect(try client.run("GET", "only live").text == "v")
                // What had expired meanwhile is nothing that could win.
                #expect(try client.run("GET", "gone").text == "live")
                _ = try client.run("SELECT", "3")
                #expect(try client.run("SMEMBERS", "there").elements.map(\.text) == ["a"])
                if round == 0 { client = try server.restarted().connect() }
            }
        }

        @Test("WATCH, tracking and blocked clients hear of it")
        func told() throws {
            let (folder, server) = try start("aof")
            defer { withExtendedLifetime(folder) {} }
            let client = try server.connect()
            _ = try client.run("RPUSH", "list", "from the snapshot")
            _ = try client.run("SET", "k", "old")
            try client.snapshot("s", "compressed")
            _ = try client.run("DEL", "list")
            let watcher = try server.connect()
            _ = try watcher.run("WATCH", "k")
            let absent = try server.connect()
            _ = try absent.run("WATCH", "list")
            let other = try server.connect()
            _ = try other.run("WATCH", "nobody's")
            let tracker = try server.connect()
            _ = try tracker.run("HELLO", "3")
            _ = try tracker.run("CLIENT", "TRACKING", "ON")
            _ = try tracker.run("GET", "k")
            let blocked = try server.connect()
            try blocked.send(RESPClient.encode(["BLPOP", "list", "0"].map { Array($0.utf8) }))
            let isWaiting = Eventually.holds(seconds: 10) {
                (try? client.run("INFO", "clients").text?.contains("blocked_clients:1")) == true
            }
            #expect(isWaiting)
            #expect(try client.run("SNAPSHOT", "RESTORE", "s", "REPLACE").text == "OK")
            #expect(try blocked.receive().elements.map(\.text) == ["list", "from the snapshot"])
            for (session, isAborted) in [(watcher, true), (absent, true), (other, false)] {
                _ = try session.run("MULTI")
                _ = try session.run("PING")
                let reply = try session.run("EXEC")
                #expect(reply.elements.isEmpty == isAborted, "\(reply)")
            }
            let push = "\(try tracker.receive())"
            #expect(push.contains("invalidate"), "\(push)")
        }

        @Test("no memory and no room are refused with the figures")
        func room() throws {
            let (folder, server) = try start("aof")
            let client = try server.connect()
            let text = String(repeating: "0123456789abcdef", count: 64 << 10)
            for number in 0..<8 { _ = try client.run("SET", "k\(number)", text) }
            try client.snapshot("s", "rdb")
            _ = try client.run("FLUSHALL")
            _ = try client.run("SET", "small", "1")
            _ = try client.run("CONFIG", "SET", "maxmemory", "4mb")
            for mode in ["REPLACE", "MERGE"] {
                let reply = try client.run("SNAPSHOT", "RESTORE", "s", mode).text ?? ""
                #expect(reply.contains("'maxmemory' is 4194304"), "\(reply)")
            }
            #expect(try client.run("GET", "small").text == "1")
            _ = try client.run("CONFIG", "SET", "maxmemory", "0")
            #expect(try client.run("SNAPSHOT", "RESTORE", "s").text == "OK")
            guard let disk = try SmallDisk(sizeBytes: 2 << 20) else {
                print("SKIPPED: this process may not mount a small disk")
                return
            }
            try FileManager.default.removeItem(atPath: folder.path + "/snapshots")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/snapshots", withDestinationPath: disk.path)
            for format in Self.formats {
                let reply = try client.run("SNAPSHOT", "SAVE", "big", "FORMAT", format).text ?? ""
                #expect(reply.contains("Not enough room") && reply.contains("are free"), "\(reply)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
        }
    }
}
