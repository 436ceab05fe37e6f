/// The words of an inline request or a configuration line, with Redis's quoting.
///
///     set key "a \x41\n \"quoted\" text"      double quotes: \n \r \t \b \a \xHH, \c is c
///     set key 'it\'s literal'                 single quotes: only \' is special
///
/// A closing quote must be followed by a blank or the end; an open quote is an error.
import Bytes

/// Splits a line into words.
public enum InlineWords {
    /// The words of `line`, nil where quotes are unbalanced.
    public static func split(_ line: ByteView) -> [[UInt8]]? {
        var words: [[UInt8]] = []
        var index = 0
        while true {
            while index < line.count && isBlank(line[index]) { index += 1 }
            if index >= line.count { return words }
            guard let word = nextWord(line, &index) else { return nil }
            words.append(word)
        }
    }

    private static func nextWord(_ line: ByteView, _ index: inout Int) -> [UInt8]? {
        var word: [UInt8] = []
        while index < line.count {
            let byte = line[index]
            if isBlank(byte) || byte == 0 { break }
            index += 1
            if byte == UInt8(ascii: "\"") {
                guard doubleQuoted(line, &index, into: &word) else { return nil }
                return word
            }
            if byte == UInt8(ascii: "'") {
                guard singleQuoted(line, &index, into: &word) else { return nil }
                return word
            }
            word.append(byte)
        }
        if index < line.count && line[index] == 0 { index = line.count }
        return word
    }

    private static func doubleQuoted(
        _ line: ByteView, _ index: inout Int, into word: inout [UInt8]
    ) -> Bool {
        while index < line.count {
            let byte = line[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return index == line.count || isBlank(line[index]) }
            guard byte == UInt8(ascii: "\\"), index < line.count else {
                word.append(byte)
                continue
            }
            if line[index] == UInt8(ascii: "x"), index + 2 < line.count,
                let high = hexDigit(line[index + 1]), let low = hexDigit(line[index + 2])
            {
                word.append(high << 4 | low)
                index += 3
                continue
            }
            word.append(unescaped(line[index]))
            index += 1
        }
        return false
    }

    private static func singleQuoted(
        _ line: ByteView, _ index: inout Int, into word: inout [UInt8]
    ) -> Bool {
        while index < line.count {
            let byte = line[index]
            index += 1
            if byte == UInt8(ascii: "'") { return index == line.count || isBlank(line[index]) }
            if byte == UInt8(ascii: "\\"), index < line.count, line[index] == UInt8(ascii: "'") {
                word.append(UInt8(ascii: "'"))
                index += 1
                continue
            }
            word.append(byte)
        }
        return false
    }

    private static func unescaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "a"): 7
        default: byte
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
