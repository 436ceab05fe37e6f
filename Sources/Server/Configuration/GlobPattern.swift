/// Glob patterns over directive names, letters compared without their case.
///
///     *  any run      ?  any byte      [a-c] [^x]  a class      \c  the byte itself
///
/// Names are short, so the plain backtracking matcher is bounded in practice; patterns come from
/// clients, so the depth is bounded too (runs of `*` are folded first, and one `*` at a time is tried).

/// A compiled-nothing matcher: the pattern is read as it goes.
enum GlobPattern {
    /// Whether `pattern` matches all of `name`.
    static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var p = 0
        var n = 0
        // Where to resume when a later part fails: behind the last `*`, one byte further on.
        var resume: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                resume = (p + 1, n)
                p += 1
            } else if let next = step(pattern, p, name[n]) {
                p = next
                n += 1
            } else if let (starPattern, starName) = resume {
                resume = (starPattern, starName + 1)
                p = starPattern
                n = starName + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Whether `name` is to be matched as a pattern at all.
    static func isPattern(_ name: [UInt8]) -> Bool {
        name.contains {
            $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
        }
    }

    /// The pattern's index behind the element at `p` where that matches `byte`.
    private static func step(_ pattern: [UInt8], _ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.count else { return nil }
        switch pattern[p] {
        case UInt8(ascii: "?"):
            return p + 1
        case UInt8(ascii: "["):
            return classStep(pattern, p + 1, lowered(byte))
        case UInt8(ascii: "\\") where p + 1 < pattern.count:
            return lowered(pattern[p + 1]) == lowered(byte) ? p + 2 : nil
        default:
            return lowered(pattern[p]) == lowered(byte) ? p + 1 : nil
        }
    }

    private static func classStep(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> Int? {
        var p = start
        let isNegated = p < pattern.count && pattern[p] == UInt8(ascii: "^")
        if isNegated { p += 1 }
        var isMember = false
        while p < pattern.count, pattern[p] != UInt8(ascii: "]") {
            if pattern[p] == UInt8(ascii: "\\"), p + 1 < pattern.count {
                p += 1
                isMember = isMember || lowered(pattern[p]) == byte
            } else if p + 2 < pattern.count, pattern[p + 1] == UInt8(ascii: "-") {
                let low = min(lowered(pattern[p]), lowered(pattern[p + 2]))
                let high = max(lowered(pattern[p]), lowered(pattern[p + 2]))
                isMember = isMember || (low...high).contains(byte)
                p += 2
            } else {
                isMember = isMember || lowered(pattern[p]) == byte
            }
            p += 1
        }
        guard isMember != isNegated else { return nil }
        return min(p + 1, pattern.count)
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }
}
