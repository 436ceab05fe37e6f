/// Bits of byte strings, MurmurHash, and numbers in fixed notation.
import Bytes
import TestSupport
import Testing

@Suite("Bits, hashes and fixed decimals")
struct BitTests {
    private func firstBit(_ bytes: [UInt8], _ isSet: Bool) -> Int? {
        for (index, byte) in bytes.enumerated() {
            for bit in 0..<8 where (byte >> UInt8(7 - bit) & 1 == 1) == isSet {
                return index * 8 + bit
            }
        }
        return nil
    }

    @Test("bits are counted and found at every length and place")
    func bits() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        for count in 0..<70 {
            for filler: UInt8 in [0, 255] {
                var bytes = [UInt8](repeating: filler, count: count)
                for _ in 0..<Int.random(in: 0..<3, using: &random) where count > 0 {
                    bytes[Int.random(in: 0..<count, using: &random)] = .random(
                        in: 0...255, using: &random)
                }
                // Offsets make words unaligned.
                ([9] + bytes).withByteView { whole in
                    let view = whole.dropFirst(1)
                    #expect(view.setBitCount == bytes.reduce(0) { $0 + $1.nonzeroBitCount })
                    #expect(view.firstBit(true) == firstBit(bytes, true))
                    #expect(view.firstBit(false) == firstBit(bytes, false))
                }
            }
        }
    }

    @Test("MurmurHash64A gives what the published function gives")
    func murmur() {
        let expected: [(text: String, hash: UInt64)] = [
            ("", 0xd8df_ea65_85bc_9732), ("a", 0x53d2_470a_9b43_b1a7),
            ("abcdefg", 0x22fe_613b_b08c_9602), ("abcdefgh", 0xf3a6_5df5_5991_4567),
            ("abcdefghi", 0x834f_ba4d_9152_daf7),
        ]
        for (text, hash) in expected {
            Array(text.utf8).withByteView {
                #expect(MurmurHash.hash64A($0, seed: 0xadc8_3b19) == hash, "\(text)")
            }
        }
    }

    @Test("fixed notation is exact, rounds half to even, and drops zeros where asked to")
    func fixed() {
        func text(_ value: Double, _ decimals: Int, _ isTrimmed: Bool = false) -> String {
            let out = ByteWriter()
            out.append("<")
            FloatText.append(value, decimals: decimals, isTrimmed: isTrimmed, to: out)
            return String(decoding: out.array.dropFirst(), as: UTF8.self)
        }
        #expect(text(0.125, 2) == "0.12")
        #expect(text(0.375, 2) == "0.38")
        #expect(text(-1.5, 0) == "-2")
        #expect(text(13.361389338970184, 17) == "13.36138933897018433")
        #expect(text(13.361389338970184, 17, true) == "13.36138933897018433")
        #expect(text(2, 17, true) == "2")
        #expect(text(2.5, 17, true) == "2.5")
        #expect(text(100, 4, true) == "100")
        #expect(text(-0.0, 4, true) == "0")
        #expect(text(1e300, 6).count == 308)
        #expect(text(-.greatestFiniteMagnitude, 17).count == 328)
        #expect(text(.infinity, 6) == "inf")
    }
}
