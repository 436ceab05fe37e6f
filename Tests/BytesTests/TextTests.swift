/// Text among bytes: where it ends being plain, what is UTF-8, and base64 against Foundation's.
import Foundation
import TestSupport
import Testing

@testable import Bytes

@Suite("Text")
struct TextTests {
    @Test("the end of the plain part is found at every place and for every byte")
    func plainEnd() {
        for length in 0..<40 {
            for place in 0..<length {
                for byte in 0...255 {
                    var bytes = [UInt8](repeating: UInt8(ascii: "~"), count: length)
                    bytes[place] = UInt8(byte)
                    let isPlain = (0x20..<0x80).contains(byte) && byte != 0x22 && byte != 0x5C
                    bytes.withByteView { view in
                        for start in [0, place, min(place + 1, length)] {
                            let expected = isPlain || start > place ? length : place
                            #expect(view.plainEnd(from: start) == expected)
                        }
                    }
                }
            }
        }
    }

    @Test("UTF-8 is what Swift takes for it")
    func utf8() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        let parts: [[UInt8]] = [
            [97], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
            [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0x80],
            [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xFF], [0xE2, 0x82], [34], [92], [1],
        ]
        var valid = 0
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<5, using: &random) {
                // More good ones than bad ones.
                let limit = Bool.random(using: &random) ? 8 : parts.count
                bytes += parts[Int.random(in: 0..<limit, using: &random)]
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            if expected { valid += 1 }
            #expect(bytes.withByteView { $0.isUTF8 } == expected, "\(bytes)")
        }
        #expect((2_000..<18_000).contains(valid))
    }

    @Test("base64 is Foundation's, in one piece and in several")
    func base64() {
        var random = SeededGenerator(seed: TestKnobs.seed)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let expected = Data(bytes).base64EncodedString()
            let out = ByteWriter()
            let cut = length / 2 / 3 * 3
            bytes.withByteView {
                Base64.append($0[0..<cut], to: out)
                Base64.append($0.dropFirst(cut), to: out)
            }
            #expect(out.view.text == expected)
            let back = ByteWriter()
            #expect(Base64.decode(out.view, to: back))
            #expect(back.array == bytes)
        }
    }

    @Test(
        "base64 of another form is refused",
        arguments: [
            "a", "ab", "abc", "ab=", "a===", "====", "ab=c", "abc=abcd", "ab c", "ab-_", "aa==\n",
            "ab==", "abd=",
        ])
    func wrongBase64(text: String) {
        #expect(!Array(text.utf8).withByteView { Base64.decode($0, to: ByteWriter()) })
    }
}
