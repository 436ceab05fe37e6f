/// CRC-32C in both forms, and SipHash-1-2, against vectors from elsewhere.
import TestSupport
import Testing

@testable import Bytes

@Suite("Checksums and hashes")
struct ChecksumTests {
    @Test("CRC-32C agrees with the vectors of RFC 3720")
    func vectors() {
        let ascending = (0..<32).map { UInt8($0) }
        let cases: [([UInt8], UInt32)] = [
            ([], 0),
            (Array("123456789".utf8), 0xE306_9283),
            (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
            (ascending, 0x46DD_794E),
            (ascending.reversed(), 0x113F_DB5C),
        ]
        for (bytes, expected) in cases {
            #expect(CRC32C.checksum(bytes) == expected)
            #expect(CRC32C.portableChecksum(bytes) == expected)
        }
    }

    @Test("the CPU's form and the table's agree at every length, place and seed")
    func forms() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let bytes = (0..<600).map { _ in UInt8.random(in: 0...255, using: &random) }
        for count in 0..<300 {
            let start = count % 9
            let part = Array(bytes[start..<(start + count)])
            let seed = UInt32.random(in: 0...UInt32.max, using: &random)
            #expect(
                CRC32C.checksum(part, seed: seed) == CRC32C.portableChecksum(part, seed: seed))
        }
    }

    @Test("a checksum may be computed in pieces")
    func pieces() {
        let bytes = Array("Holdfast keeps what it was given".utf8)
        let whole = CRC32C.checksum(bytes)
        for cut in 0...bytes.count {
            let first = CRC32C.checksum(Array(bytes[..<cut]))
            #expect(CRC32C.checksum(Array(bytes[cut...]), seed: first) == whole)
        }
    }

    @Test("any flipped bit changes the checksum")
    func flips() {
        let bytes = Array("a record of some sixty bytes, as the log would write it down".utf8)
        let whole = CRC32C.checksum(bytes)
        for bit in 0..<(bytes.count * 8) {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(CRC32C.checksum(damaged) != whole)
        }
    }

    /// From a Python implementation of the paper with round counts as parameters, which gives the
    /// paper's own vectors for SipHash-2-4; key 00 01 ... 0f, message 00 01 ... of each length.
    @Test("SipHash-1-2 agrees with an independent implementation")
    func sipHash() {
        let sip = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0F0E_0D0C_0B0A_0908)
        let expected: [Int: UInt64] = [
            0: 0xCEA2_8B51_565C_12E2, 1: 0x94AA_F38C_34CE_7BA6, 7: 0xF03C_4CBC_F492_B05A,
            8: 0x6068_45B4_D093_AF74, 9: 0xE304_E782_71C7_4A56, 15: 0xEC8F_61BC_1C89_66A6,
            16: 0x1311_F4DF_E747_A751, 63: 0xFF6D_07AF_ACBA_D6D9,
        ]
        for (count, hash) in expected {
            let message = (0..<count).map { UInt8($0) }
            #expect(message.withByteView { sip.hash($0) } == hash, "\(count) bytes")
        }
    }

    @Test("another key gives another hash")
    func keys() {
        let message = Array("key:1".utf8)
        let hashes = (0..<64).map { seed in
            message.withByteView { SipHash(key0: seed, key1: 0).hash($0) }
        }
        #expect(Set(hashes).count == 64)
    }
}
