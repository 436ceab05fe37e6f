/// Where bytes are text, and which of them stand for themselves between quotes.

extension ByteView {
    /// The first place from `start` on whose byte can't just stand in a quoted text: a quote, a backslash, a
    /// control character, or no ASCII; `count` where there is none.
    ///
    /// - Complexity: eight bytes a step.
    @inlinable
    public func plainEnd(from start: Int) -> Int {
        precondition(start >= 0 && start <= count, "a text begins outside the bytes")
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        // SAFETY: a word is loaded where 8 bytes are left.
        let raw = unsafe UnsafeRawPointer(base)
        while count &- index >= 8 {
            let word = unsafe UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            // A borrow may mark bytes above a marked one, never below: the lowest mark is right.
            let marks =
                (word
                    | ((word &- (ones &* 0x20)) & ~word)
                    | ((quote &- ones) & ~quote)
                    | ((slash &- ones) & ~slash)) & tops
            if marks != 0 { return index &+ marks.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < count {
            let byte = unsafe base[index]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return index }
            index &+= 1
        }
        return count
    }

    /// Bytes of the character of several bytes that begins at `index`, as UTF-8 has it: 2, 3 or 4.
    ///
    /// nil where there is none: overlong forms, surrogates, what is beyond U+10FFFF or cut short.
    @inlinable
    public func multibyteLength(at index: Int) -> Int? {
        let first = self[index]
        func follows(_ place: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index + place < count && range.contains(self[index + place])
        }
        switch first {
        case 0xC2...0xDF: return follows(1) ? 2 : nil
        case 0xE0...0xEF:
            let second: ClosedRange<UInt8> =
                first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            return follows(1, second) && follows(2) ? 3 : nil
        case 0xF0...0xF4:
            let second: ClosedRange<UInt8> =
                first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            return follows(1, second) && follows(2) && follows(3) ? 4 : nil
        default: return nil
        }
    }

    /// Whether all of it is UTF-8.
    public var isUTF8: Bool {
        var index = 0
        while true {
            index = plainEnd(from: index)
            if index == count { return true }
            if self[index] < 0x80 {
                index += 1
            } else if let length = multibyteLength(at: index) {
                index += length
            } else {
                return false
            }
        }
    }
}
