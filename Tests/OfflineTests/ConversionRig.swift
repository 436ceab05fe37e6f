/// What the tests of conversions share: tools as processes, the corpus, a log with all that a dataset can hold.
import Foundation
import TestSupport
import Testing

/// See the file's header.
enum ConversionRig {
    /// Whether the tools were built.
    static let isBuilt =
        ServerProcess.tool("snapshot-convert") != nil && ServerProcess.tool("restore-verify") != nil
    static let hasRedis = ServerProcess.find("redis-server") != nil

    static func convert(_ arguments: [String]) throws -> SystemProgram.Outcome {
        try SystemProgram.run(try #require(ServerProcess.tool("snapshot-convert")), arguments)
    }

    static func verify(_ arguments: [String]) throws -> SystemProgram.Outcome {
        try SystemProgram.run(try #require(ServerProcess.tool("restore-verify")), arguments)
    }

    /// The document that a tool prints with --json.
    static func json(_ outcome: SystemProgram.Outcome) throws -> [String: Any] {
        let start = try #require(outcome.output.firstIndex(of: "{"), "\(outcome.output)")
        let document = try JSONSerialization.jsonObject(
            with: Data(outcome.output[start...].utf8))
        return try #require(document as? [String: Any])
    }

    /// The digest of a dataset, as restore-verify has it.
    static func digest(_ path: String) throws -> String {
        let outcome = try verify(["--json", path])
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        let backup = try #require(try json(outcome)["backup"] as? [String: Any])
        return try #require(backup["digest"] as? String)
    }

    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures").path

    /// A file of the corpus, which lies outside the project; nil, said aloud, where it isn't there.
    static func corpus(_ name: String) -> String? {
        let url = URL(fileURLWithPath: fixtures).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("shared/corpus/rdb/\(name)")
        if FileManager.default.fileExists(atPath: url.path) { return url.path }
        TestKnobs.skip("no corpus file \(url.path)")
        return nil
    }

    /// Commands that make every type, odd bytes and numbers, deadlines that have passed and that haven't.
    static let words: [[String]] = [
        ["SET", "string", "value"], ["SET", "integer", "-42"], ["SET", "", ""],
        ["SET", "highest", "9223372036854775807"], ["SET", "beyond", "9223372036854775808"],
        ["SET", "zeros", "007"], ["SET", "text", "Grüße \u{1f40b}\n\t\"\\\u{7f}\u{0}"],
        ["SET", "dated", "v", "PXAT", "4102444800001"], ["SET", "past", "v", "PXAT", "1000"],
        ["RPUSH", "list", "a", "", "1", "-1", "a"],
        ["SADD", "integers", "3", "-70000", "5000000000"],
        ["SADD", "set", "a", "", "1"], ["HSET", "hash", "f", "v", "", "", "n", "1"],
        ["HSET", "dated fields", "soon", "v", "later", "w", "never", "x"],
        ["HPEXPIREAT", "dated fields", "4102444800001", "FIELDS", "1", "soon"],
        ["HPEXPIREAT", "dated fields", "4102444800002", "FIELDS", "1", "later"],
        ["ZADD", "scores", "inf", "a", "-inf", "b", "-0", "c", "0", "d", "1.5", "e", "1e300", "f"],
        ["ZADD", "tiny", "5e-324", "m"], ["XADD", "stream", "1-1", "f", "v"],
        ["XADD", "stream", "1-2", "f", "v", "g", ""], ["XADD", "stream", "5-0", "other", "w"],
        ["XDEL", "stream", "1-2"],
        ["XGROUP", "CREATE", "stream", "group", "1-1", "ENTRIESREAD", "1"],
        ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
        [
            "XCLAIM", "stream", "group", "busy", "0", "5-0", "TIME", "1700000000000", "RETRYCOUNT",
            "3",
            "FORCE", "JUSTID", "LASTID", "5-0",
        ],
        ["XGROUP", "CREATE", "empty stream", "g", "$", "MKSTREAM"],
        ["SELECT", "9"], ["SET", "elsewhere", "v"], ["PEXPIREAT", "elsewhere", "4102444800003"],
    ]

    /// Writes them as a log, with bytes that are no text and a long list behind them.
    static func log(at path: String, fieldDeadlines: Bool = true) throws {
        var bytes: [UInt8] = []
        for command in words where fieldDeadlines || command[0] != "HPEXPIREAT" {
            bytes += RESPClient.encode(command.map { Array($0.utf8) })
        }
        bytes += RESPClient.encode(["SELECT", "0"].map { Array($0.utf8) })
        let odd: [UInt8] = [0, 255, 13, 10, 34, 92, 128]
        bytes += RESPClient.encode([Array("SET".utf8), odd, odd])
        bytes += RESPClient.encode([Array("SADD".utf8), Array("odd".utf8), odd, [255], [0]])
        for index in 0..<300 {
            bytes += RESPClient.encode(
                [Array("RPUSH".utf8), Array("long".utf8), Array("element \(index)".utf8)])
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
