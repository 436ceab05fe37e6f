/// Damaged and random bytes: the reader may refuse them or read something, and never traps, never takes
/// memory by what they announce.
import Bytes
import Foundation
import Records
import TestSupport
import Testing

@testable import RDB

/// Counts what it is handed; takes everything for new.
private final class CountingSink: RDBValueSink {
    var bytes = 0
    var highestExpectation = 0

    private func expect(_ count: Int) { highestExpectation = max(highestExpectation, count) }
    func string(_ value: ByteView) { bytes += value.count }
    func beginList(expecting count: Int) { expect(count) }
    func element(_ value: ByteView) { bytes += value.count }
    func beginSet(expecting count: Int, isIntegers: Bool) { expect(count) }
    func member(_ member: ByteView) -> Bool {
        bytes += member.count
        return true
    }
    func beginSortedSet(expecting count: Int) { expect(count) }
    func member(_ member: ByteView, score: Double) -> Bool {
        bytes += member.count
        return !score.isNaN
    }
    func beginHash(expecting count: Int) { expect(count) }
    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) -> Bool {
        bytes += field.count + value.count
        return true
    }
    func beginStream() {}
    func entry(_ id: StreamID, fields: ByteViews) { for field in fields { bytes += field.count } }
    func streamFacts(_ facts: StreamFacts) {}
    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool { true }
    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool { true }
    func pending(_ id: StreamID, time: Int64, count: UInt64) { bytes += 16 }
}

@Suite("Hostile bytes")
struct FuzzTests {
    private static let rounds = TestKnobs.count("HOLDFAST_FUZZ_ROUNDS", or: 4000)

    /// Reads a body as any outcome but a trap; answers whether it was read.
    private func survive(_ type: UInt8, _ body: [UInt8]) -> Bool {
        let sink = CountingSink()
        defer {
            #expect(sink.highestExpectation <= max(body.count, 88 * body.count))
            // Packed blobs expand by LZF at most, and repeat field names within their own allowance.
            #expect(sink.bytes <= 88 * body.count * 20 + (65 << 20))
        }
        return body.withByteView { view in
            do {
                _ = try RDBValueReader(RDBInput(view)).read(type, into: sink)
                return true
            } catch let error as RDBError {
                #expect(error.offset.map { (0...body.count).contains($0) } ?? false)
                return false
            } catch {
                Issue.record("\(error)")
                return false
            }
        }
    }

    /// One to four changes: bits, bytes, lengths, cuts, doubled runs.
    private func damage(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            if bytes.isEmpty { return [0] }
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...6, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes[place] = [0, 0x7F, 0x80, 0x81, 0xC3, 0xF0, 0xFE, 0xFF][place & 7]
            case 3: bytes.removeLast(min(bytes.count, Int.random(in: 1...20, using: &random)))
            case 4: bytes.remove(at: place)
            case 5:
                let end = min(bytes.count, place + Int.random(in: 1...30, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            default:
                bytes.insert(
                    contentsOf: [0x81, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], at: place)
            }
        }
        return bytes
    }

    private func seeds() throws -> [(UInt8, [UInt8])] {
        var generator = ModelGenerator(seed: TestKnobs.seed)
        var seeds: [(UInt8, [UInt8])] = []
        var small = RDBPackingLimits()
        small.entries = 10
        for number in 0..<48 {
            let limits = number % 2 == 0 ? RDBPackingLimits() : small
            let payload = try ModelFrozen.payload(generator.value(kind: number % 8), limits: limits)
            seeds.append((payload[0], Array(payload[1..<(payload.count - 10)])))
        }
        let pack = BodyBuilder.listpack(["a", "1", "1000", "b", "2", "0"])
        let ziplist = BodyBuilder.ziplist([[1, 97], [0xF2], [1, 98], [0xC0, 1, 2]])
        seeds.append((23, BodyBuilder().blob(pack).bytes))
        seeds.append((25, BodyBuilder().number(1000).blob(pack).bytes))
        for type in [10, 12, 13] as [UInt8] {
            seeds.append((type, BodyBuilder().blob(ziplist).bytes))
        }
        seeds.append((14, BodyBuilder().count(2).blob(ziplist).blob(ziplist).bytes))
        seeds.append((9, BodyBuilder().blob([1, 1, 97, 1, 0, 98, 255]).bytes))
        seeds.append((20, BodyBuilder().blob(BodyBuilder.listpack(["a", "b"])).bytes))
        return seeds
    }

