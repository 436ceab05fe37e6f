/// Keys and values as text on one line, whatever bytes they have.

/// Keys as people read them.
public enum KeyText {
    /// The key as redis-cli shows strings, without quotes where it needs none.
    public static func quoted(_ key: [UInt8], limit: Int = 200) -> String {
        let isPlain =
            !key.isEmpty && key.count <= limit
            && key.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 92 }
        if isPlain { return String(decoding: key, as: UTF8.self) }
        var text = "\""
        for byte in key.prefix(limit) {
            switch byte {
            case 34, 92: text += "\\" + String(UnicodeScalar(byte))
            case 10: text += "\\n"
            case 13: text += "\\r"
            case 9: text += "\\t"
            case 32..<127: text += String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text + (key.count > limit ? "\"..." : "\"")
    }
}
