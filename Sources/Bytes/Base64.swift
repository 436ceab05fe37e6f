/// Base64 as RFC 4648 has it: the common alphabet, padded, and read back in one form only.

/// Bytes as text of 64 characters.
public enum Base64 {
    private static let alphabet = ByteView(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// Appends the text of `bytes`; a text in pieces needs pieces of a multiple of 3 bytes but for the last.
    public static func append(_ bytes: ByteView, to out: ByteWriter) {
        out.reserve((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if left > 2 { group |= UInt32(bytes[index + 2]) }
            for place in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * place)) & 63
                out.append(place <= left ? alphabet[digit] : 61)
            }
            index += 3
        }
    }

    /// Appends the bytes that `text` stands for; answers whether it stands for any.
    ///
    /// Refused are other characters, a wrong length, and bits behind the last byte that aren't 0.
    public static func decode(_ text: ByteView, to out: ByteWriter) -> Bool {
        guard text.count % 4 == 0 else { return false }
        out.reserve(text.count / 4 * 3)
        var index = 0
        while index < text.count {
            let isLast = index + 4 == text.count
            let padding =
                isLast ? (text[index + 3] == 61 ? (text[index + 2] == 61 ? 2 : 1) : 0) : 0
            var group: UInt32 = 0
            for place in 0..<(4 - padding) {
                guard let digit = value(text[index + place]) else { return false }
                group |= digit << UInt32(18 - 6 * place)
            }
            let spare: UInt32 = padding == 0 ? 0 : padding == 1 ? 0xFF : 0xFFFF
            if group & spare != 0 { return false }
            out.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { out.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { out.append(UInt8(truncatingIfNeeded: group)) }
            index += 4
        }
        return true
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 65...90: UInt32(character - 65)
        case 97...122: UInt32(character - 71)
        case 48...57: UInt32(character) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
