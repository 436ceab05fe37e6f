/// Tokens with a meaning of ours: integers, scores, ids.
import Bytes
import Records

extension JSONReader {
    /// An integer of 64 bits.
    func integer() throws -> Int64 {
        let place = offset
        let text = try number()
        if let value = Decimal.parse(text) { return value }
        throw damaged("expected an integer of 64 bits, found '\(text.text.prefix(40))'", at: place)
    }

    /// An integer of 64 bits without a sign.
    func unsigned() throws -> UInt64 {
        let place = offset
        let text = try number()
        if let value = text.unsignedValue { return value }
        throw damaged(
            "expected an integer from 0 to 18446744073709551615, found '\(text.text.prefix(40))'",
            at: place)
    }

    /// A count or index that fits this machine.
    func count() throws -> Int {
        let place = offset
        if let value = Int(exactly: try unsigned()) { return value }
        throw damaged("a number beyond all bounds", at: place)
    }

    /// A score: a number, or "inf", "-inf", "nan".
    func score() throws -> Double {
        if try peek() == 0x22 { return try scoreWord() }
        let place = offset
        let text = try number()
        if text.count < 16, let whole = Decimal.parse(text) { return Double(whole) }
        if let value = FloatText.parse(text), value.isFinite { return value }
        throw damaged("expected a double, found '\(text.text.prefix(40))'", at: place)
    }

    private func scoreWord() throws -> Double {
        let place = offset
        switch try text() {
        case ByteView("inf"): return .infinity
        case ByteView("-inf"): return -.infinity
        case ByteView("nan"): return .nan
        default: throw damaged("expected a number, \"inf\", \"-inf\" or \"nan\"", at: place)
        }
    }

    /// A deadline, or null.
    func deadline() throws -> Deadline? {
        if try takeNull() { return nil }
        return Deadline(millisecondsSinceEpoch: try integer())
    }

    /// An id of a stream: "milliseconds-sequence".
    func streamID() throws -> StreamID {
        let place = offset
        let text = try text()
        if let dash = text.firstIndex(of: 0x2D),
            let milliseconds = text[0..<dash].unsignedValue,
            let sequence = text.dropFirst(dash + 1).unsignedValue
        {
            return StreamID(milliseconds, sequence)
        }
        throw damaged("expected an id as \"1700000000000-0\"", at: place)
    }

    /// 64 hexadecimal digits in lower case.
    func hexDigits() throws -> ByteView {
        let place = offset
        let text = try text()
        let isHex = text.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        if text.count == 64 && isHex { return text }
        throw damaged("expected 64 hexadecimal digits in lower case", at: place)
    }
}

extension ByteView {
    /// What decimal digits without leading zeros stand for; nil where it is something else.
    fileprivate var unsignedValue: UInt64? {
        if let small = Decimal.parse(self) { return small < 0 ? nil : UInt64(small) }
        guard count == 20, self[0] != 48 else { return nil }
        var value: UInt64 = 0
        for byte in self {
            guard (48...57).contains(byte) else { return nil }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooMuch) = product.addingReportingOverflow(UInt64(byte - 48))
            if isOver || isTooMuch { return nil }
            value = sum
        }
        return value
    }
}
