/// Redis's glob patterns: `*`, `?`, `[a-z]`, `[^x]`, `\` before a character that stands for itself.
///
/// A star is matched by going back to the last star only, so the time is at most the product of both
/// lengths, however many stars there are.
import Bytes

/// Matching against glob patterns.
public enum GlobPattern {
    /// Whether the whole of `text` matches `pattern`.
    public static func matches(
        _ pattern: ByteView, _ text: ByteView, ignoringCase: Bool = false
    ) -> Bool {
        var p = 0
        var t = 0
        var starPattern = -1
        var starText = 0
        while t < text.count {
            if p < pattern.count && pattern[p] == UInt8(ascii: "*") {
                starPattern = p
                starText = t
                p += 1
                continue
            }
            var next = p
            if p < pattern.count && matchesOne(pattern, &next, text[t], ignoringCase) {
                p = next
                t += 1
                continue
            }
            guard starPattern >= 0 else { return false }
            starText += 1
            t = starText
            p = starPattern + 1
        }
        while p < pattern.count && pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.count
    }

    /// Matches one character and moves `place` behind what stood for it.
    private static func matchesOne(
        _ pattern: ByteView, _ place: inout Int, _ byte: UInt8, _ ignoringCase: Bool
    ) -> Bool {
        switch pattern[place] {
        case UInt8(ascii: "?"):
            place += 1
            return true
        case UInt8(ascii: "["):
            return matchesClass(pattern, &place, byte, ignoringCase)
        case UInt8(ascii: "\\") where place + 1 < pattern.count:
            let literal = pattern[place + 1]
            place += 2
            return folded(literal, ignoringCase) == folded(byte, ignoringCase)
        default:
            let literal = pattern[place]
            place += 1
            return folded(literal, ignoringCase) == folded(byte, ignoringCase)
        }
    }

    private static func matchesClass(
        _ pattern: ByteView, _ place: inout Int, _ byte: UInt8, _ ignoringCase: Bool
    ) -> Bool {
        place += 1
        let isNegated = place < pattern.count && pattern[place] == UInt8(ascii: "^")
        if isNegated { place += 1 }
        let wanted = folded(byte, ignoringCase)
        var isMatch = false
        while true {
            if place >= pattern.count { break }
            if pattern[place] == UInt8(ascii: "\\") && place + 1 < pattern.count {
                place += 1
                if pattern[place] == byte { isMatch = true }
            } else if pattern[place] == UInt8(ascii: "]") {
                place += 1
                break
            } else if place + 2 < pattern.count && pattern[place + 1] == UInt8(ascii: "-") {
                let first = folded(pattern[place], ignoringCase)
                let last = folded(pattern[place + 2], ignoringCase)
                if (min(first, last)...max(first, last)).contains(wanted) { isMatch = true }
                place += 2
            } else if folded(pattern[place], ignoringCase) == wanted {
                isMatch = true
            }
            place += 1
        }
        return isMatch != isNegated
    }

    private static func folded(_ byte: UInt8, _ ignoringCase: Bool) -> UInt8 {
        ignoringCase && byte &- 65 < 26 ? byte | 0x20 : byte
    }
}
