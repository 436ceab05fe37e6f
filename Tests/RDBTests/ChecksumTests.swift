/// CRC64 against its published check value, and in pieces.
import Bytes
import TestSupport
import Testing

@testable import RDB

@Suite("CRC64")
struct ChecksumTests {
    @Test("gives the published check value")
    func check() {
        #expect(CRC64.checksum(Array("123456789".utf8)) == 0xE9C6_D914_C4B8_D9CA)
        #expect(CRC64.checksum([UInt8]()) == 0)
    }

    @Test("is the same in one go and in pieces of every length")
    func pieces() {
        let bytes = (0..<257).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = CRC64.checksum(bytes)
        for cut in 0...bytes.count {
            let first = CRC64.checksum(Array(bytes[..<cut]))
            #expect(CRC64.checksum(Array(bytes[cut...]), seed: first) == whole)
        }
    }

    @Test("is the same by multiplication as by table, for every length and seed")
    func multiplied() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
        for count in Array(0...400) + [4095, 4096, 4097, 5000] {
            let seed = random.next()
            let part = Array(bytes.suffix(count))
            let byTable = part.withByteView { CRC64.portableChecksum($0, seed: seed) }
            #expect(CRC64.checksum(part, seed: seed) == byTable, "\(count) bytes")
        }
    }
}
