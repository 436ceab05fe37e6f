// The log's lines: their style, their levels, and that none gets lost or forged.
import Foundation
import Testing

@testable import Server

struct ServerLogTests {
    @Test("Writes lines in Redis's style")
    func style() throws {
        let log = ServerLog(level: .debug)
        let time = LogTime(seconds: 0, milliseconds: 7)
        func line(_ level: LogLevel, _ message: String) -> String {
            String(decoding: log.line(level, message, at: time), as: UTF8.self)
        }
        let pid = getpid()
        #expect(time.text.wholeMatch(of: /\d\d (Dec|Jan) 19(69|70) \d\d:\d\d:\d\d\.007/) != nil)
        #expect(line(.notice, "x") == "\(pid):C \(time.text) * x\n")
        log.setRole(.master)
        #expect(line(.warning, "x") == "\(pid):M \(time.text) # x\n")
        #expect(line(.verbose, "x") == "\(pid):M \(time.text) - x\n")
        #expect(line(.debug, "x") == "\(pid):M \(time.text) . x\n")
    }

    @Test("Lets no message make a second line")
    func forgery() {
        let line = ServerLog().line(.notice, "a\nb\r\nc", at: .now)
        #expect(line.filter { $0 == 10 }.count == 1)
        #expect(String(decoding: line, as: UTF8.self).hasSuffix("* a\\nb\\r\\nc\n"))
    }

    @Test("Writes what its level allows, and doesn't make the others' messages")
    func levels() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("log").path
        let log = ServerLog(path: file, level: .notice)
        var made = 0
        func message(_ text: String) -> String {
            made += 1
            return text
        }
        log.debug(message("one"))
        log.verbose(message("two"))
        log.notice(message("three"))
        log.warning(message("four"))
        log.setLevel(.nothing)
        log.warning(message("five"))
        log.setLevel(.debug)
        log.debug(message("six"))
        log.raw(.notice, "logo\nlogo\n")
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(
            lines.map { $0.split(separator: " ").last.map(String.init) }
                == ["three", "four", "six", "logo", "logo"])
        #expect(made == 3)
    }

    @Test("Makes the file anew after log rotation moved it")
    func rotation() throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("log").path
        let log = ServerLog(path: file)
        log.notice("before")
        try FileManager.default.moveItem(atPath: file, toPath: file + ".1")
        log.notice("after")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("* after\n"))
        #expect(try String(contentsOfFile: file + ".1", encoding: .utf8).hasSuffix("* before\n"))
    }

    @Test("Keeps lines of many threads whole")
    func threads() async throws {
        let folder = try TemporaryFolder.make()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("log").path
        let log = ServerLog(path: file)
        let text = String(repeating: "x", count: 300)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<100 { log.notice(text) } } }
        }
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 400)
        #expect(lines.allSatisfy { $0.hasSuffix("* " + text) })
    }

    @Test("Keeps the wording that operators and harnesses look for")
    func wording() {
        #expect(LogWording.processIdentifier(5) == "PID: 5")
        #expect(LogWording.readyToAccept("tcp").hasPrefix("Ready to accept connections"))
        #expect(
            LogWording.loadedFromAppendOnlyFile(seconds: 1.0057)
                == "DB loaded from append only file: 1.006 seconds")
        #expect(
            LogWording.failedListening(port: 1) == "Failed listening on port 1 (tcp), aborting.")
        #expect(
            LogWording.badFormat("a").hasPrefix("Bad file format reading the append only file a"))
        #expect(
            LogWording.unexpectedEnd("a")
                .hasPrefix("Unexpected end of file reading the append only file a."))
    }
}
