/// Base64 as RFC 4648 has it: the common alphabet, padded, and read back in one form only.

/// Bytes as text of 64 characters.
public enum Base64 {
    private static let alphabet = ByteView(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    /// The digit that a character is, 0xFF for one that is none.
    private static let digits: [UInt8] = {
        var digits = [UInt8](repeating: 0xFF, count: 256)
        for digit in 0..<64 { digits[Int(alphabet[digit])] = UInt8(digit) }
        return digits
    }()

    /// Appends the text of `bytes`; a text in pieces needs pieces of a multiple of 3 bytes but for the last.
    public static func append(_ bytes: ByteView, to out: ByteWriter) {
        let groups = bytes.count / 3
        _ = unsafe out.appendFilling(groups * 4) { room in
            unsafe bytes.withUnsafePointer { base, _ in
                unsafe alphabet.withUnsafePointer { digits, _ in
                    // SAFETY: `groups` times three bytes are read, four written; a digit is below 64.
                    for group in 0..<groups {
                        let (from, to) = (group &* 3, group &* 4)
                        let bits =
                            unsafe UInt32(base[from]) << 16 | UInt32(base[from &+ 1]) << 8
                            | UInt32(base[from &+ 2])
                        for place in 0..<4 {
                            let digit = Int(bits >> UInt32(18 &- 6 &* place)) & 63
                            unsafe room[to &+ place] = digits[digit]
                        }
                    }
                }
            }
            return groups * 4
        }
        let left = bytes.count - groups * 3
        if left == 0 { return }
        var bits = UInt32(bytes[groups * 3]) << 16
        if left > 1 { bits |= UInt32(bytes[groups * 3 + 1]) << 8 }
        for place in 0..<4 {
            let digit = Int(bits >> UInt32(18 - 6 * place)) & 63
            out.append(place <= left ? alphabet[digit] : 61)
        }
    }

    /// Appends the bytes that `text` stands for; answers whether it stands for any.
    ///
    /// Refused are other characters, a wrong length, and bits behind the last byte that aren't 0; what was appended
    /// of such a text is of no use.
    public static func decode(_ text: ByteView, to out: ByteWriter) -> Bool {
        guard text.count % 4 == 0 else { return false }
        if text.isEmpty { return true }
        // Only the last group may be padded.
        let groups = text.count / 4 - 1
        var seen: UInt8 = 0
        _ = unsafe out.appendFilling(groups * 3) { room in
            unsafe text.withUnsafePointer { base, _ in
                unsafe digits.withUnsafeBufferPointer { digits in
                    // SAFETY: `groups` times four bytes are read, three written; there are 256 digits.
                    for group in 0..<groups {
                        let (from, to) = (group &* 4, group &* 3)
                        let a = unsafe digits[Int(base[from])]
                        let b = unsafe digits[Int(base[from &+ 1])]
                        let c = unsafe digits[Int(base[from &+ 2])]
                        let d = unsafe digits[Int(base[from &+ 3])]
                        seen |= a | b | c | d
                        unsafe room[to] = a << 2 | b >> 4
                        unsafe room[to &+ 1] = b << 4 | c >> 2
                        unsafe room[to &+ 2] = c << 6 | d
                    }
                }
            }
            return groups * 3
        }
        return seen < 64 && decodeLast(text.dropFirst(groups * 4), to: out)
    }

    private static func decodeLast(_ text: ByteView, to out: ByteWriter) -> Bool {
        let padding = text[3] == 61 ? (text[2] == 61 ? 2 : 1) : 0
        var bits: UInt32 = 0
        for place in 0..<(4 - padding) {
            let digit = digits[Int(text[place])]
            guard digit < 64 else { return false }
            bits |= UInt32(digit) << UInt32(18 - 6 * place)
        }
        let spare: UInt32 = padding == 0 ? 0 : padding == 1 ? 0xFF : 0xFFFF
        if bits & spare != 0 { return false }
        for place in 0..<(3 - padding) {
            out.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place)))
        }
        return true
    }
}
