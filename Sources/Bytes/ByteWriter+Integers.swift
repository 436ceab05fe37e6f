/// Numbers of fixed width, the lowest byte first, behind what a writer holds.

extension ByteWriter {
    /// Appends the eight bytes of a number.
    @inlinable
    @inline(__always)
    public func append(littleEndian value: UInt64) {
        reserve(8)
        // SAFETY: `reserve` made the eight bytes behind the last ours.
        unsafe UnsafeMutableRawPointer(base + count_)
            .storeBytes(of: value.littleEndian, as: UInt64.self)
        count_ &+= 8
    }
}
