/// Text between double quotes, as a configuration line holds it and `redis-cli` prints it: the inverse of the word splitter.
///
///     \\ \" \n \r \t \a \b, \xHH for every other byte outside 32...126

/// The writer of quoted texts.
public enum QuotedText {
    /// `bytes` quoted.
    public static func quote(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            if let letter = escapes[byte] {
                out += [UInt8(ascii: "\\"), letter]
            } else if byte >= 32 && byte < 127 {
                out.append(byte)
            } else {
                out += [
                    UInt8(ascii: "\\"), UInt8(ascii: "x"), hex[Int(byte >> 4)], hex[Int(byte & 15)],
                ]
            }
        }
        out.append(UInt8(ascii: "\""))
        return out
    }

    private static let hex = Array("0123456789abcdef".utf8)
    private static let escapes: [UInt8: UInt8] = [
        92: 92, 34: 34, 10: UInt8(ascii: "n"), 13: UInt8(ascii: "r"), 9: UInt8(ascii: "t"),
        7: UInt8(ascii: "a"), 8: UInt8(ascii: "b"),
    ]
}