    @Test("damaged values are refused or read, and nothing worse")
    func damagedValues() throws {
        print("seed \(TestKnobs.seed)")
        var random = SeededGenerator(seed: TestKnobs.seed)
        let seeds = try seeds()
        for (type, body) in seeds { #expect(survive(type, body), "\(type)") }
        var refused = 0
        for round in 0..<Self.rounds {
            let (type, body) = seeds[round % seeds.count]
            if !survive(type, damage(body, &random)) { refused += 1 }
        }
        #expect(refused > Self.rounds / 4)
    }

    @Test("damaged blobs without compression reach every packed reader")
    func damagedBlobs() throws {
        var random = SeededGenerator(seed: TestKnobs.seed &+ 1)
        let words = (0..<20).map { $0 % 2 == 0 ? "w\($0)" : "\($0 * 977)" }
        let listpack = BodyBuilder.listpack(words)
        let ziplist = BodyBuilder.ziplist(words.map { [UInt8($0.utf8.count)] + Array($0.utf8) })
        let intset = BodyBuilder.intset(4, [1, 2, 3, 70_000])
        let zipmap: [UInt8] = [2, 1, 97, 1, 0, 98, 1, 99, 2, 3, 100, 101, 0, 0, 0, 255]
        let blobs: [(UInt8, [UInt8])] = [
            (16, listpack), (17, listpack), (20, listpack), (23, listpack), (12, ziplist),
            (13, ziplist), (10, ziplist), (11, intset), (9, zipmap),
        ]
        for round in 0..<Self.rounds {
            let (type, blob) = blobs[round % blobs.count]
            // The sizes are set right again half of the time: the damage is then inside.
            var damaged = damage(blob, &random)
            if round % 2 == 0 && damaged.count > 6 && type != 9 && type != 11 {
                damaged.replaceSubrange(0..<4, with: BodyBuilder.little(damaged.count, 4))
                damaged[damaged.count - 1] = 255
            }
            _ = survive(type, BodyBuilder().blob(damaged).bytes)
        }
    }

    @Test("random bytes of every type are survived")
    func randomBytes() {
        var random = SeededGenerator(seed: TestKnobs.seed &+ 2)
        for round in 0..<Self.rounds {
            let count = Int.random(in: 0...60, using: &random)
            let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = survive(UInt8(round % 28), body)
        }
    }

    @Test("truncations of every value at every byte are refused")
    func truncations() throws {
        for (type, body) in try seeds() {
            let step = max(1, body.count / 60)
            for end in Swift.stride(from: 0, to: body.count, by: step) {
                #expect(!survive(type, Array(body[..<end])), "\(type) \(end)")
            }
        }
    }

    @Test("damaged files are refused or read, and nothing worse")
    func damagedFiles() throws {
        var random = SeededGenerator(seed: TestKnobs.seed &+ 3)
        var generator = ModelGenerator(seed: 9)
        let entries = (0..<10).map { number in
            let value = generator.value(kind: number % 8)
            return ModelDataset.Entry(key: [UInt8(97 + number)], deadline: 5, make: { value })
        }
        var bytes: [UInt8] = []
        try RDBFileWriter.write(ModelDataset([entries]), facts: RDBFileFacts()) {
            bytes += $0.array
        }
        for _ in 0..<(Self.rounds / 20) {
            let damaged = damage(bytes, &random)
            do {
                _ = try FileContent.read(damaged, modules: .skip, checksChecksum: false)
            } catch {
                #expect(error is RDBError)
            }
        }
    }
}
