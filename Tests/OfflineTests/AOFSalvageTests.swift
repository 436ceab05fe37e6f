/// Salvage loses what is damaged and nothing else: logs of ours with any byte flipped, and logs of a plain Redis.
import Backends
import Bytes
import Digest
import Engine
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Offline

/// A log of ours made by our own encoder: a base-less directory, groups of a few commands.
private struct GeneratedLog {
    let folder: TemporaryDirectory
    let path: String
    let bytes: [UInt8]

    /// Records over some keys, in groups as `RecordOutput` makes them from a plain file.
    init(records: Int) throws {
        folder = try TemporaryDirectory()
        var random = SeededGenerator(seed: 41)
        var text = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
        for number in 0..<records {
            let key = "key:\(Int.random(in: 0..<max(10, records / 20), using: &random))"
            let words: [String]
            switch number % 5 {
            case 0: words = ["SET", key, "value:\(number)"]
            case 1: words = ["APPEND", key + "a", "\(number)."]
            case 2: words = ["RPUSH", key + "l", "\(number)"]
            case 3: words = ["HSET", key + "h", "f\(number % 7)", "\(number)"]
            default: words = ["SADD", key + "s", "\(number)"]
            }
            text += AOFSalvageTests.record(words)
        }
        // A server of ours writes the groups: it loads the file, and its rewrite is undone by going back.
        let plain = folder.path + "/data"
        try FileManager.default.createDirectory(
            atPath: plain, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: plain + "/appendonly.aof"))
        let outcome = try OfflineProject.run(
            "aof-check", ["--salvage", folder.path + "/log", plain])
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        path = folder.path + "/log/appendonlydir/appendonly.aof.1.incr.aof"
        bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

@Suite("Salvage of logs")
struct AOFSalvageTests {
    static func record(_ words: [String]) -> String {
        "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    /// Every key's own digest, in all databases.
    private func keys(_ path: String) throws -> [[UInt8]: Hash256] {
        let engine = Engine(databases: 16, clock: SystemClock())
        let source = try LogSource.find(path, SystemFileSystem())
        _ = try source.replayParts(into: engine.replayTarget(), SystemFileSystem())
        var found: [[UInt8]: Hash256] = [:]
        let view = engine.freeze()
        let sink = DigestSink(at: view.frozenAt)
        var sum = Hash256.zero
        sink.onKey = { hash, _ in sum = hash }
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                try sink.add(entry, database: database)
                found[entry.key.array, default: .zero] &+= sum
            }
        }
        return found
    }

    @Test("a flipped byte costs one group at most, and names every key that it may have touched")
    func flippedByte() throws {
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_CAMPAIGN"] != nil
        let log = try GeneratedLog(records: isLong ? 100_000 : 1500)
        let truth = try keys(log.folder.path + "/log")
        #expect(truth.count > 50)
        var random = SeededGenerator(seed: 77)
        let actions = LogActions(databases: 16)
        for round in 0..<(isLong ? 400 : 12) {
            // The head, a line, and anywhere.
            let place =
                round < 6 ? round * 9 : Int.random(in: 0..<log.bytes.count, using: &random)
            var bytes = log.bytes
            bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            try Data(bytes).write(to: URL(fileURLWithPath: log.path))
            let output = log.folder.path + "/out-\(round)"
            let report = try actions.salvage(
                actions.find(log.folder.path + "/log"), to: output)
            #expect(report.regions.count <= 1, "byte \(place): \(report.regions)")
            #expect(!report.maySuspectOthers, "byte \(place): \(report.regions)")
            let saved = try keys(output)
            for (key, digest) in truth where !report.suspectKeys.contains(key) {
                #expect(
                    saved[key] == digest, "byte \(place): \(String(decoding: key, as: UTF8.self))")
            }
            for key in saved.keys { #expect(truth[key] != nil, "byte \(place)") }
            try FileManager.default.removeItem(atPath: output)
        }
    }

    @Test("a wrong digit or zeroed bytes in a plain Redis's log cost the records they are in")
    func foreign() throws {
        let folder = try TemporaryDirectory()
        var text = Self.record(["SELECT", "0"])
        for number in 0..<2000 { text += Self.record(["SET", "key:\(number)", "value:\(number)"]) }
        let middle = Array(text.utf8.prefix(text.utf8.count / 2)).count
        let whole = Array(text.utf8)
        let digit = try #require(
            whole[middle...].indices.first { whole[$0] == 36 && whole[$0 + 2] != 13 })
        var wrongDigit = whole
        wrongDigit[digit + 1] = UInt8(ascii: "9")
        var zeroed = whole
        for index in middle..<(middle + 64) { zeroed[index] = 0 }
        for (name, bytes, lost) in [("digit", wrongDigit, 1), ("zeroes", zeroed, 4)] {
            let path = folder.path + "/\(name).aof"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let outcome = try OfflineProject.run(
                "aof-check", ["--salvage", path + ".out", path])
            #expect(outcome.exitCode == 2, "\(outcome.output)")
            let saved = try keys(path + ".out")
            #expect(saved.count >= 2000 - lost && saved.count < 2000, "\(name): \(saved.count)")
        }
    }

    @Test("--before-command and --truncate-to go back to where they say")
    func backInTime() throws {
        let folder = try TemporaryDirectory()
        let plain = folder.path + "/plain.aof"
        var text = Self.record(["SELECT", "0"])
        for number in 0..<50 { text += Self.record(["SET", "key:\(number)", "v"]) }
        text += Self.record(["FLUSHALL"]) + Self.record(["SET", "late", "v"])
        try Data(text.utf8).write(to: URL(fileURLWithPath: plain))
        let before = try OfflineProject.run(
            "aof-check", ["--before-command", "flushall", "--output", plain + ".b", plain])
        #expect(before.exitCode == 0, "\(before.output)")
        #expect(try keys(plain + ".b").count == 50)
        let log = try GeneratedLog(records: 500)
        for sequence in [0, 1, 250, 500] {
            let output = log.folder.path + "/at-\(sequence)"
            let outcome = try OfflineProject.run(
                "aof-check",
                ["--truncate-to", "\(sequence)", "--output", output, log.folder.path + "/log"])
            #expect(outcome.exitCode == 0, "\(outcome.output)")
            let said = try CheckDocument.of(output)
            #expect(said.status == 0)
            #expect(said.files.reduce(0) { $0 + $1.records } == (sequence == 0 ? 0 : sequence + 1))
        }
    }

    @Test("no bytes make the reader crash or lose its place")
    func noise() throws {
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_CAMPAIGN"] != nil
        let folder = try TemporaryDirectory()
        let path = folder.path + "/noise.aof"
        var random = SeededGenerator(seed: 5)
        let seeds = Defect.all.flatMap { $0.files.values }
            .compactMap { Data(base64Encoded: $0) }.map { [UInt8]($0) }
        #expect(seeds.count > 50)
        let check = LogCheck()
        for round in 0..<(isLong ? 50_000 : 200) {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            if round % 10 == 0 {
                bytes = (0..<Int.random(in: 0..<400, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            }
            for _ in 0..<Int.random(in: 0..<6, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: bytes[..<min(place, 40)], at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let report = try check.run(path)
            let part = try #require(report.scan.parts.first)
            #expect(part.damagedBytes <= bytes.count)
            for region in part.regions {
                #expect(region.offset >= 0 && region.offset + region.length <= bytes.count)
            }
            #expect(part.certainBytes + part.plausibleBytes <= bytes.count)
        }
    }
}
