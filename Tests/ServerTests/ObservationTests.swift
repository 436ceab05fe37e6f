/// What the server tells of itself: MONITOR, SLOWLOG, LATENCY, INFO.
import Engine
import NIOCore
import NIOEmbedded
import Testing

@testable import Server

@Suite("The server tells what it does")
struct ObservationTests {
    @Test("MONITOR shows commands in the order of their execution, administrators' left out")
    func monitorOrder() throws {
        let world = try ServerWorld()
        world.backend.releasesAtOnce = true
        let monitor = try world.connect()
        let client = try world.connect()
        #expect(try world.ask(monitor, "MONITOR") == "+OK\r\n")
        for line in ["SET a \"x\\x01\\\"\"", "MULTI", "SET b 1", "EXEC", "CONFIG GET port", "PING"]
        {
            _ = try world.ask(client, line)
        }
        let lines = try world.received(monitor).split(separator: "\r\n")
        let commands = lines.map { $0[($0.firstIndex(of: "]") ?? $0.startIndex)...].dropFirst(2) }
        #expect(
            commands == [
                "\"SET\" \"a\" \"x\\x01\\\"\"", "\"MULTI\"", "\"SET\" \"b\" \"1\"", "\"EXEC\"",
                "\"PING\"",
            ])
    }

    @Test("a monitoring client sees its own commands behind their replies")
    func monitorsItself() throws {
        let world = try ServerWorld()
        let monitor = try world.connect()
        _ = try world.ask(monitor, "MONITOR")
        let text = try world.ask(monitor, "PING")
        #expect(text.hasPrefix("+PONG\r\n+"))
        #expect(text.hasSuffix("] \"PING\"\r\n"))
        #expect(try world.ask(monitor, "RESET").hasPrefix("+RESET\r\n"))
        #expect(try world.ask(monitor, "PING") == "+PONG\r\n")
    }

    @Test("passwords are shown neither by MONITOR nor by SLOWLOG")
    func secrets() throws {
        let world = try ServerWorld(["--requirepass", "sesame", "--slowlog-log-slower-than", "0"])
        let client = try world.connect()
        let monitor = try world.connect()
        _ = try world.ask(monitor, "AUTH sesame\r\nMONITOR")
        for line in [
            "AUTH sesame", "HELLO 3 AUTH default sesame SETNAME n", "AUTH default sesame",
            "CONFIG SET maxmemory 0 requirepass sesame2 masterauth sesame",
        ] {
            _ = try world.ask(client, line)
        }
        let shown = try world.received(monitor) + world.ask(client, "SLOWLOG GET -1")
        #expect(!shown.contains("sesame"))
        #expect(
            shown.contains("\"HELLO\" \"3\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\""))
        #expect(shown.contains("\"AUTH\" \"(redacted)\"\r\n"))
        #expect(shown.contains("$11\r\nrequirepass\r\n$10\r\n(redacted)\r\n"))
        #expect(shown.contains("$9\r\nmaxmemory\r\n$1\r\n0\r\n"))
    }

    @Test("LATENCY keeps events that took the threshold, and draws them")
    func latency() throws {
        let world = try ServerWorld(["--latency-monitor-threshold", "100"])
        let client = try world.connect()
        world.server.measured("aof-fsync-always", nanoseconds: 99_999_999)
        #expect(try world.ask(client, "LATENCY LATEST") == "*0\r\n")
        world.server.measured("aof-fsync-always", nanoseconds: 250_000_000)
        let latest = try world.ask(client, "LATENCY LATEST")
        #expect(latest.hasPrefix("*1\r\n*4\r\n$16\r\naof-fsync-always\r\n:"))
        #expect(latest.hasSuffix(":250\r\n:250\r\n"))
        #expect(
            try world.ask(client, "LATENCY GRAPH aof-fsync-always")
                .contains("aof-fsync-always - high 250 ms, low 250 ms (all time high 250 ms)"))
        #expect(
            try world.ask(client, "LATENCY GRAPH command")
                == "-ERR No samples available for event 'command'\r\n")
        #expect(try world.ask(client, "LATENCY RESET") == ":1\r\n")
        #expect(try world.ask(client, "LATENCY HISTORY aof-fsync-always") == "*0\r\n")
    }

    @Test("a command that takes the threshold is an event; fast ones have their own")
    func slowCommands() throws {
        let world = try ServerWorld(["--enable-debug-command", "yes"])
        let client = try world.connect()
        _ = try world.ask(client, "CONFIG SET latency-monitor-threshold 1")
        _ = try world.ask(client, "DEBUG SLEEP 0.002")
        #expect(try world.ask(client, "LATENCY LATEST").contains("$7\r\ncommand\r\n"))
        _ = try world.ask(client, "CONFIG SET latency-monitor-threshold 0")
        #expect(try world.ask(client, "LATENCY RESET") == ":1\r\n")
        _ = try world.ask(client, "DEBUG SLEEP 0.002")
        #expect(try world.ask(client, "LATENCY LATEST") == "*0\r\n")
    }

    @Test("LATENCY HISTOGRAM counts the calls of a command; a container's name means its words")
    func histogram() throws {
        let world = try ServerWorld()
        let client = try world.connect()
        for _ in 0..<3 { _ = try world.ask(client, "PING") }
        _ = try world.ask(client, "CLIENT ID")
        let ping = try world.ask(client, "LATENCY HISTOGRAM ping")
        #expect(
            ping.hasPrefix("*2\r\n$4\r\nping\r\n*4\r\n$5\r\ncalls\r\n:3\r\n$14\r\nhistogram_usec"))
        #expect(ping.hasSuffix(":3\r\n"))
        #expect(try world.ask(client, "LATENCY HISTOGRAM client").contains("$9\r\nclient|id\r\n"))
        _ = try world.ask(client, "CONFIG RESETSTAT")
        #expect(try world.ask(client, "LATENCY HISTOGRAM ping") == "*0\r\n")
    }
}
