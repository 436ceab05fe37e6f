/// Logs of Redis that begin with a snapshot: what is loaded, what is refused, and where the refusal points.
import Backends
import Bytes
import Foundation
import Persistence
import RDB
import Records
import TestSupport
import Testing

@Suite("Logs that begin with a snapshot")
struct PreambleTests {
    private let sample = SnapshotBytes().database(0).key("a", "1").database(3).key("b", "2")
    private let tail = RedisFolder.commands([["SET", "c", "3"]])

    @Test("an RDB base and its increment are loaded", arguments: [true, false])
    func base(forRedis7: Bool) throws {
        let dataset = RedisFolder.dataset(seed: 21, units: 300, forRedis7: forRedis7)
        let snapshot = try SnapshotBytes.of(dataset)
        let select = RedisFolder.commands([["SELECT", "2"], ["SET", "later", "yes"]])
        let trial = Trial(RedisFolder.image(snapshot, select))
        #expect(trial.refusal == nil)
        #expect(trial.text("later", 2) == "yes")
        dataset.put(
            Array("later".utf8), NaiveEntry(value: .string(Array("yes".utf8))), 2)
        #expect(trial.target.dataset.digest == dataset.digest)
        #expect(trial.report.keys == dataset.keyCount && trial.report.foundData)
        #expect(trial.report.warnings == [] && trial.report.damages == [])
    }

    @Test("commands behind a preamble begin in database 0, whatever the snapshot ended in")
    func tailDatabase() throws {
        let whole = Trial(RedisFolder.oldImage(sample.ended() + tail))
        #expect(whole.refusal == nil)
        #expect(whole.text("a") == "1" && whole.text("b", 3) == "2" && whole.text("c") == "3")
        let parted = Trial(RedisFolder.image(sample.ended() + tail, tail))
        #expect(parted.refusal == nil && parted.text("c") == "3" && parted.text("c", 3) == nil)
        // Each file of a plain Redis begins there, not only one with a snapshot.
        let far = RedisFolder.commands([["SELECT", "5"], ["SET", "x", "y"]])
        let both = Trial(RedisFolder.image(far, tail))
        #expect(both.refusal == nil && both.text("x", 5) == "y" && both.text("c") == "3")
    }

