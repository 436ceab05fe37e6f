/// A newcomer's walk with redis-cli: what it prints for our server, and for a real one.
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A walk with redis-cli", Needs.redis, Needs.holdfast)
    struct WalkTests {
        /// What is typed, and what redis-cli prints.
        private static let walk: [(typed: String, printed: [String])] = [
            ("PING", ["PONG"]),
            ("PING hello", [#""hello""#]),
            ("SET greeting hello", ["OK"]),
            ("GET greeting", [#""hello""#]),
            ("GET nothing", ["(nil)"]),
            ("HSET user name Ada born 1815", ["(integer) 2"]),
            ("HSET user name Grace", ["(integer) 0"]),
            ("HGET user name", [#""Grace""#]),
            ("HGET user nothing", ["(nil)"]),
            (
                "HGETALL user",
                [#"1) "name""#, #"2) "Grace""#, #"3) "born""#, #"4) "1815""#]
            ),
            ("HGETALL nothing", ["(empty array)"]),
            ("GET", ["(error) ERR wrong number of arguments for 'get' command"]),
            ("HSET user name", ["(error) ERR wrong number of arguments for 'hset' command"]),
            (
                "GET user",
                [
                    "(error) WRONGTYPE Operation against a key holding the wrong kind of value"
                ]
            ),
            (
                "HGET greeting name",
                [
                    "(error) WRONGTYPE Operation against a key holding the wrong kind of value"
                ]
            ),
            ("INCR greeting", ["(error) ERR value is not an integer or out of range"]),
            (
                "NOSUCH one two",
                [
                    "(error) ERR unknown command 'NOSUCH', with args beginning with: 'one' 'two' "
                ]
            ),
            (#"SET binary "a\x00b\r\n\xff""#, ["OK"]),
            ("GET binary", [#""a\x00b\r\n\xff""#]),
            ("STRLEN binary", ["(integer) 6"]),
            (#"HSET "\x00key" "\r\nfield" "\xfe""#, ["(integer) 1"]),
            (#"HGETALL "\x00key""#, [#"1) "\r\nfield""#, #"2) "\xfe""#]),
            ("DEL greeting user", ["(integer) 2"]),
            ("EXISTS greeting user", ["(integer) 0"]),
        ]

        @Test("redis-cli prints what it prints for Redis, in RESP2 and RESP3")
        func walk() throws {
            let input = Self.walk.map(\.typed).joined(separator: "\n") + "\n"
            var outputs: [String] = []
            for kind in [ServerProcess.Kind.holdfast, .redis] {
                let folder = try TemporaryDirectory()
                let server = try ServerProcess(kind, in: folder.path)
                let printed = try SystemProgram.run(
                    "redis-cli", ["-p", "\(server.port)", "--no-raw"], input: input)
                let expected = Self.walk.flatMap(\.printed).map { $0 + "\n" }.joined()
                #expect(printed.output.withoutBlankLines == expected, "\(kind)")
                // RESP3 has maps, and prints them differently: only the two servers are compared.
                let third = try SystemProgram.run(
                    "redis-cli", ["-3", "-p", "\(server.port)", "--no-raw"], input: input)
                outputs.append(third.output)
            }
            #expect(outputs[0] == outputs[1])
        }

        @Test("redis-cli's own helpers find what they ask for")
        func helpers() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let port = ["-p", "\(server.port)"]
            let client = try server.connect()
            for index in 0..<300 { try client.run("SET", "key:\(index)", "value") }
            let scanned = try SystemProgram.run(
                "redis-cli", port + ["--scan", "--pattern", "key:*"])
            #expect(Set(scanned.output.split(separator: "\n")).count == 300)
            let bigkeys = try SystemProgram.run("redis-cli", port + ["--bigkeys", "-i", "0"])
            #expect(bigkeys.output.contains("300 strings with 1500 bytes"), "\(bigkeys.output)")
            let piped = try SystemProgram.run(
                "redis-cli", port + ["--pipe"], input: "SET piped 1\r\nINCR piped\r\n")
            #expect(piped.output.contains("errors: 0, replies: 2"), "\(piped.output)")
            #expect(try client.run("GET", "piped") == .bulk(Array("2".utf8)))
        }
    }
}

extension String {
    fileprivate var withoutBlankLines: String {
        split(separator: "\n").map { $0 + "\n" }.joined()
    }
}
