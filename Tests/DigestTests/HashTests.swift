/// Numbers of 256 bits: addition with its carries, text both ways.
import Bytes
import Digest
import TestSupport
import Testing

@Suite("256-bit sums")
struct HashTests {
    @Test("a carry goes through all words and is lost at the end")
    func carries() {
        var sum = Hash256(.max, .max, .max, .max)
        sum &+= Hash256(1, 0, 0, 0)
        #expect(sum == .zero)
        sum = Hash256(.max, .max, 5, 0)
        sum &+= Hash256(.max, .max, 0, 0)
        #expect(sum == Hash256(.max - 1, .max, 6, 0))
        sum = Hash256(.max, 0, 0, 0)
        sum &+= Hash256(1, .max, .max, 0)
        #expect(sum == Hash256(0, 0, 0, 1))
    }

    @Test("the text has the lowest byte first and is read back")
    func text() {
        let number = Hash256(0x0807_0605_0403_0201, 0, 0, 0xff00_0000_0000_0000)
        #expect(number.hex.hasPrefix("0102030405060708000000"))
        #expect(number.hex.hasSuffix("00ff"))
        #expect(Array(number.hex.utf8).withByteView { Hash256(hex: $0) } == number)
        #expect(Array(number.hex.uppercased().utf8).withByteView { Hash256(hex: $0) } == number)
        for wrong in ["", "00", String(repeating: "0", count: 63) + "g", number.hex + "0"] {
            #expect(Array(wrong.utf8).withByteView { Hash256(hex: $0) } == nil, "\(wrong)")
        }
    }
}

@Suite("SHA-256 by the CPU")
struct QuickSHA256Tests {
    private static func hex(_ bytes: [UInt8]) -> String {
        let words = bytes.withByteView { QuickSHA256.hash($0) }
        return Hash256(words.0, words.1, words.2, words.3).hex
    }

    @Test(
        "gives the hashes of the standard's examples",
        .enabled(if: QuickSHA256.isAvailable, "this CPU lacks the instructions"))
    func examples() {
        #expect(
            Self.hex(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Self.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Self.hex(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test(
        "gives the library's hash of every length",
        .enabled(if: QuickSHA256.isAvailable, "this CPU lacks the instructions"))
    func everyLength() {
        var random = SeededGenerator(seed: 256)
        for length in Array(0...600) + [4095, 65_537] {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            var library = RunningHash256()
            bytes.withByteView { library.update($0) }
            #expect(Self.hex(bytes) == library.value.hex, "\(length) bytes")
        }
    }
}