    @Test("an old single file becomes the base, and is loaded as that again")
    func oldFile() throws {
        let first = Trial(RedisFolder.oldImage(sample.ended() + tail))
        #expect(first.refusal == nil)
        let live = first.disk.live
        #expect(live.files[RedisFolder.old] == nil)
        #expect(
            live.files[RedisFolder.folder + "/appendonly.aof"]?.bytes == sample.ended() + tail)
        let second = Trial(live)
        #expect(second.refusal == nil && second.report.keys == 3)
        #expect(second.target.dataset.digest == first.target.dataset.digest)
    }

    @Test("an old single file moves where files have one name only, too")
    func oldFileWithoutLinks() throws {
        let trial = Trial(RedisFolder.oldImage(sample.ended()), unsupported: .link)
        #expect(trial.refusal == nil && trial.report.keys == 2)
        #expect(trial.disk.live.files[RedisFolder.old] == nil)
        #expect(Trial(trial.disk.live).report.keys == 2)
    }

    @Test("a torn command behind a preamble is cut off, the preamble never")
    func tornTail() throws {
        let snapshot = sample.ended()
        for length in 1..<tail.count {
            let bytes = snapshot + tail + tail.prefix(length)
            let trial = Trial(RedisFolder.oldImage(bytes))
            #expect(trial.refusal == nil && trial.report.keys == 3)
            #expect(trial.report.damages.map(\.offset) == [snapshot.count + tail.count])
            let strict = Trial(RedisFolder.oldImage(bytes)) { $0.loadsTruncated = false }
            #expect(strict.refusal?.code == .tornTail)
            #expect(strict.refusal?.offset == snapshot.count + tail.count)
        }
    }

    @Test("keys past their deadline are kept, for commands that follow may need them")
    func deadlines() throws {
        let snapshot = SnapshotBytes().key("old", "1", deadline: 1000)
            .key("older", "2", deadline: -5).key("young", "3", deadline: 1 << 50)
        let persist = RedisFolder.commands([["PERSIST", "old"]])
        let trial = Trial(RedisFolder.image(snapshot.ended(), persist))
        #expect(trial.refusal == nil && trial.report.keys == 3)
        let dataset = trial.target.dataset
        #expect(dataset.entry(Array("old".utf8))?.deadline == nil)
        #expect(dataset.entry(Array("older".utf8))?.deadline == 0)
        #expect(dataset.entry(Array("young".utf8))?.deadline == 1 << 50)
    }

    @Test("Valkey's snapshots are loaded as Redis's")
    func valkey() throws {
        let trial = Trial(
            RedisFolder.image(SnapshotBytes(magic: "VALKEY080").key("a", "1").ended()))
        #expect(trial.refusal == nil && trial.text("a") == "1")
    }

    @Test("a library of functions is left out by name, a missing checksum and empty keys are told")
    func warnings() throws {
        let source = "#!lua name=mine\nredis.register_function('f', print)"
        let emptyList: [UInt8] = [1, 1, UInt8(ascii: "e"), 0]
        let snapshot = sample.with([0xF5]).with(text: source).with(emptyList)
            .ended(isChecked: false)
        let trial = Trial(RedisFolder.image(snapshot))
        #expect(trial.refusal == nil && trial.report.keys == 2)
        let warnings = trial.report.warnings
        #expect(warnings.count == 3)
        #expect(warnings.contains { $0.contains("'mine'") && $0.contains(RedisFolder.base) })
        #expect(warnings.contains { $0.contains("without a checksum") })
        #expect(warnings.contains { $0.contains("'e' of database 3 has no elements") })
    }

    /// A refusal: the records behind the sample, and what the message must say.
    private static let refusals: [(String, [UInt8], PersistenceError.Code, [String])] = [
        ("module value", [7, 1, 97, 0x81] + moduleID + [0], .unsupportedFormat, ["AAAAAAAAA"]),
        (
            "module data", [0xF7, 0x81] + moduleID + [2, 1, 0], .unsupportedFormat,
            ["AAAAAAAAA", "bgrewriteaof"]
        ),
        ("unknown type", [60, 1, 97, 0], .unsupportedFormat, ["60"]),
        ("unknown record", [0xF0], .unsupportedFormat, ["240"]),
        ("database 16", [0xFE, 16], .conflict, ["16", "--databases 17"]),
        (
            "a name twice", [0, 1, UInt8(ascii: "b"), 1, 50], .corrupt,
            ["'b' stands twice in database 3"]
        ),
        ("a list of 2^62", [1, 1, 97, 0x81, 64, 0, 0, 0, 0, 0, 0, 0], .corrupt, ["key 'a'"]),
        ("a string of 2^40", [0, 1, 97, 0x81, 0, 0, 1, 0, 0, 0, 0, 0], .corrupt, ["longer"]),
        ("a string of 4 GB", [0, 1, 97, 0x80, 255, 255, 255, 255], .corrupt, ["too early"]),
    ]
    private static let moduleID: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]

    @Test("what can't be held is refused with its place, and the disk stays as it is")
    func refused() throws {
        for (name, records, code, words) in Self.refusals {
            let snapshot = sample.with(records).ended()
            for image in [
                RedisFolder.image(snapshot, tail), RedisFolder.oldImage(snapshot + tail),
            ] {
                let trial = Trial(image)
                let error = try #require(trial.refusal, "\(name) was loaded")
                #expect(error.code == code, "\(name): \(error)")
                #expect(error.path.map { image.files[$0] != nil } == true, "\(name)")
                let offset = try #require(error.offset, "\(name)")
                #expect((sample.bytes.count...snapshot.count + tail.count).contains(offset))
                for word in words { #expect("\(error)".contains(word), "\(name): \(error)") }
                #expect(error.remedy != nil, "\(name)")
                expectUnchanged(trial, image)
            }
        }
    }

    /// The lock's file is there; nothing else has changed.
    private func expectUnchanged(_ trial: Trial, _ image: DiskImage) {
        let live = trial.disk.live
        for (path, content) in image.files {
            #expect(live.files[path]?.bytes == content.bytes, "\(path) was changed")
        }
        let added = Set(live.files.keys).subtracting(image.files.keys)
        #expect(added.allSatisfy { $0.hasSuffix(".lock") }, "\(added)")
    }

    @Test("hints of sizes are only hints")
    func hints() throws {
        let huge: [UInt8] = [0x81, 127, 255, 255, 255, 255, 255, 255, 255]
        let trial = Trial(RedisFolder.image(sample.with([0xFB] + huge + huge).ended()))
        #expect(trial.refusal == nil && trial.report.keys == 2)
    }

    @Test("later versions are refused by name", arguments: ["REDIS0099", "REDIS0000", "VALKEY999"])
    func versions(magic: String) throws {
        let trial = Trial(RedisFolder.image(SnapshotBytes(magic: magic).key("a", "1").ended()))
        #expect(trial.refusal?.code == .unsupportedVersion)
        #expect("\(try #require(trial.refusal))".contains(magic))
    }

    @Test("a base that is right does not help where the increment is damaged: nothing changes")
    func damagedIncrement() throws {
        let image = RedisFolder.image(sample.ended(), tail + Array("rubbish\r\n".utf8))
        let trial = Trial(image)
        #expect(trial.refusal?.code == .corrupt && trial.refusal?.path == RedisFolder.increment)
        #expect(trial.refusal?.offset == tail.count)
        expectUnchanged(trial, image)
    }

    @Test("cut anywhere, a base is refused at its end; with any bit flipped, within it")
    func everyDamage() throws {
        let dataset = RedisFolder.dataset(seed: 5, units: 12)
        let snapshot = try SnapshotBytes.of(dataset)
        for length in 0..<snapshot.count where length != 0 {
            let image = RedisFolder.image(Array(snapshot.prefix(length)), tail)
            let trial = Trial(image)
            #expect(trial.refusal?.code == .corrupt || length < 6, "cut at \(length)")
            #expect(trial.refusal?.path == RedisFolder.base, "cut at \(length)")
            #expect(trial.refusal?.offset.map { $0 <= length } == true, "cut at \(length)")
        }
        var wrong = 0
        for bit in 0..<(snapshot.count * 8) {
            var bytes = snapshot
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let trial = Trial(RedisFolder.image(bytes, tail))
            let isRefused =
                trial.refusal?.path == RedisFolder.base
                && trial.refusal?.offset.map { $0 <= snapshot.count } == true
            if !isRefused { wrong += 1 }
        }
        #expect(wrong == 0, "of \(snapshot.count * 8) flipped bits")
    }
}
