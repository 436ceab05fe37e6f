/// Ids of streams as text: `1526919030474-55`, `1526919030474` where the sequence goes without saying, `-` and
/// `+` for the lowest and the highest, `5-*` for the next of a millisecond, `(5-1` for a bound left out.
///
/// Numbers are read as C's strtoull reads them, for Redis does: blanks before, a sign, leading zeros.
import Bytes
import Records

enum StreamIDText {
    /// What XADD is to call its entry.
    enum Wish {
        /// `*`
        case next
        /// `5-*`
        case nextOf(UInt64)
        case this(StreamID)
    }

    // MARK: Reading

    /// An id, `missing` standing for a sequence that isn't there; `-` and `+` mean nothing here.
    static func strict(_ text: ByteView, missing: UInt64 = 0) throws(CommandError) -> StreamID {
        guard text.count < 128, let id = parse(upToNUL(text), missing) else {
            throw .invalidStreamID
        }
        return id
    }

    /// The same, and `-` and `+`.
    static func loose(_ text: ByteView, missing: UInt64 = 0) throws(CommandError) -> StreamID {
        if text == ByteView("-") { return .minimum }
        if text == ByteView("+") { return .maximum }
        return try strict(text, missing: missing)
    }

    /// The id that XADD is given, which isn't `*`.
    static func wish(_ text: ByteView) throws(CommandError) -> Wish {
        let shown = upToNUL(text)
        if let dash = shown.firstIndex(of: UInt8(ascii: "-")),
            shown.dropFirst(dash + 1) == ByteView("*")
        {
            guard text.count < 128, let milliseconds = number(shown[0..<dash]) else {
                throw .invalidStreamID
            }
            return .nextOf(milliseconds)
        }
        return .this(try strict(text))
    }

    /// The lower bound of a range.
    static func start(_ text: ByteView) throws(CommandError) -> StreamID {
        guard text.count > 1, text[0] == UInt8(ascii: "(") else { return try loose(text) }
        guard let id = try strict(text.dropFirst(1)).next else {
            throw CommandError("ERR invalid start ID for the interval")
        }
        return id
    }

    /// The upper bound of a range.
    static func end(_ text: ByteView) throws(CommandError) -> StreamID {
        guard text.count > 1, text[0] == UInt8(ascii: "(") else {
            return try loose(text, missing: .max)
        }
        guard let id = try strict(text.dropFirst(1), missing: .max).previous else {
            throw CommandError("ERR invalid end ID for the interval")
        }
        return id
    }

    private static func upToNUL(_ text: ByteView) -> ByteView {
        text.firstIndex(of: 0).map { text[0..<$0] } ?? text
    }

    private static func parse(_ text: ByteView, _ missing: UInt64) -> StreamID? {
        guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else {
            return number(text).map { StreamID($0, missing) }
        }
        guard let milliseconds = number(text[0..<dash]),
            let sequence = number(text.dropFirst(dash + 1))
        else { return nil }
        return StreamID(milliseconds, sequence)
    }

    private static func number(_ text: ByteView) -> UInt64? {
        // A canonical negative number is refused; any other spelling of one wraps, as strtoull has it.
        if let canonical = Decimal.parse(text) { return canonical < 0 ? nil : UInt64(canonical) }
        var place = 0
        while place < text.count, text[place] == 32 || (9...13).contains(text[place]) { place += 1 }
        var isNegative = false
        if place < text.count, text[place] == UInt8(ascii: "-") || text[place] == UInt8(ascii: "+")
        {
            isNegative = text[place] == UInt8(ascii: "-")
            place += 1
        }
        if place == text.count { return nil }
        var value: UInt64 = 0
        while place < text.count {
            let digit = text[place] &- 48
            if digit > 9 { return nil }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isCarried) = product.addingReportingOverflow(UInt64(digit))
            if isOver || isCarried { return nil }
            value = sum
            place += 1
        }
        return isNegative ? 0 &- value : value
    }

    // MARK: Writing

    /// Characters of a number.
    static func count(_ number: UInt64) -> Int {
        var rest = number
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return digits
    }

    /// Appends an id.
    static func append(_ id: StreamID, to out: ByteWriter) {
        append(id.milliseconds, to: out)
        out.append(UInt8(ascii: "-"))
        append(id.sequence, to: out)
    }

    private static func append(_ number: UInt64, to out: ByteWriter) {
        if number <= UInt64(Int64.max) {
            out.append(decimal: Int(number))
        } else {
            out.append(decimal: Int(number / 10))
            out.append(UInt8(number % 10) + 48)
        }
    }
}

extension StreamID {
    /// The id behind this one; nil behind the highest.
    var next: StreamID? {
        if sequence < .max { return StreamID(milliseconds, sequence + 1) }
        return milliseconds < .max ? StreamID(milliseconds + 1, 0) : nil
    }

    /// The id before this one; nil before the lowest.
    var previous: StreamID? {
        if sequence > 0 { return StreamID(milliseconds, sequence - 1) }
        return milliseconds > 0 ? StreamID(milliseconds - 1, .max) : nil
    }
}
