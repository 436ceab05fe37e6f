// The refusals of a start, word for word as a real redis-server prints them.
import Foundation
import Testing

@testable import Server

@Suite(.enabled(if: ReferenceServer.executable != nil, "no redis-server is installed"))
struct ConfigurationErrorTests {
    static let commandLines: [[String]] = [
        ["--port", "abc"], ["--port", "1", "2"], ["--port"], ["--foo", "bar"],
        ["--maxmemory", "12x"],
        ["--save", "1"], ["--save", "a", "b"], ["--save", "--port", "a"], ["--save", "0", "1"],
        ["--shutdown-on-sigterm", "save", "nosave"], ["--shutdown-on-sigterm", "foo"],
        ["--dir", "/missing/folder"], ["--unixsocketperm", "999"], ["--unixsocketperm", "7777"],
        ["--bind"] + (1...17).map(String.init),
        ["--client-output-buffer-limit", "normal", "1", "2"],
        ["--client-output-buffer-limit", "foo", "1", "2", "3"],
        ["--oom-score-adj-values", "1", "2"],
        ["--oom-score-adj-values", "1", "2", "9999"], ["--notify-keyspace-events", "Q"],
        ["--replicaof", "a"], ["--replicaof", "a", "b"], ["--replicaof", "a", "70000"],
        ["--latency-tracking-info-percentiles", "101"], ["--maxmemory-clients", "101%"],
        ["--rename-command", "foo", "bar"], ["--rename-command", "get", "set"],
        ["--rename-command", "get"], ["--a.b"], ["--appendfilename", "a/b"],
        ["--appendfilename", ""],
        ["--appenddirname", ""], ["--appenddirname", "a/b"], ["--dbfilename", "a/b"],
        ["--cluster-announce-hostname", "a_b"], ["--proc-title-template", "{foo}"], ["--include"],
        ["--databases", "0"], ["--appendonly", "maybe"], ["--maxmemory-policy", "lru"],
        ["--cluster-enabled", "yes", "--replicaof", "a", "1"],
        ["--logfile", "/missing/folder/log"],
        ["--list-max-ziplist-entries", "5", "6"], ["-x"], ["--port 7a", "--tcp-backlog", "x"],
        ["--timeout 1", "--port", "--7"], ["--enable-debug-command", "maybe"],
        ["--supervised", "x"],
        ["--syslog-facility", "local9"], ["--tcp-backlog", "\"\n\u{1}"], ["--io-threads", "129"],
        ["--port", "'a"], ["--appendonly", "yes", "extra"], ["--include", "a", "b"],
    ]

    @Test("Refuses options in the words of redis-server", arguments: commandLines)
    func options(arguments: [String]) throws {
        let expected = try ReferenceServer.refusal(arguments)
        let error = try #require(throws: ConfigurationError.self) { try Fixture.load(arguments) }
        #expect(error.report(product: "Redis 7.0.15") == expected)
        #expect(expected.contains("FATAL CONFIG FILE ERROR"))
    }

    static let refusedFiles: [(text: String, options: [String])] = [
        ("port 7\nport \"a\n", []), ("port 7\n\n  # c\n\tfoo  x \r\n", []),
        ("port 1\n", ["--port", "z"]),
        ("\n\nport 1\n", ["--port", "1", "--hz", "x"]), ("port 'a'b\n", []), ("include\n", []),
        ("port \"1\"2\n", []), ("save 1 2 3\n", []), ("timeout -1\n", []),
        ("save 900 1\nsave x\n", []),
        ("masterauth \"a\\\n", []), ("requirepass a b\n", []), ("slaveof a b c\n", []),
    ]

    @Test(
        "Refuses files in the words of redis-server, with the same line",
        arguments: refusedFiles.indices)
    func files(index: Int) throws {
        let (text, options) = Self.refusedFiles[index]
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("redis.conf")
        try Data(text.utf8).write(to: file)
        let expected = try ReferenceServer.refusal([file.path] + options)
        let error = try #require(throws: ConfigurationError.self) {
            try Fixture.load([file.path] + options)
        }
        let report = error.report(product: "Redis 7.0.15")
        #expect(report.replacingOccurrences(of: "The file is \(file.path)\n", with: "") == expected)
        #expect(expected.contains("at line"))
    }

    @Test("Refuses standard input in the words of redis-server")
    func standardInput() throws {
        let text = "port 1\nport abc\n"
        let expected = try ReferenceServer.refusal(["-"], input: text)
        let error = try #require(throws: ConfigurationError.self) {
            try Fixture.load(["-"], in: Fixture.environment(input: text))
        }
        #expect(error.report(product: "Redis 7.0.15") == expected)
    }
}
