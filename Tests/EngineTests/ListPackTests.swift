/// Listpacks: every encoding at its borders, read from both ends; damaged ones are never read beyond their bytes.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

@Suite("Listpacks")
struct ListPackTests {
    private static let integers: [Int64] = [
        0, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769, 8_388_607,
        8_388_608, -8_388_608, -8_388_609, 2_147_483_647, 2_147_483_648, -2_147_483_648,
        -2_147_483_649, .max, .min,
    ]
    private static let lengths = [
        0, 1, 62, 63, 64, 65, 125, 126, 127, 128, 4095, 4096, 16377, 16378, 16379, 16384, 100_000,
    ]

    private func pack(_ items: [[UInt8]]) -> [UInt8] {
        let out = ByteWriter()
        ListPack.begin(out)
        for item in items { item.withByteView { ListPack.append($0, to: out) } }
        ListPack.finish(out, elements: items.count)
        return out.array
    }

    private func text(_ element: ListPackElement) -> [UInt8] {
        switch element {
        case .integer(let integer): Decimal.text(integer)
        case .string(let string): string.array
        }
    }

    @Test("what was written is read from the front and found from the end")
    func roundTrip() {
        var items = Self.integers.map { Decimal.text($0) }
        items += Self.lengths.map { [UInt8](repeating: 120, count: $0) }
        items += ["-0", "007", "+1", " 1", "9223372036854775808", "1.5"].map { Array($0.utf8) }
        pack(items).withByteView { view in
            #expect(view.count == Int(view[0]) | Int(view[1]) << 8 | Int(view[2]) << 16)
            #expect(Int(view[4]) | Int(view[5]) << 8 == items.count)
            var place = ListPack.headBytes
            var starts: [Int] = []
            for item in items {
                guard let (element, next) = ListPack.element(view, at: place) else {
                    Issue.record("no element at \(place)")
                    return
                }
                #expect(text(element) == item)
                #expect(item.withByteView { element.isSpelled($0) })
                #expect(!Array("other".utf8).withByteView { element.isSpelled($0) })
                starts.append(place)
                place = next
            }
            #expect(ListPack.isEnd(view, place))
            #expect(ListPack.element(view, at: place) == nil)
            for start in starts.reversed() {
                #expect(ListPack.start(view, before: place) == start)
                place = start
            }
            #expect(ListPack.start(view, before: place) == nil)
        }
    }

    @Test("an integer takes as many bytes as were foretold")
    func sizes() {
        let out = ByteWriter()
        for integer in Self.integers {
            out.removeAll()
            ListPack.append(integer, to: out)
            #expect(out.count == ListPack.bytes(integer))
        }
    }

    @Test("random bytes are read to some end, never beyond")
    func hostile() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let good = pack(
            ["name", "17", "-5000", String(repeating: "x", count: 300)].map { Array($0.utf8) })
        for round in 0..<(TestKnobs.isCampaign ? 200_000 : 3_000) {
            var bytes =
                round % 2 == 0
                ? good
                : (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
            for _ in 0..<Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                    UInt8.random(in: 0...255, using: &random)
            }
            bytes.withByteView { view in
                for start in 0..<min(view.count, 40) {
                    var place = start
                    while let (_, next) = ListPack.element(view, at: place) {
                        #expect(next > place)
                        place = next
                    }
                    place = start
                    while let before = ListPack.start(view, before: place) {
                        #expect(before < place)
                        place = before
                    }
                }
                if let pack = StreamPack(view, id: StreamID(1, 1)) {
                    _ = pack.isSound()
                    _ = pack.lastID
                }
            }
        }
    }

    @Test("the number of Redis's tree nodes follows from the ids")
    func radixNodes() {
        let heap = Heap(sip: SipHash(key0: 1, key1: 2))
        func nodes(_ ids: [StreamID]) -> [Int] {
            let stream = StreamTree.make(heap)
            defer { stream.freeEverything() }
            let limits: CollectionLimits = {
                var limits = CollectionLimits()
                limits.streamNodeEntries = 1
                return limits
            }()
            let scratch = ByteWriter()
            ByteView("f").withPairedView(ByteView("v")) { fields in
                for id in ids { stream.append(id, fields, limits, scratch, heap) }
            }
            return [stream.radixNodes.keys, stream.radixNodes.nodes]
        }
        #expect(nodes([]) == [0, 1])
        #expect(nodes([StreamID(1, 1)]) == [1, 2])
        // A common run, the parting, two leaves.
        #expect(nodes([StreamID(1, 1), StreamID(1, 2)]) == [2, 4])
        // Parting at the millisecond's last byte: each branch goes on with a run.
        #expect(nodes([StreamID(1, 1), StreamID(2, 1)]) == [2, 6])
        #expect(nodes([StreamID(0, 1), StreamID(1 << 56, 1)]) == [2, 5])
    }
}
