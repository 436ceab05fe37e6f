/// Floats as INCRBYFLOAT adds them and as RESP prints them; expected texts are redis-server 7.0.15's.
import Bytes
import Testing

@Suite("Floats and their text")
struct FloatTextTests {
    private func sum(_ left: String, _ right: String) throws -> String {
        let text = try Array(left.utf8).withByteView { (a) throws -> [UInt8] in
            try Array(right.utf8).withByteView { (b) throws -> [UInt8] in
                try FloatText.sum(a, b)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    @Test("sums are printed in fixed notation, without zeros at the end")
    func sums() throws {
        #expect(try sum("10.50", "0.1") == "10.6")
        #expect(try sum("5.0e3", "2.0e2") == "5200")
        #expect(try sum("0", "3") == "3")
        #expect(try sum("1", "-1") == "0")
        #expect(try sum("-0.5", "0.5") == "0")
        #expect(try sum("-1e-30", "0") == "0")
        #expect(try sum("3.0", "1.000000000000000005") == "4.00000000000000001")
        #expect(try sum("1e20", "1") == "100000000000000000000")
        #expect(try sum("0x10", "1") == "17")
    }

    @Test(
        "what is no float is refused",
        arguments: ["", " 1", "1 ", "abc", "1,5", "nan", "-nan", "1e5000", "1e-5000", "1\0"])
    func refusesText(text: String) {
        #expect(throws: FloatText.SumError.notAFloat) { try sum(text, "1") }
        #expect(throws: FloatText.SumError.notAFloat) { try sum("1", text) }
    }

    @Test("a sum that is infinite or no number is refused")
    func refusesSums() {
        #expect(throws: FloatText.SumError.outOfRange) { try sum("inf", "1") }
        #expect(throws: FloatText.SumError.outOfRange) { try sum("inf", "-inf") }
        #expect(throws: FloatText.SumError.outOfRange) { try sum("1e4932", "1e4932") }
    }

    @Test("a text longer than any number is refused, not cut")
    func refusesLongText() {
        let long = String(repeating: "0", count: 6000)
        #expect(throws: FloatText.SumError.notAFloat) { try sum(long, "1") }
    }

    @Test("doubles are printed with 17 digits and read back")
    func doubles() {
        func text(_ value: Double) -> String {
            String(decoding: FloatText.format(value), as: UTF8.self)
        }
        #expect(text(1.5) == "1.5")
        #expect(text(0.1) == "0.10000000000000001")
        #expect(text(1e300) == "1.0000000000000001e+300")
        #expect(text(.infinity) == "inf")
        #expect(text(-.infinity) == "-inf")
        #expect(text(.nan) == "nan")
        for value in [0.1, -2.5, 1e-300, .greatestFiniteMagnitude, .leastNormalMagnitude] {
            #expect(FloatText.format(value).withByteView { FloatText.parse($0) } == value)
        }
    }

    @Test("a double's text must be a number as a whole")
    func parses() {
        func parse(_ text: String) -> Double? {
            Array(text.utf8).withByteView { FloatText.parse($0) }
        }
        #expect(parse("inf") == .infinity)
        #expect(parse("1e3") == 1000)
        #expect(parse("0x1p4") == 16)
        for wrong in ["", "1x", " 1", "nan", "1e999", "1 2"] { #expect(parse(wrong) == nil) }
    }
}
