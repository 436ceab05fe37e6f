/// Keys and values as text on one line, whatever bytes they have.
import Bytes

/// Keys as people read them.
public enum KeyText {
    /// The key as redis-cli shows strings, without quotes where it needs none.
    public static func quoted(_ key: [UInt8], limit: Int = 200) -> String {
        let isPlain =
            !key.isEmpty && key.count <= limit
            && key.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 92 }
        if isPlain { return String(decoding: key, as: UTF8.self) }
        let text = String(decoding: QuotedText.quote(Array(key.prefix(limit))), as: UTF8.self)
        return text + (key.count > limit ? "..." : "")
    }

    /// The bytes that an argument names: those of the text, or, between double quotes, what `quoted` makes of them.
    ///
    /// - Throws: usage, where what is quoted has an unknown escape.
    public static func parse(_ text: String) throws(ToolFailure) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.first == 34, bytes.last == 34 else { return bytes }
        var inside = bytes[1..<(bytes.count - 1)]
        var key: [UInt8] = []
        while let byte = inside.popFirst() {
            if byte == 34 { throw ToolFailure(.usage, "A quote stands inside \(text)") }
            if byte != 92 {
                key.append(byte)
                continue
            }
            switch inside.popFirst() {
            case UInt8(ascii: "n"): key.append(10)
            case UInt8(ascii: "r"): key.append(13)
            case UInt8(ascii: "t"): key.append(9)
            case UInt8(ascii: "a"): key.append(7)
            case UInt8(ascii: "b"): key.append(8)
            case UInt8(ascii: "\""): key.append(34)
            case UInt8(ascii: "\\"): key.append(92)
            case UInt8(ascii: "x"):
                let digits = String(decoding: inside.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                    let byte = UInt8(digits, radix: 16)
                else {
                    throw ToolFailure(.usage, "\\x takes two hexadecimal digits, in \(text)")
                }
                key.append(byte)
                inside = inside.dropFirst(2)
            default: throw ToolFailure(.usage, "An unknown escape stands in \(text)")
            }
        }
        return key
    }
}
