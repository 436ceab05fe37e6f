/// What our writer writes our reader reads; LZF and listpacks on their own.
import Bytes
import TestSupport
import Testing

@testable import RDB

@Suite("Values survive being written and read")
struct RoundTripTests {
    @Test("random values of every type come back equal")
    func randomValues() throws {
        print("seed \(TestKnobs.seed)")
        var generator = ModelGenerator(seed: TestKnobs.seed)
        for _ in 0..<TestKnobs.count("HOLDFAST_ROUNDS", or: 200) {
            let value = generator.value()
            let payload = try ModelFrozen.payload(value)
            #expect(try ModelReading.payload(payload) == value)
        }
    }

    @Test(
        "every packing limit gives the same value", arguments: [0, 1, 100, 100_000])
    func limits(entries: Int) throws {
        var limits = RDBPackingLimits()
        limits.entries = entries
        limits.entryBytes = entries
        limits.intsetEntries = entries
        limits.listNodeBytes = entries
        limits.streamNodeEntries = entries
        limits.streamNodeBytes = entries
        var generator = ModelGenerator(seed: 1)
        for _ in 0..<40 {
            let value = generator.value()
            let payload = try ModelFrozen.payload(value, limits: limits)
            #expect(try ModelReading.payload(payload) == value)
        }
    }

    @Test("the lowest type and version that hold a value are taken")
    func types() throws {
        func head(_ value: ModelValue) throws -> [Int] {
            let payload = try ModelFrozen.payload(value)
            return [Int(payload[0]), Int(payload[payload.count - 10])]
        }
        let long = [UInt8](repeating: 65, count: 65)
        #expect(try head(.text("x")) == [0, 10])
        #expect(try head(.list([[65]])) == [18, 10])
        #expect(try head(.set([[49], [50]])) == [11, 10])
        #expect(try head(.set([[49], [65]])) == [2, 10])
        #expect(try head(.sortedSet([[65]: 1])) == [17, 10])
        #expect(try head(.sortedSet([long: 1])) == [5, 10])
        #expect(try head(.hash([[65]: ModelField(value: [66])])) == [16, 10])
        #expect(try head(.hash([[65]: ModelField(value: long)])) == [4, 10])
        #expect(try head(.hash([[65]: ModelField(value: [66], deadline: 9)])) == [24, 12])
        #expect(try head(.stream(ModelStream())) == [19, 10])
    }

    @Test("a later version keeps when a stream's consumers were active")
    func activeTimes() throws {
        var stream = ModelStream()
        var group = ModelGroup(last: .minimum, entriesRead: -1)
        group.consumers[[65]] = ModelConsumer(seenTime: 9, activeTime: -1)
        stream.groups[[66]] = group
        let payload = try ModelFrozen.payload(.stream(stream), version: 11)
        #expect(payload[0] == 21 && payload[payload.count - 10] == 11)
        #expect(try ModelReading.payload(payload) == .stream(stream))
    }

    @Test("integers are told from text that only looks like one")
    func integers() throws {
        for text in ["0", "-1", "127", "-128", "32767", "2147483647", "-2147483648", "2147483648"] {
            #expect(try ModelReading.payload(ModelFrozen.payload(.text(text))) == .text(text))
        }
        let short = try ModelFrozen.payload(.text("-128"))
        #expect(short[1] == 0xC0 && short[2] == 0x80)
        for text in ["", "-", "-0", "00", "+1", "1 ", "12345678901234567890123"] {
            let value = ModelValue.list([Array(text.utf8)])
            #expect(try ModelReading.payload(ModelFrozen.payload(value)) == value)
        }
    }
}

@Suite("LZF")
struct LZFTests {
    private func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        var compressor = LZFCompressor()
        let output = ByteWriter()
        return bytes.withByteView { compressor.compress($0, to: output) } ? output.array : nil
    }

    private func expanded(_ bytes: [UInt8], _ count: Int) throws -> [UInt8] {
        let output = ByteWriter()
        try bytes.withByteView { try LZF.decompress($0, count: count, to: output) }
        return output.array
    }

    @Test("gives back what it was given, with one compressor for all")
    func roundTrip() throws {
        var random = SeededGenerator(seed: TestKnobs.seed)
        var compressor = LZFCompressor()
        var worked = 0
        for _ in 0..<300 {
            let letters = UInt8.random(in: 1...40, using: &random)
            let bytes = (0..<Int.random(in: 0...12_000, using: &random)).map { _ in
                UInt8.random(in: 0...letters, using: &random) / 3
            }
            let output = ByteWriter()
            guard bytes.withByteView({ compressor.compress($0, to: output) }) else { continue }
            worked += 1
            #expect(output.count <= bytes.count - 4)
            #expect(try expanded(output.array, bytes.count) == bytes)
        }
        #expect(worked > 100)
    }

    @Test("leaves what it can't shrink by four bytes")
    func noGain() {
        #expect(compressed(Array("abcdefghijklmnopqrstuvwxyz".utf8)) == nil)
        #expect(compressed([]) == nil)
        #expect(compressed([1, 1, 1, 1]) == nil)
        #expect(compressed([UInt8](repeating: 7, count: 100)) != nil)
    }

    @Test("refuses damage and bombs before it takes memory")
    func damage() throws {
        let bytes = [UInt8](repeating: 7, count: 100)
        let good = try #require(compressed(bytes))
        #expect(throws: RDBError.self) { try expanded(good, 99) }
        #expect(throws: RDBError.self) { try expanded(good, 101) }
        #expect(throws: RDBError.self) { try expanded(good, good.count * 88 + 1) }
        #expect(throws: RDBError.self) { try expanded(good, .max) }
        #expect(throws: RDBError.self) { try expanded([0x20, 0], 3) }
        #expect(throws: RDBError.self) { try expanded([0xE0], 3) }
        #expect(throws: RDBError.self) { try expanded([0xE0, 1], 3) }
        #expect(throws: RDBError.self) { try expanded([31, 1, 2], 32) }
        for end in 0..<good.count {
            #expect(throws: RDBError.self) { try expanded(Array(good[..<end]), 100) }
        }
    }
}
