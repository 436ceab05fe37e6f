/// Numbers of fixed width out of a view, the lowest byte first.

extension ByteView {
    /// The number in the eight bytes at `offset`, which must lie within the view.
    @inlinable
    @inline(__always)
    public func littleEndian64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "a number out of bounds")
        // SAFETY: the eight bytes lie within the view, which is checked above.
        return unsafe UInt64(
            littleEndian: UnsafeRawPointer(base).loadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }
}
