/// Requests whole, byte by byte, and glued; violations in Redis's words; limits.
import TestSupport
import Testing

@testable import RESP

@Suite("Requests")
struct RequestParserTests {
    private func protocolError(_ reason: String) -> ParserEvent {
        .error("ERR Protocol error: " + reason)
    }

    @Test("an array of bulk strings is a request, binary data and empty strings included")
    func arrays() {
        #expect(ParserRun.events("*1\r\n$4\r\nPING\r\n") == [.words("PING")])
        #expect(
            ParserRun.events("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n")
                == [.words("SET", "", "a\r\nb")])
        let every = (0...255).map { UInt8($0) }
        let bytes = RESPClient.encode([Array("SET".utf8), every, every.reversed()])
        #expect(
            ParserRun.events(bytes) == [.request([Array("SET".utf8), every, every.reversed()])])
    }

    @Test("glued requests come one by one, whatever their form")
    func glued() {
        let text =
            "*1\r\n$4\r\nPING\r\nGET k\r\n\r\n*0\r\n*-1\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\n"
        #expect(
            ParserRun.events(text) == [
                .words("PING"), .words("GET", "k"), .nothing, .nothing, .nothing,
                .words("GET", "k"), .words("PING"),
            ])
    }

    @Test("a request of many arguments is read once, however it arrives")
    func many() {
        let words = (0..<20_000).map { Array("argument \($0)".utf8) }
        let bytes = RESPClient.encode(words)
        #expect(ParserRun.events(bytes) { 4096 } == [.request(words)])
        #expect(ParserRun.events(bytes) { bytes.count } == [.request(words)])
    }

    @Test("an unfinished request is no request")
    func unfinished() {
        let bytes = Array("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".utf8)
        for cut in 1..<bytes.count {
            #expect(ParserRun.events(Array(bytes[..<cut])) == [.rest(cut)])
        }
    }

    @Test("a wrong length or a missing mark is a violation")
    func violations() {
        for count in ["", "abc", "1.5", " 1", "+1", "01", "1 ", "1048577", "9223372036854775808"] {
            #expect(
                ParserRun.events("*\(count)\r\n") == [protocolError("invalid multibulk length")],
                "\(count)")
        }
        for length in ["", "abc", "-1", "-2", "01", "536870913", "9223372036854775808"] {
            #expect(
                ParserRun.events("*1\r\n$\(length)\r\n") == [protocolError("invalid bulk length")],
                "\(length)")
        }
        #expect(ParserRun.events("*1\r\n:1\r\n") == [protocolError("expected '$', got ':'")])
        #expect(
            ParserRun.events("*1\r\n$1\r\na\r\n*1\r\n+x\r\n")
                == [.words("a"), protocolError("expected '$', got '+'")])
    }

    @Test("the limits of size hold, and are CONFIG's to change")
    func limits() {
        var limits = RequestLimits()
        limits.maximumBulkBytes = 10
        #expect(
            ParserRun.events("*1\r\n$10\r\n0123456789\r\n", limits: limits)
                == [.words("0123456789")])
        #expect(
            ParserRun.events("*1\r\n$11\r\n", limits: limits)
                == [protocolError("invalid bulk length")])
        limits.maximumArguments = 2
        #expect(
            ParserRun.events("*3\r\n", limits: limits)
                == [protocolError("invalid multibulk length")])
    }

    @Test("before authentication requests are small")
    func unauthenticated() {
        var limits = RequestLimits()
        limits.isUnauthenticated = true
        let ten = "*10\r\n" + String(repeating: "$1\r\na\r\n", count: 10)
        #expect(ParserRun.events(ten, limits: limits).count == 1)
        #expect(
            ParserRun.events("*11\r\n", limits: limits)
                == [protocolError("unauthenticated multibulk length")])
        #expect(ParserRun.events("*1\r\n$16384\r\n", limits: limits) == [.rest(12)])
        #expect(
            ParserRun.events("*1\r\n$16385\r\n", limits: limits)
                == [protocolError("unauthenticated bulk length")])
    }

    @Test("lines without an end are cut at 64 KB")
    func endlessLines() {
        let long = [UInt8](repeating: UInt8(ascii: "1"), count: 70_000)
        func run(_ prefix: String) -> [ParserEvent] {
            ParserRun.events(Array(prefix.utf8) + long) { 8192 }
        }
        #expect(run("*") == [protocolError("too big mbulk count string")])
        #expect(run("*1\r\n$") == [protocolError("too big bulk count string")])
        #expect(run("GET ") == [protocolError("too big inline request")])
    }

    @Test("a length prefix alone takes no memory, and tells how much is missing")
    func promises() throws {
        let parser = RequestParser()
        let head = Array("*1000000\r\n$536870912\r\nabc".utf8)
        let outcome = try head.withByteView { (view) throws(RESPError) in try parser.parse(view) }
        guard case .needsMore = outcome else {
            Issue.record("a request of three bytes")
            return
        }
        #expect(parser.missingBytes(available: head.count) == 536_870_912 + 2 - 3)
        parser.reset()
        #expect(parser.missingBytes(available: 0) == 0)
    }

    @Test("inline words are quoted as in a shell")
    func inline() {
        #expect(ParserRun.events("set  k\t v \r\n") == [.words("set", "k", "v")])
        #expect(ParserRun.events("set k \"a b\"\n") == [.words("set", "k", "a b")])
        #expect(ParserRun.events("set k 'a b'\n") == [.words("set", "k", "a b")])
        #expect(ParserRun.events("set k \"\"\n") == [.words("set", "k", "")])
        #expect(
            ParserRun.events(#"x "\n\r\t\b\a\\\"\q""# + "\n") == [
                .request([[120], [10, 13, 9, 8, 7, 92, 34, 113]])
            ])
        #expect(
            ParserRun.events(#"x "\x41\xff\xzz""# + "\n") == [
                .request([[120], [0x41, 0xFF] + Array("xzz".utf8)])
            ])
        #expect(ParserRun.events(#"x 'it\'s \n'"# + "\n") == [.words("x", #"it's \n"#)])
        #expect(ParserRun.events("   \r\n") == [.nothing])
    }

    @Test(
        "unbalanced quotes are a violation",
        arguments: ["set k \"a", "set k 'a", "set k \"a\"b", "set k 'a'b", #"set k "a\""#, "\""])
    func unbalanced(line: String) {
        #expect(
            ParserRun.events(line + "\r\n") == [protocolError("unbalanced quotes in request")])
    }
}
