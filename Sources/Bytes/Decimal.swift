/// Decimal text and integers, as Redis reads and writes them.
///
/// Reading is strict: an optional minus, no plus, no blanks, no leading zeros ("0" alone is fine, "-0"
/// is not), and no overflow. A text that passes is the one and only text of its number, so a string that
/// passes may be stored as an integer and come back byte for byte.

/// Conversions between 64-bit integers and decimal text.
public enum Decimal {
    /// The integer that `text` is the canonical spelling of, nil where it is none.
    @inlinable
    public static func parse(_ text: ByteView) -> Int64? {
        let count = text.count
        if count == 0 || count > 20 { return nil }
        var index = 0
        let isNegative = unsafe text.base[0] == 45
        if isNegative {
            index = 1
            if count == 1 { return nil }
        }
        let first = unsafe text.base[index] &- 48
        if first > 9 { return nil }
        if first == 0 { return count == 1 ? 0 : nil }
        var magnitude = UInt64(first)
        index += 1
        while index < count {
            let digit = unsafe text.base[index] &- 48
            if digit > 9 { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if carry { return nil }
            magnitude = sum
            index += 1
        }
        if isNegative {
            if magnitude > UInt64(Int64.max) + 1 { return nil }
            return Int64(truncatingIfNeeded: 0 &- magnitude)
        }
        return magnitude > UInt64(Int64.max) ? nil : Int64(magnitude)
    }

    /// Characters in the decimal spelling of `value`.
    @inlinable
    public static func length(_ value: Int64) -> Int {
        var rest = value.magnitude
        var digits = value < 0 ? 2 : 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    /// Writes the spelling of `value` to `place`, which has room for 20 bytes; answers its length.
    @inlinable
    @unsafe
    public static func write(_ value: Int64, to place: UnsafeMutablePointer<UInt8>) -> Int {
        let count = length(value)
        var rest = value.magnitude
        var index = count - 1
        if value < 0 { unsafe place[0] = 45 }
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe place[index] = UInt8(truncatingIfNeeded: digit) &+ 48
            index -= 1
            rest = quotient
        } while rest > 0
        return count
    }

    /// The spelling of `value`.
    public static func text(_ value: Int64) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 20) { place, used in
            // SAFETY: capacity 20 holds "-9223372036854775808".
            guard let base = place.baseAddress else { return }
            used = unsafe write(value, to: base)
        }
    }
}
