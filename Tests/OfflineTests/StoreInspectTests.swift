/// `store-inspect` as a person runs it: directories of both servers, keys, histories, differences.
import Foundation
import TestSupport
import Testing

@Suite("store-inspect", .enabled(if: ServerProcess.tool("store-inspect") != nil, "not built"))
struct StoreInspectTests {
    private func inspect(_ arguments: String...) throws -> SystemProgram.Outcome {
        try SystemProgram.run(
            try #require(ServerProcess.tool("store-inspect")), arguments)
    }

    private func json(_ arguments: String...) throws -> [String: Any] {
        let outcome = try SystemProgram.run(
            try #require(ServerProcess.tool("store-inspect")), ["--json"] + arguments)
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(document as? [String: Any], "\(outcome.output)")
    }

    private func fill(_ client: RESPClient) throws {
        for words in [
            ["SET", "user:1:name", "Ada"], ["SET", "user:2:name", "Grace"],
            ["HSET", "user:1", "f", "v", "", "empty"], ["RPUSH", "queue", "a", "b", "c"],
            ["SADD", "tags", "1", "x"], ["ZADD", "z", "1.5", "m", "inf", "n"],
            ["XADD", "x", "1-1", "f", "v"], ["XGROUP", "CREATE", "x", "g", "0"],
            ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
            ["SET", "soon", "v", "PXAT", "4102444800001"], ["INCR", "n"], ["INCR", "n"],
            ["SET", "long", String(repeating: "v", count: 70_000)],
            ["SELECT", "3"], ["SET", "n", "elsewhere"], ["SELECT", "0"],
        ] {
            let reply = try client.run(words.map { Array($0.utf8) })
            #expect(!reply.isError, "\(words): \(reply)")
        }
    }

    private func folder(
        _ kind: ServerProcess.Kind, _ directives: [String],
        more: (RESPClient) throws -> Void = { _ in }
    ) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        let server = try ServerProcess(kind, in: folder.path, arguments: directives)
        let client = try server.connect()
        try fill(client)
        try more(client)
        server.terminate()
        return folder
    }

    private static let log = ["--appendonly", "yes", "--save", ""]
    private static let kinds: [ServerProcess.Kind] =
        ServerProcess.find("redis-server") == nil ? [.holdfast] : [.holdfast, .redis]

    @Test("counts keys by type, size and lifetime, and finds the biggest", arguments: kinds)
    func overview(kind: ServerProcess.Kind) throws {
        let folder = try folder(kind, Self.log)
        let document = try json(folder.path)
        let data = try #require(document["data"] as? [String: Any])
        #expect(data["keys"] as? Int == 11)
        #expect(data["expiring"] as? Int == 1)
        let databases = try #require(data["databases"] as? [[String: Any]])
        #expect(databases.map { $0["db"] as? Int } == [0, 3])
        let types = try #require(databases[0]["types"] as? [String: [String: Int]])
        #expect(
            types.mapValues { $0["keys"] } == [
                "string": 5, "hash": 1, "list": 1, "set": 1, "zset": 1, "stream": 1,
            ])
        #expect(types["list"]?["elements"] == 3)
        let biggest = try #require(data["biggest"] as? [[String: Any]])
        #expect(biggest.first?["key"] as? String == "long")
        let lifetimes = try #require(data["ttl"] as? [String: Int])
        #expect(lifetimes["none"] == 10 && lifetimes["longer"] == 1)
        let prefixes = try #require(data["prefixes"] as? [[String: Any]])
        #expect(prefixes.first?["prefix"] as? String == "user:")
        #expect(prefixes.first?["keys"] as? Int == 3)
        let text = try inspect(folder.path)
        #expect(text.exitCode == 0, "\(text.output)")
        #expect(text.output.contains("11 keys") && text.output.contains("engine aof"))
    }

