/// Bits of a run of bytes, counted and searched a word at a time. Bit 0 is the highest of the first byte.

extension ByteView {
    /// The word of eight bytes at `offset`, its bytes in the order in which they stand (big-endian).
    ///
    /// - Note: the caller has checked that `offset + 8 <= count`.
    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        // SAFETY: both callers stay eight bytes below `count`.
        unsafe UInt64(
            bigEndian: UnsafeRawPointer(base).loadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }

    /// Bits that are 1.
    ///
    /// - Complexity: O(`count`), 8 bytes a step.
    public var setBitCount: Int {
        var total = 0
        var offset = 0
        while offset &+ 8 <= count {
            total &+= word(at: offset).nonzeroBitCount
            offset &+= 8
        }
        while offset < count {
            total &+= unsafe base[offset].nonzeroBitCount
            offset &+= 1
        }
        return total
    }

    /// The place of the first bit that is 1 (or 0), nil where there is none.
    ///
    /// - Complexity: O(`count`), 8 bytes a step.
    public func firstBit(_ isSet: Bool) -> Int? {
        let uniform: UInt64 = isSet ? 0 : .max
        var offset = 0
        while offset &+ 8 <= count {
            let word = word(at: offset)
            if word != uniform { return offset << 3 + (word ^ uniform).leadingZeroBitCount }
            offset &+= 8
        }
        while offset < count {
            let byte = unsafe base[offset] ^ UInt8(truncatingIfNeeded: uniform)
            if byte != 0 { return offset << 3 + byte.leadingZeroBitCount }
            offset &+= 1
        }
        return nil
    }
}
