/// The writer as a sliding window over a file: filled at its end by a system call, emptied at its front.
///
/// INVARIANT 1 of ByteWriter holds throughout: a fill never claims more than the room it was lent.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ByteWriter {
    /// Lends `count` free bytes behind the last to `body` and keeps as many as it says it filled.
    ///
    /// - Returns: how many were filled.
    public func appendFilling<E: Error>(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) -> Int {
        reserve(count)
        // SAFETY: `reserve` made `count` bytes behind `count_` ours.
        let room = unsafe UnsafeMutableRawBufferPointer(start: base + count_, count: count)
        let filled = try unsafe body(room)
        precondition(filled >= 0 && filled <= count, "more bytes filled than were lent")
        count_ &+= filled
        return filled
    }

    /// Appends `count` zero bytes, to be overwritten.
    public func appendGap(_ count: Int) {
        reserve(count)
        unsafe memset(base + count_, 0, count)
        count_ &+= count
    }

    /// Forgets the first `count` bytes; what stands behind moves to the front.
    ///
    /// - Complexity: O(bytes that stay).
    public func discardFirst(_ count: Int) {
        precondition(count >= 0 && count <= count_, "more bytes discarded than there are")
        if count == 0 { return }
        unsafe memmove(base, base + count, count_ - count)
        count_ &-= count
    }

    /// Moves everything from `source` on down to `target`; what stood between is gone.
    public func moveTail(from source: Int, to target: Int) {
        precondition(target >= 0 && target <= source && source <= count_, "no such move")
        unsafe memmove(base + target, base + source, count_ - source)
        count_ -= source - target
    }
}
