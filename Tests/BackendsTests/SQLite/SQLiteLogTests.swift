/// The write-ahead log beside a reader of another program that doesn't end.
import Foundation
import TestSupport
import Testing

@Suite("The sqlite backend's log")
struct SQLiteLogTests {
    /// The stock shell in the middle of a read transaction.
    private final class Reader {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()

        init(_ path: String) throws {
            process.executableURL = URL(fileURLWithPath: ServerProcess.find("sqlite3") ?? "sqlite3")
            process.arguments = [path]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            input.fileHandleForWriting.write(
                Data("BEGIN;\nSELECT 'rows ' || count(*) FROM keys;\n".utf8))
            var text = ""
            while !text.contains("\n") {
                let data = output.fileHandleForReading.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
            }
            try #require(text.hasPrefix("rows "), "\(text)")
        }

        func end() throws {
            input.fileHandleForWriting.write(Data("COMMIT;\n".utf8))
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    @Test(
        "stays below its limit beside a reader that doesn't end, refuses writes, and is used again",
        .enabled(if: ServerProcess.find("sqlite3") != nil, "sqlite3 is not installed"))
    func limit() throws {
        let limit = 4 << 20
        let rig = try SQLiteRig(logLimitBytes: limit)
        func write(_ number: Int) {
            rig.unit { record in
                for part in 0..<10 {
                    withTexts(["key:\(number * 10 + part)", String(repeating: "v", count: 500)]) {
                        record(.set(key: $0[0], value: $0[1], deadline: nil), 0)
                    }
                }
            }
            rig.commit()
        }
        func logBytes() throws -> Int {
            let facts = try FileManager.default.attributesOfItem(atPath: rig.path + "-wal")
            return (facts[.size] as? NSNumber)?.intValue ?? -1
        }
        for number in 0..<10 { write(number) }
        let reader = try Reader(rig.path)
        var number = 10
        while rig.backend.refusal == nil && number < 5000 {
            write(number)
            number += 1
        }
        let reason = try #require(rig.backend.refusal?.reason)
        #expect(reason.contains("write-ahead log has grown to its limit"), "\(reason)")
        #expect(rig.figure("sqlite_wal_limit_bytes") == limit)
        #expect(rig.figure("sqlite_wal_bytes") == (try logBytes()))
        #expect(try logBytes() <= limit)
        #expect(try logBytes() > limit / 2)
        // It is tried again, in vain while the reader is there.
        let now = rig.clock.monotonicNanoseconds
        for turn in 0..<3 as Range<UInt64> {
            rig.backend.tick(nowNanoseconds: now + turn * 100_000_000)
            rig.runner.drain()
        }
        #expect(rig.backend.refusal != nil)
        #expect(try logBytes() <= limit)
        try reader.end()
        let isWriting = Eventually.holds(seconds: 20) {
            rig.backend.tick(nowNanoseconds: rig.clock.monotonicNanoseconds)
            rig.runner.drain()
            return rig.backend.refusal == nil
        }
        #expect(isWriting)
        #expect(rig.figure("sqlite_wal_bytes") == 0)
        write(number)
        // Without a reader the log stays near a quarter of the limit however much is written.
        for more in 0..<500 { write(more) }
        #expect(rig.backend.refusal == nil)
        #expect(try rig.found() == rig.expected)
        try rig.backend.close()
        let next = try SQLiteRig(in: rig.folder)
        #expect(try next.expected == rig.expected)
        try next.backend.close()
    }
}
