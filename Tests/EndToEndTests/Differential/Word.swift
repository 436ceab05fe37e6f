/// One argument of a command: bytes, written as a literal where it is text.

/// Bytes that a literal can spell.
struct Word: ExpressibleByStringLiteral, Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ text: String) { bytes = Array(text.utf8) }
    init(_ number: Int) { self.init(String(number)) }
    init(stringLiteral value: String) { self.init(value) }

    /// As redis-cli takes it: quoted, what doesn't print as `\xNN`.
    var description: String {
        let isPlain = bytes.allSatisfy { (33...126).contains($0) && $0 != 34 && $0 != 92 }
        if isPlain && !bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        let shown = bytes.map { byte -> String in
            if byte == 34 || byte == 92 { return "\\" + String(UnicodeScalar(byte)) }
            if (32...126).contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16)
            return "\\x" + (digits.count < 2 ? "0" : "") + digits
        }
        return "\"" + shown.joined() + "\""
    }
}
