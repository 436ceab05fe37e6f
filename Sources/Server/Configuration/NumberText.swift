/// Numbers as configuration writes them: sizes with units, octal, and C's lenient decimal.
///
///     1k 1000     1m 1000000      1g 1000000000
///     1kb 1024    1mb 1048576     1gb 1073741824      units in any case; `b` and none are bytes
///
/// A size without digits is 0, as Redis reads it; one too large for 64 bits is the largest there
/// is, so that the range check names it. A unit that overflows 64 bits is refused (Redis wraps silently).

/// Readers and writers of configuration's numbers.
enum NumberText {
    /// The bytes that `text` names, nil where it is no size.
    static func memory(_ text: [UInt8]) -> UInt64? {
        let digits = text.prefix { $0 >= 48 && $0 <= 57 }
        guard
            let unit = units[
                String(decoding: text.dropFirst(digits.count), as: UTF8.self).lowercased()]
        else { return nil }
        guard digits.count < 128 else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 48))
            guard !overflow && !carry else {
                number = .max
                break
            }
            number = sum
        }
        if unit == 1 { return number }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : bytes
    }

    private static let units: [String: UInt64] = [
        "": 1, "b": 1, "k": 1_000, "kb": 1 << 10, "m": 1_000_000, "mb": 1 << 20,
        "g": 1_000_000_000, "gb": 1 << 30,
    ]

    /// A size in the largest unit that divides it, as CONFIG REWRITE writes it.
    static func memoryText(_ bytes: UInt64) -> String {
        for (unit, name) in [(UInt64(1) << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")]
        where bytes != 0 && bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return String(bytes)
    }

    /// A number as C's strtoll reads it when all of the text must be used: blanks and a sign may
    /// lead, nothing at all is 0, and what doesn't fit is the nearest that does.
    static func lenient(_ text: [UInt8], radix: Int64 = 10) -> Int64? {
        var rest = text[...].drop { $0 == 32 || ($0 >= 9 && $0 <= 13) }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.isEmpty { return text.isEmpty ? 0 : nil }
        var number: Int64 = 0
        for byte in rest {
            guard byte >= 48, Int64(byte - 48) < radix else { return nil }
            let (product, overflow) = number.multipliedReportingOverflow(by: radix)
            let digit = Int64(byte - 48)
            let (sum, carry) = product.addingReportingOverflow(isNegative ? -digit : digit)
            if overflow || carry { return isNegative ? .min : .max }
            number = sum
        }
        return number
    }

    /// A fraction with at most six decimals, trailing zeros dropped: 99.9, 50.
    static func fractionText(_ value: Double) -> String {
        let millionths = Int64((value * 1_000_000).rounded())
        let (whole, part) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
        if part == 0 { return String(whole) }
        let digits = String(part)
        var decimals = String(repeating: "0", count: 6 - digits.count) + digits
        while decimals.last == "0" { decimals.removeLast() }
        return "\(whole).\(decimals)"
    }
}
