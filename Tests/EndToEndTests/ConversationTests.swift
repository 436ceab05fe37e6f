/// Commands that change the conversation itself, compared byte for byte with a real server: CLIENT REPLY,
/// CLIENT PAUSE, MONITOR, CLIENT KILL, RESET.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("A conversation", Needs.redis, Needs.holdfast)
    struct ConversationTests {
        /// The bytes that both servers answer to these lines, up to the end of the connection.
        private func compare(_ lines: [String], version: String = "2") throws {
            let folders = (try TemporaryDirectory(), try TemporaryDirectory())
            var answers: [String] = []
            for (kind, folder) in [(ServerProcess.Kind.holdfast, folders.0), (.redis, folders.1)] {
                let server = try ServerProcess(kind, in: folder.path)
                let client = try server.connect()
                client.timeoutMilliseconds = 5000
                try client.run("HELLO", version, "SETNAME", "me")
                try client.send(Array((lines + ["QUIT", ""]).joined(separator: "\r\n").utf8))
                let bytes = (try? client.receiveToEnd()) ?? Array("never closed".utf8)
                answers.append(String(decoding: bytes, as: UTF8.self))
            }
            #expect(answers[0] == answers[1], "\(lines)")
        }

        @Test("goes quiet and loud again with CLIENT REPLY")
        func reply() throws {
            try compare([
                "PING 1", "CLIENT REPLY OFF", "PING 2", "SET k v", "CLIENT REPLY ON", "GET k",
            ])
            try compare(["CLIENT REPLY SKIP", "PING 1", "PING 2", "CLIENT REPLY maybe"])
            try compare(["CLIENT REPLY SKIP", "NOSUCH", "PING 2"])
        }

        @Test("is the same in RESP3")
        func third() throws {
            let lines = [
                "HSET h a 1 b 2", "HELLO 9", "HELLO x", "HGETALL h", "GET none", "MGET none k",
                "CONFIG GET timeout", "CLIENT GETNAME", "MULTI", "GET none", "HGETALL h", "EXEC",
                "WATCH h", "HSET h a 2", "MULTI", "EXEC", "RESET", "HGETALL h", "CLIENT GETNAME",
                "GET none",
            ]
            try compare(lines, version: "3")
            try compare(lines)
        }

        @Test("stays in order when a transaction fails")
        func transactions() throws {
            try compare([
                "MULTI", "SET a 1", "NOSUCH", "EXEC", "MULTI", "SET a", "EXEC", "EXEC", "DISCARD",
                "MULTI", "MULTI", "WATCH a", "INCR a", "EXEC", "WATCH a", "MULTI", "DISCARD",
                "MULTI",
                "SET s x", "INCR s", "HGET s f", "EXEC", "GET s", "MULTI", "RESET", "EXEC",
            ])
        }

        @Test("asks for a password where one is required")
        func password() throws {
            try compare([
                "CONFIG SET requirepass secret", "AUTH wrong", "AUTH secret", "AUTH default secret",
                "AUTH nobody secret", "RESET", "GET k", "PING", "HELLO 3 AUTH default no",
                "AUTH secret", "GET k", "CONFIG SET requirepass \"\"", "AUTH x",
            ])
        }

        @Test("MONITOR shows what others send")
        func monitor() throws {
            let folders = (try TemporaryDirectory(), try TemporaryDirectory())
            var seen: [[String]] = []
            for (kind, folder) in [(ServerProcess.Kind.holdfast, folders.0), (.redis, folders.1)] {
                let server = try ServerProcess(kind, in: folder.path)
                let (observer, client) = (try server.connect(), try server.connect())
                #expect(try observer.run("MONITOR") == .simple(Array("OK".utf8)))
                try client.run([Array("SET".utf8), Array("k".utf8), [0, 10, 34, 255]])
                try client.run("SELECT", "3")
                try client.run("get", "k")
                try client.run("MULTI")
                try client.run("INCR", "n")
                try client.run("EXEC")
                try client.run("NOSUCH")
                try client.run("ECHO", "last")
                var lines: [String] = []
                while lines.last?.hasSuffix("\"last\"") != true {
                    // 1339518083.107412 [0 127.0.0.1:60866] "get" "k"
                    let words = (try observer.receive().text ?? "").split(separator: " ")
                    lines.append(
                        (words.prefix(2).suffix(1) + words.dropFirst(3)).joined(separator: " "))
                }
                seen.append(lines)
            }
            #expect(seen[0] == seen[1])
        }

        @Test("a paused server keeps writes waiting and serves reads")
        func pause() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let (writer, reader) = (try server.connect(), try server.connect())
            try writer.run("SET", "k", "old")
            try reader.run("CLIENT", "PAUSE", "600000", "WRITE")
            try writer.send(RESPClient.encode(["SET", "k", "new"].map { Array($0.utf8) }))
            for _ in 0..<50 { #expect(try reader.run("GET", "k") == .bulk(Array("old".utf8))) }
            #expect(try reader.run("CLIENT", "UNPAUSE") == .simple(Array("OK".utf8)))
            #expect(try writer.receive() == .simple(Array("OK".utf8)))
            #expect(try reader.run("GET", "k") == .bulk(Array("new".utf8)))
        }

        @Test("ends for a client that another one kills")
        func kill() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(.holdfast, in: folder.path)
            let (victim, killer) = (try server.connect(), try server.connect())
            let identifier = try victim.run("CLIENT", "ID").text ?? ""
            #expect(try killer.run("CLIENT", "KILL", "ID", identifier) == .integer(1))
            #expect(throws: ClientError.closed) { try victim.receive() }
            #expect(try killer.run("CLIENT", "KILL", "ID", identifier) == .integer(0))
        }
    }
}
