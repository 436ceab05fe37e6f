/// Integers and their one spelling.
import Bytes
import Testing

@Suite("Decimal text of integers")
struct DecimalTests {
    private func parse(_ text: String) -> Int64? {
        Array(text.utf8).withByteView { Decimal.parse($0) }
    }

    @Test("the canonical spelling of a number is read")
    func reads() {
        for value in [
            0, 1, -1, 9, 10, -10, 99, 12_345_678_901, Int64.max, .min, .max - 1, .min + 1,
        ] {
            #expect(parse(String(value)) == value)
        }
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1.0", "1e3", "0x1", "1\0", "--1",
            "9223372036854775808", "-9223372036854775809", "18446744073709551615",
            "18446744073709551616", "99999999999999999999", "100000000000000000000", "a", "1a",
        ])
    func refuses(text: String) {
        #expect(parse(text) == nil)
    }

    @Test("writing and reading are inverse for every length")
    func roundTrips() {
        var value: Int64 = 1
        for _ in 0..<19 {
            for each in [value - 1, value, value + 1, -value, -value + 1] {
                let text = Decimal.text(each)
                #expect(String(decoding: text, as: UTF8.self) == String(each))
                #expect(text.count == Decimal.length(each))
                #expect(text.withByteView { Decimal.parse($0) } == each)
            }
            value = value.multipliedReportingOverflow(by: 10).partialValue
        }
        #expect(Decimal.length(.min) == 20)
    }
}
