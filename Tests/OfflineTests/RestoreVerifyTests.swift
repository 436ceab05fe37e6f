/// `restore-verify` as a person runs it: backups alone, against files, against servers of both kinds, and started.
import Foundation
import TestSupport
import Testing

@Suite("restore-verify", .enabled(if: ConversionRig.isBuilt, "not built"))
struct RestoreVerifyTests {
    private func verify(_ arguments: String...) throws -> SystemProgram.Outcome {
        try ConversionRig.verify(arguments)
    }

    private static let kinds: [ServerProcess.Kind] =
        ConversionRig.hasRedis ? [.holdfast, .redis] : [.holdfast]

    @Test("names the keys that differ between two files, and how")
    func files() throws {
        let folder = try TemporaryDirectory()
        let (left, right) = (folder.path + "/left.aof", folder.path + "/right.aof")
        try ConversionRig.log(at: left)
        try ConversionRig.log(at: right)
        #expect(try verify(left, "--against", right).exitCode == 0)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: right))
        for words in [
            ["SELECT", "0"], ["SET", "string", "valve"], ["DEL", "integer"], ["SET", "new", "v"],
            ["LSET", "long", "299", "changed"], ["SREM", "set", "a"], ["HSET", "hash", "f", "w"],
            ["PEXPIREAT", "dated", "4102444800009"], ["ZADD", "tiny", "1", "m"],
            ["XADD", "stream", "6-0", "a", "b"], ["SET", "list", "v"],
        ] {
            bytes += RESPClient.encode(words.map { Array($0.utf8) })
        }
        try bytes.write(to: URL(fileURLWithPath: right))
        let outcome = try verify(left, "--against", right)
        #expect(outcome.exitCode == 1)
        for line in [
            "- db 0 integer", "+ db 0 new", "~ db 0 string: value / valve",
            "~ db 0 hash: f: v / w", "~ db 0 tiny: m: 5e-324 / 1.0", "~ db 0 list: list / string",
            "~ db 0 dated: expires: 2100-01-01T00:00:00.001Z / 2100-01-01T00:00:00.009Z",
            "[299]: \"element 299\" / changed", "a: present / absent", "6-0: absent / \"a b\"",
            "FAIL: they differ",
        ] {
            #expect(outcome.output.contains(line), "\(line) in \(outcome.output)")
        }
        let document = try ConversionRig.json(try verify("--json", left, "--against", right))
        let comparison = try #require(document["comparison"] as? [String: Any])
        #expect(comparison["changed"] as? Int == 8)
        #expect(comparison["only_left"] as? Int == 1)
        #expect(comparison["only_right"] as? Int == 1)
        #expect(comparison["is_partial"] as? Bool == false)
    }

    @Test("a running server has the backup's data, or else not", arguments: kinds)
    func live(kind: ServerProcess.Kind) throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        // Redis 7.0 has no deadlines of fields.
        try ConversionRig.log(at: source, fieldDeadlines: kind == .holdfast)
        let place = try TemporaryDirectory()
        let dump = place.path + "/dump.rdb"
        #expect(try ConversionRig.convert([source, dump]).exitCode == 0)
        let backend = kind == .holdfast ? ["--backend", "rdb"] : []
        let server = try ServerProcess(kind, in: place.path, arguments: ["--save", ""] + backend)
        defer { server.terminate() }
        let address = "redis://127.0.0.1:\(server.port)"
        let same = try verify(dump, "--against", address)
        #expect(same.exitCode == 0, "\(same.output)")
        #expect(try verify(source, "--against", address + "/9").exitCode == 0)
        let client = try server.connect()
        _ = try client.run("SET", "string", "other")
        _ = try client.run("HSET", "hash", "g", "1")
        let outcome = try verify(dump, "--against", address)
        #expect(outcome.exitCode == 1)
        #expect(outcome.output.contains("~ db 0 string: value / other"), "\(outcome.output)")
        #expect(outcome.output.contains("~ db 0 hash: g: absent / 1"), "\(outcome.output)")
        #expect(outcome.output.contains("2 keys different"), "\(outcome.output)")
    }

    @Test("needs the password that a server has")
    func password() throws {
        let place = try TemporaryDirectory()
        let server = try ServerProcess(
            .holdfast, in: place.path, arguments: ["--save", "", "--requirepass", "secret"],
            waits: false)
        defer { server.terminate() }
        let empty = ConversionRig.fixtures + "/rdb/plain.v10.rdb"
        var outcome = try verify(empty, "--against", "redis://127.0.0.1:\(server.port)")
        for _ in 0..<200 where outcome.output.contains("refused") {
            outcome = try verify(empty, "--against", "redis://127.0.0.1:\(server.port)")
        }
        #expect(outcome.exitCode == 3)
        #expect(outcome.output.contains("NOAUTH"), "\(outcome.output)")
        #expect(
            try verify(empty, "--against", "redis://:secret@127.0.0.1:\(server.port)").exitCode == 1
        )
    }

    @Test(
        "starts a server on a copy of every format",
        arguments: ["rdb", "json", "compressed", "sqlite", "aof", "aof-dir"])
    func start(format: String) throws {
        let folder = try TemporaryDirectory()
        let source = folder.path + "/source.aof"
        try ConversionRig.log(at: source)
        let backup = folder.path + "/backup"
        #expect(try ConversionRig.convert(["--to", format, source, backup]).exitCode == 0)
        let server = try #require(ServerProcess.executable(.holdfast))
        let outcome = try verify("--json", "--start", "--server", server, backup)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        let started = try #require(
            try ConversionRig.json(outcome)["started"] as? [String: Any], "\(outcome.output)")
        #expect(started["keys"] as? Int ?? 0 > 20)
        let broken = try verify("--start", "--server", "/bin/false", backup)
        #expect(broken.exitCode == 2, "\(broken.output)")
    }

    @Test("damage fails with its place and its exit code")
    func damage() throws {
        let corrupt = try verify(ConversionRig.fixtures + "/rdb/packed.v10.corrupt.rdb")
        #expect(corrupt.exitCode == 2 && corrupt.output.contains("the checksum is"))
        #expect(corrupt.output.hasSuffix("FAIL\n"), "\(corrupt.output)")
        let torn = try verify(ConversionRig.fixtures + "/rdb/packed.v10.torn.rdb")
        #expect(torn.exitCode == 2, "\(torn.output)")
        let folder = try TemporaryDirectory()
        let log = folder.path + "/torn.aof"
        try ConversionRig.log(at: log)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: log))
        try bytes.dropLast(5).write(to: URL(fileURLWithPath: log))
        let tail = try verify(log)
        #expect(tail.exitCode == 2 && tail.output.contains("can't be restored"), "\(tail.output)")
        let nobody = try verify(
            ConversionRig.fixtures + "/rdb/plain.v10.rdb", "--against", "redis://127.0.0.1:1")
        #expect(nobody.exitCode == 3, "\(nobody.output)")
        if let modules = ConversionRig.corpus("module_aux.rdb") {
            let outcome = try verify(modules)
            #expect(outcome.exitCode == 3 && outcome.output.contains("test__rdb"))
        }
    }
}