    @Test("tells what each file of a directory is to a start")
    func doctor() throws {
        let folder = try folder(.holdfast, Self.log)
        for name in [
            "dump.rdb", "stray.txt", "temp-1.rdb", "appendonlydir/appendonly.aof.9.incr.aof",
        ] {
            try Data("REDIS0010".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
        }
        let outcome = try SystemProgram.run(
            try #require(ServerProcess.tool("store-inspect")), ["--files", "--json", folder.path])
        #expect(outcome.exitCode == 1)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(document["engine"] as? String == "aof")
        let files = try #require(document["files"] as? [[String: Any]])
        let roles = Dictionary(
            uniqueKeysWithValues: files.map {
                ($0["name"] as? String ?? "", $0["role"] as? String ?? "")
            })
        #expect(roles["CURRENT"] == "control")
        #expect(roles["dump.rdb"] == "not read")
        #expect(roles["stray.txt"] == "unknown")
        #expect(roles["temp-1.rdb"] == "temporary")
        #expect(roles["appendonlydir/appendonly.aof.9.incr.aof"] == "orphan")
        #expect(roles["appendonlydir/appendonly.aof.manifest"] == "loaded")
        #expect(roles.values.filter { $0 == "loaded" }.count >= 2)
    }

    @Test(
        "shows one key of any type, from any format",
        arguments: ["aof", "rdb", "json", "compressed", "sqlite"])
    func key(backend: String) throws {
        let folder = try folder(.holdfast, ["--backend", backend, "--save", "3600", "1000"]) {
            client in
            let reply = try client.run("SAVE")
            #expect(reply.text == "OK")
        }
        let wanted: [(key: String, text: String)] = [
            ("user:1:name", "Ada"), ("queue", "2) b"), ("z", "inf  n"), ("user:1", "f: v"),
            ("tags", "x"), ("x", "pending 1-1 for c"), ("soon", "2100-01-01T00:00:00.001Z"),
        ]
        for (key, text) in wanted {
            let outcome = try inspect("--key", key, folder.path)
            #expect(outcome.exitCode == 0 && outcome.output.contains(text), "\(key): \(outcome)")
        }
        let both = try inspect("--key", "n", folder.path)
        #expect(both.output.contains("db 0  n") && both.output.contains("db 3  n"))
        #expect(try !inspect("--key", "n", "--db", "3", folder.path).output.contains("db 0"))
        #expect(try inspect("--key", "nothing", folder.path).exitCode == 1)
    }

    @Test("follows a key through the log, with places that hold it", arguments: kinds)
    func history(kind: ServerProcess.Kind) throws {
        let folder = try folder(kind, Self.log) { client in
            _ = try client.run("DEL", "n")
            _ = try client.run("SELECT", "3")
            _ = try client.run("EXPIREAT", "n", "4102444800")
            _ = try client.run("FLUSHALL")
        }
        let document = try json("--history", "n", folder.path)
        let changes = try #require(document["changes"] as? [[String: Any]])
        let names = changes.map { ($0["command"] as? [String])?.first?.uppercased() ?? "" }
        #expect(names.last == "FLUSHALL")
        #expect(names.filter { $0 == "DEL" }.count == 1)
        #expect(changes.count == 6, "\(names)")
        #expect(changes.map { $0["db"] as? Int }.dropLast() == [0, 0, 3, 0, 3])
        for change in changes {
            let file = try #require(change["file"] as? String)
            let offset = try #require(change["offset"] as? Int)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            #expect(bytes[offset] == UInt8(ascii: "*"))
        }
        if kind == .holdfast {
            let sequences = changes.compactMap { $0["sequence"] as? Int }
            #expect(sequences.count == changes.count && sequences == sequences.sorted())
            #expect(Set(sequences).count == sequences.count)
        }
        #expect(try json("--history", "n", "--db", "3", folder.path).count == 3)
        #expect(
            try inspect("--history", "nothing", folder.path).exitCode == 0, "FLUSHALL touches all")
    }

    @Test("names the keys that differ and how, and the commands that make them equal")
    func difference() throws {
        let first = try folder(.holdfast, Self.log)
        // A copy that goes on, kept by another engine: times of deliveries are the same.
        let second = try TemporaryDirectory()
        let data = second.path + "/data"
        try FileManager.default.copyItem(atPath: first.path, toPath: data)
        let server = try ServerProcess(.holdfast, in: data, arguments: Self.log)
        let client = try server.connect()
        for words in [
            ["SET", "user:1:name", "Ada Lovelace"], ["DEL", "queue"], ["SADD", "tags", "new"],
            ["PEXPIREAT", "soon", "4102444800002"], ["SELECT", "7"], ["RPUSH", "more", "1"],
            ["SNAPSHOT", "SAVE", "second.json"],
        ] {
            let reply = try client.run(words.map { Array($0.utf8) })
            #expect(!reply.isError, "\(words): \(reply)")
        }
        let snapshot = data + "/snapshots/second.json"
        #expect(Eventually.holds(seconds: 20) { FileManager.default.fileExists(atPath: snapshot) })
        server.terminate()
        let outcome = try inspect("--diff", first.path, snapshot)
        #expect(outcome.exitCode == 1, "\(outcome.output)")
        for text in [
            "! db 0  soon  expires: 2100-01-01T00:00:00.001Z / 2100-01-01T00:00:00.002Z",
            "- db 0  queue  list", "+ db 7  more  list", "new: absent / present",
            "Ada / \"Ada Lovelace\"", "3 changed, 1 only in the first, 1 only in the second",
        ] { #expect(outcome.output.contains(text), "\(text) in \(outcome.output)") }
        #expect(try inspect("--diff", first.path, first.path).exitCode == 0)
        // The commands, run on the first, make it the second.
        let script = try inspect("--diff", "--format", "resp", first.path, snapshot)
        let again = try ServerProcess(.holdfast, in: first.path, arguments: Self.log)
        let other = try again.connect()
        try other.send(Array(script.output.utf8))
        _ = try other.run("PING")
        again.terminate()
        let after = try inspect("--diff", first.path, snapshot)
        #expect(after.exitCode == 0, "\(after.output)")
    }

    @Test("what is no dataset gets a clear message and its exit code")
    func noDataset() throws {
        let folder = try TemporaryDirectory()
        func file(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.path + "/" + name
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        var random = SeededGenerator(seed: TestKnobs.seed)
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(try inspect(folder.path + "/nothing").exitCode == 74)
        #expect(try inspect(folder.path).exitCode == 3)
        #expect(try inspect(file("noise", noise)).exitCode == 3)
        #expect(try inspect(file("empty", [])).exitCode == 3)
        #expect(try inspect(file("dump.rdb", Array("REDIS0010".utf8) + noise)).exitCode == 3)
        #expect(try inspect().exitCode == 64)
        #expect(try inspect("--key", "a", "--files", folder.path).exitCode == 64)
        #expect(try inspect("--diff", folder.path).exitCode == 64)
        #expect(try inspect("--help").output.contains("--history"))
    }
}
