/// Bytes that no client library sends: what comes back, to the byte, and when the connection closes.
import Foundation
import TestSupport
import Testing

/// Raw input.
struct RawInput: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Whether the server hangs up by itself; otherwise QUIT is sent behind.
    let isFatal: Bool

    init(_ name: String, _ text: String, isFatal: Bool = true) {
        self.init(name, Array(text.utf8), isFatal: isFatal)
    }

    init(_ name: String, _ bytes: [UInt8], isFatal: Bool = true) {
        self.name = name
        self.bytes = bytes
        self.isFatal = isFatal
    }

    var testDescription: String { name }

    static let all: [RawInput] = [
        .init("a count that is no number", "*x\r\n"),
        .init("a count too large", "*2147483648\r\n"),
        .init("a count beyond integers", "*99999999999999999999\r\n"),
        .init("no dollar", "*1\r\nPING\r\n"),
        .init("a colon for a dollar", "*2\r\n$3\r\nGET\r\n:1\r\n"),
        .init("a length that is no number", "*1\r\n$x\r\n"),
        .init("a negative length", "*1\r\n$-1\r\n"),
        .init("a length beyond the limit", "*1\r\n$536870913\r\n"),
        .init("a length beyond integers", "*1\r\n$99999999999999999999\r\n"),
        .init("an empty length", "*1\r\n$\r\n"),
        .init("an empty count", "*\r\n", isFatal: false),
        .init("a count of none", "*0\r\n*1\r\n$4\r\nPING\r\n", isFatal: false),
        .init("a negative count", "*-1\r\n*1\r\n$4\r\nPING\r\n", isFatal: false),
        .init("a good command before a bad one", "*1\r\n$4\r\nPING\r\n*1\r\nx\r\n"),
        .init("a bad command in a transaction", "*1\r\n$5\r\nMULTI\r\n*1\r\n$z\r\n"),
        .init("quotes left open", "SET k \"v\r\n"),
        .init("quotes closed in a word", "SET k \"v\"x\r\n"),
        .init("single quotes left open", "GET 'k\r\n"),
        .init(
            "inline commands", "PING\r\nping hello\r\nSET k \"a\\x00b\"\r\nGET k\r\n",
            isFatal: false),
        .init("inline with a bare newline", "PING\nPING\n", isFatal: false),
        .init("blank lines", "\r\n\r\n   \r\nPING\r\n", isFatal: false),
        .init("an inline of 64 KB without an end", [UInt8](repeating: 97, count: 66_000)),
        .init(
            "a count without an end", Array("*1".utf8) + [UInt8](repeating: 49, count: 66_000)),
        .init(
            "a length without an end",
            Array("*1\r\n$1".utf8) + [UInt8](repeating: 49, count: 66_000)),
        .init("a length with a plus", "*1\r\n$+4\r\nPING\r\n"),
        .init("a length with a blank", "*1\r\n$ 4\r\nPING\r\n"),
        .init("a length with zeros", "*1\r\n$0004\r\nPING\r\n"),
        .init("a command without a name", "*1\r\n$0\r\n\r\n", isFatal: false),
        .init(
            "binary noise",
            (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) } + [13, 10],
            isFatal: false),
        .init("QUIT with more behind", "PING\r\nQUIT\r\nPING\r\n"),
    ]
}

extension EndToEndTests {
    @Suite("Malformed input", Needs.holdfast)
    struct ProtocolTests {
        /// What the server sends before it hangs up.
        private func conversation(_ input: RawInput, with server: ServerProcess) throws -> String {
            let client = try server.connect()
            client.timeoutMilliseconds = 2000
            // A server that has hung up already may refuse the rest.
            try? client.send(input.bytes)
            if !input.isFatal { try? client.send(Array("*1\r\n$4\r\nQUIT\r\n".utf8)) }
            do {
                return String(decoding: try client.receiveToEnd(), as: UTF8.self)
            } catch {
                return "\(error), after \(client.unread) bytes"
            }
        }

        @Test("gets Redis's words, and the connection is closed", Needs.redis)
        func words() throws {
            let folders = (try TemporaryDirectory(), try TemporaryDirectory())
            let ours = try ServerProcess(.holdfast, in: folders.0.path)
            let theirs = try ServerProcess(.redis, in: folders.1.path)
            for input in RawInput.all {
                let expected = try conversation(input, with: theirs)
                let found = try conversation(input, with: ours)
                #expect(found == expected, "\(input.name)")
            }
            #expect(try ours.connect().run("PING") == .simple(Array("PONG".utf8)))
        }

        @Test(
            "of a browser's is cut off, and nothing behind it is executed",
            arguments: ["POST / HTTP/1.1", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80", "host: x"])
        func browsers(head: String) throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let client = try server.connect()
            try client.send(Array("SET before 1\r\n\(head)\r\nSET behind 1\r\n".utf8))
            _ = try client.receiveToEnd()
            let bystander = try server.connect()
            #expect(try bystander.run("EXISTS", "before") == .integer(1))
            #expect(try bystander.run("EXISTS", "behind") == .integer(0))
        }

        @Test("is noticed by no other client")
        func others() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let bystander = try server.connect()
            for input in RawInput.all {
                let client = try server.connect()
                try? client.send(input.bytes)
                #expect(try bystander.run("INCR", "calm").isError == false, "\(input.name)")
            }
            #expect(try bystander.run("GET", "calm") == .bulk(Array("\(RawInput.all.count)".utf8)))
        }

        @Test("that announces much gets no memory for it")
        func lengthsTakeNoMemory() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let before = try residentKilobytes(server)
            let clients = try (0..<50).map { _ in try server.connect() }
            for client in clients {
                try client.send(Array("*1048576\r\n$536870912\r\nshort".utf8))
            }
            let bystander = try server.connect()
            for _ in 0..<20 { #expect(!(try bystander.run("PING").isError)) }
            let after = try residentKilobytes(server)
            // 50 connections that announce 512 MB each: 25 GB, were they believed.
            #expect(after - before < 64 << 10, "\(before) KB before, \(after) KB after")
        }

        @Test("arrives in any pieces", Needs.redis)
        func pieces() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let client = try server.connect()
            let commands = [["SET", "k", "a\r\n$3\r\nb"], ["GET", "k"], ["HSET", "h", "f", ""]]
            let bytes = commands.flatMap { RESPClient.encode($0.map { Array($0.utf8) }) }
            for byte in bytes + Array("PING\r\n".utf8) { try client.send([byte]) }
            #expect(try client.receive() == .simple(Array("OK".utf8)))
            #expect(try client.receive() == .bulk(Array("a\r\n$3\r\nb".utf8)))
            #expect(try client.receive() == .integer(1))
            #expect(try client.receive() == .simple(Array("PONG".utf8)))
        }

        private func residentKilobytes(_ server: ServerProcess) throws -> Int {
            let text = try String(
                contentsOfFile: "/proc/\(server.processID)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
            return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
        }
    }
}
