/// A growing buffer of raw memory: replies and log records are appended to it.
///
/// Why not `[UInt8]`: appending a small run to an array costs a uniqueness check, a bounds check and a
/// call; here it is one comparison and a copy. Why a class: it is handed around, never copied.
///
/// INVARIANT 1: `count <= capacity`, and `capacity` bytes at `base` are ours.
/// INVARIANT 2: one thread at a time.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A growing run of bytes; see the file's header.
@safe
public final class ByteWriter {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    /// Bytes written so far.
    public final var count: Int {
        @inlinable @inline(__always) get { count_ }
    }
    @usableFromInline var count_ = 0

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 4096) {
        let room = max(64, capacity)
        unsafe self.base = .allocate(capacity: room)
        self.capacity = room
    }

    deinit { unsafe base.deallocate() }

    /// Makes room for `more` bytes behind the last.
    @inlinable
    @inline(__always)
    public func reserve(_ more: Int) {
        if capacity &- count_ < more { grow(more) }
    }

    @usableFromInline
    @inline(never)
    func grow(_ more: Int) {
        precondition(more >= 0 && more <= Int.max / 4, "a buffer beyond all bounds")
        let room = max(capacity * 2, count_ + more)
        let place = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        unsafe place.update(from: base, count: count_)
        unsafe base.deallocate()
        unsafe base = place
        capacity = room
    }

    /// Appends one byte.
    @inlinable
    @inline(__always)
    public func append(_ byte: UInt8) {
        reserve(1)
        unsafe base[count_] = byte
        count_ &+= 1
    }

    /// Appends a run of bytes.
    @inlinable
    @inline(__always)
    public func append(_ bytes: ByteView) {
        reserve(bytes.count)
        // SAFETY: invariant 1 after `reserve`; the view can't lie in our own memory's free part.
        unsafe memcpy(base + count_, bytes.base, bytes.count)
        count_ &+= bytes.count
    }

    /// Appends a literal.
    @inlinable
    @inline(__always)
    public func append(_ literal: StaticString) { append(ByteView(literal)) }

    /// Appends an array.
    @inlinable
    public func append(_ bytes: [UInt8]) { bytes.withByteView { append($0) } }

    /// Appends text as UTF-8; not for hot paths.
    public func append(text: String) { append(Array(text.utf8)) }

    /// Appends CR LF.
    @inlinable
    @inline(__always)
    public func appendLineEnd() {
        reserve(2)
        unsafe base[count_] = 13
        unsafe base[count_ + 1] = 10
        count_ &+= 2
    }

    /// Appends a number in decimal.
    @inlinable
    public func append(decimal value: Int) {
        if value >= 0 && value < 10 {
            append(UInt8(truncatingIfNeeded: value) &+ 48)
            return
        }
        reserve(20)
        count_ &+= unsafe Decimal.write(Int64(value), to: base + count_)
    }

    /// Appends a number in lower-case hexadecimal without leading zeros.
    @inlinable
    public func append(hex value: UInt64) {
        let digits = max(1, (67 - value.leadingZeroBitCount) / 4)
        reserve(digits)
        var rest = value
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            unsafe base[count_ + place] = digit < 10 ? digit &+ 48 : digit &+ 87
            rest >>= 4
        }
        count_ &+= digits
    }

    /// Opens a gap of `bytes.count` at `offset` and fills it; what stood behind moves up.
    public func insert(_ bytes: ByteView, at offset: Int) {
        precondition(offset >= 0 && offset <= count_, "insertion outside the buffer")
        reserve(bytes.count)
        unsafe memmove(base + offset + bytes.count, base + offset, count_ - offset)
        unsafe memcpy(base + offset, bytes.base, bytes.count)
        count_ += bytes.count
    }

    /// Replaces the bytes from `offset` on, within what was written.
    public func overwrite(at offset: Int, with bytes: ByteView) {
        precondition(offset >= 0 && bytes.count <= count_ - offset, "overwrite outside the buffer")
        unsafe memcpy(base + offset, bytes.base, bytes.count)
    }

    /// Forgets everything behind the first `count` bytes.
    @inlinable
    public func truncate(to count: Int) {
        precondition(count >= 0 && count <= count_, "truncation beyond the buffer")
        count_ = count
    }

    /// Forgets everything; keeps the memory unless it grew past `limit`.
    @inlinable
    public func removeAll(keepingUpTo limit: Int = 1 << 20) {
        count_ = 0
        if capacity > limit { shrink(limit) }
    }

    @usableFromInline
    @inline(never)
    func shrink(_ limit: Int) {
        let room = max(64, limit)
        unsafe base.deallocate()
        unsafe base = .allocate(capacity: room)
        capacity = room
    }

    /// What was written so far; valid until the next append.
    @inlinable
    public var view: ByteView { unsafe ByteView(base: UnsafePointer(base), count: count_) }

    /// A copy of what was written so far.
    @inlinable
    public var array: [UInt8] { view.array }
}
