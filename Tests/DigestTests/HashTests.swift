/// Numbers of 256 bits: addition with its carries, text both ways.
import Bytes
import Digest
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
