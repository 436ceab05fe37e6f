/// Whole files: written and read in pieces, cut and damaged at every byte, with something behind them.
import Bytes
import Foundation
import Records
import TestSupport
import Testing

@testable import RDB

@Suite("Snapshot files")
struct FileTests {
    private static let deadline: Int64 = 4_000_000_000_000

    private func dataset(fieldDeadlines: Bool = false, isSmall: Bool = false) -> ModelDataset {
        var generator = ModelGenerator(seed: 5)
        generator.isSmall = isSmall
        var databases: [[ModelDataset.Entry]] = [[], [], []]
        for number in 0..<24 {
            let value = generator.value(kind: fieldDeadlines && number == 7 ? 6 : number % 5)
            databases[number % 2 * 2].append(
                .init(
                    key: Array("key:\(number)".utf8),
                    deadline: number % 3 == 0 ? Self.deadline : nil, make: { value }))
        }
        return ModelDataset(databases)
    }

    private func write(_ dataset: ModelDataset, compresses: Bool = true) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try RDBFileWriter.write(
            dataset, facts: RDBFileFacts(), functionLibraries: [Array("#!lua".utf8)],
            compresses: compresses
        ) { bytes += $0.array }
        return bytes
    }

    @Test("hold what was written, in whatever pieces they come", arguments: [1, 3, 1000, .max])
    func pieces(chunk: Int) throws {
        let dataset = dataset()
        let bytes = try write(dataset)
        let content = try FileContent.read(bytes, chunk: chunk)
        #expect(content.version == 10 && content.isChecked && content.end == bytes.count)
        #expect(content.libraries == [Array("#!lua".utf8)])
        #expect(content.facts["redis-ver"] == "7.0.15" && content.facts["aof-base"] == "0")
        #expect(content.values.count == 24 && content.deadlines.count == 8)
        for (number, entries) in dataset.databases.enumerated() {
            for entry in entries {
                let key = FileContent.Key(database: number, name: entry.key)
                #expect(content.values[key] == entry.make())
                #expect(content.deadlines[key] == entry.deadline)
            }
        }
    }

    @Test("get version 12 where a field has a deadline, and no compression where none is wanted")
    func versions() throws {
        let dataset = dataset(fieldDeadlines: true)
        let content = try FileContent.read(write(dataset))
        #expect(content.version == 12)
        let plain = try write(dataset, compresses: false)
        #expect(try FileContent.read(plain).values == content.values)
        #expect(try write(dataset).count < plain.count)
    }

    @Test("end where they end: what comes behind is handed back, its offset known")
    func tail() throws {
        let bytes = try write(dataset())
        let log = Array("*1\r\n$4\r\nPING\r\n".utf8)
        let content = try FileContent.read(bytes + log)
        #expect(content.end == bytes.count && content.behind == log)
        let byByte = try FileContent.read(bytes + log, chunk: 1, start: 1000)
        #expect(byByte.end == bytes.count + 1000 && byByte.behind == [])
        let end = try bytes.withByteView { view in
            let reader = RDBFileReader(view)
            while try reader.next() != nil {}
            return reader.position
        }
        #expect(end == bytes.count)
    }

    @Test("cut anywhere are truncated, at the place where they were cut")
    func truncations() throws {
        let bytes = try write(dataset(isSmall: true))
        for end in 0..<bytes.count {
            do {
                _ = try FileContent.read(Array(bytes[..<end]))
                Issue.record("was read up to \(end)")
            } catch let error as RDBError {
                #expect(error.code == .truncated && error.offset == end, "\(error)")
            }
        }
    }

    @Test("with one bit turned are refused, or their checksum is")
    func flips() throws {
        let bytes = try write(dataset(isSmall: true))
        var random = SeededGenerator(seed: TestKnobs.seed)
        for _ in 0..<300 {
            var damaged = bytes
            // The checksum's own bytes may not all turn to zero by one bit, so anything is found.
            let place = Int.random(in: 0..<bytes.count, using: &random)
            damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(throws: RDBError.self) { try FileContent.read(damaged) }
        }
    }

    @Test("say in an error which key they were at")
    func errorsNameKeys() throws {
        let body = BodyBuilder().raw(Array("REDIS0010".utf8)).raw([0xFE, 0, 2]).text("broken")
            .count(2).text("m").text("m")
        do {
            _ = try FileContent.read(body.bytes)
            Issue.record("was read")
        } catch let error as RDBError {
            #expect(error.key == Array("broken".utf8) && error.offset != nil)
            #expect(error.description.contains("key 'broken'"))
        }
    }

    @Test("with records of every kind are read; later kinds are refused by name")
    func records() throws {
        let head = Array("REDIS0012".utf8)
        func file(_ build: (BodyBuilder) -> Void, _ magic: [UInt8]? = nil) -> [UInt8] {
            let body = BodyBuilder().raw(magic ?? head)
            build(body)
            return body.raw([0xFF, 0, 0, 0, 0, 0, 0, 0, 0]).bytes
        }
        let all = file {
            $0.raw([0xF4]).count(1).count(2).count(3)
            $0.raw([0xFE, 3, 0xFB, 9, 9])
            $0.raw([0xFD, 1, 0, 0, 0, 0xF8]).count(70_000).raw([0]).text("seconds").text("v")
            $0.raw([0xFC]).number(5).raw([0xF9, 7, 0]).text("milliseconds").text("v")
            $0.raw([0]).text("neither").text("v")
            $0.raw([2]).text("empty").count(0)
        }
        let content = try FileContent.read(all)
        #expect(!content.isChecked && content.emptyKeys == 1 && content.values.count == 3)
        let deadlines = content.deadlines.map { ($0.key.name.count, $0.value) }
        #expect(deadlines.sorted { $0.0 < $1.0 }.map(\.1) == [1000, 5])
        #expect(Array(content.frequencies.values) == [7])
        for (opcode, word) in [
            (0xF6, "function"), (0xF3, "metadata"), (0xF2, "242"), (0xF0, "240"),
        ] as [(UInt8, String)] {
            let bytes = file { $0.raw([opcode]) }
            do {
                _ = try FileContent.read(bytes)
                Issue.record("\(opcode) was read")
            } catch let error as RDBError {
                #expect(error.code == .unsupportedType && error.message.contains(word))
            }
        }
        let slots = file({ $0.raw([0xF3]) }, Array("VALKEY080".utf8))
        #expect(throws: RDBError.self) { try FileContent.read(slots) }
        let valkey = file(
            { $0.raw([22]).text("h").count(1).text("f").text("v").number(9) },
            Array("VALKEY080".utf8))
        #expect(
            try FileContent.read(valkey).value("h")
                == .hash([[102]: ModelField(value: [118], deadline: 9)]))
        for magic in ["REDIS0016", "REDIS0000", "REDISxxxx", "VALKEY081", "RIDES0010", "REDIS"] {
            let bytes = file({ _ in }, Array(magic.utf8))
            #expect(throws: RDBError.self, "\(magic)") { try FileContent.read(bytes) }
        }
        #expect(try FileContent.read(file({ _ in }, Array("REDIS0015".utf8))).version == 15)
    }

    @Test("with values of modules are refused, or read without them")
    func modules() throws {
        let body = BodyBuilder().raw(Array("REDIS0010".utf8)).raw([7]).text("m")
        body.output.append(length: 0x1234_5678_9ABC_DEF0)
        body.raw([1, 5, 2, 0x80, 0, 0, 0, 9, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5])
            .text("string").raw([0]).raw([0]).text("k").text("v")
            .raw([0xFF, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(throws: RDBError.self) { try FileContent.read(body.bytes) }
        let content = try FileContent.read(body.bytes, modules: .skip)
        #expect(content.modules.count == 1 && content.value("k") == .text("v"))
    }

    @Test("are read past values that nobody asks for")
    func skipping() throws {
        let bytes = try write(dataset())
        let keys = try bytes.withByteView { view in
            let reader = RDBFileReader(view)
            var keys = 0
            while let event = try reader.next() { if case .entry = event { keys += 1 } }
            return keys
        }
        #expect(keys == 24)
    }

    @Test("need the memory of their pieces, not of what they announce")
    func memory() throws {
        // A string of 4 GB is announced, and 100 kB come.
        var largest = 0
        var left = 100_000
        let head = Array("REDIS0010".utf8) + [0, 1, 107, 0x80, 0xFF, 0xFF, 0xFF, 0xFF]
        var isFirst = true
        let reader = RDBFileReader { window, count in
            largest = max(largest, count)
            if isFirst {
                isFirst = false
                window.append(head)
                return head.count
            }
            let come = min(count, left, 4096)
            window.appendGap(come)
            left -= come
            return come
        }
        #expect(throws: RDBError.self) { while try reader.next() != nil {} }
        #expect(largest <= 4 << 20)
    }
}
