/// A borrowed run of bytes: the form in which keys, values and arguments travel through one command.
///
/// Why not `ArraySlice<UInt8>` or `Span<UInt8>`: a slice pays a retain for every argument, and a span
/// cannot be stored in the argument table that outlives one parser call. A view is two words.
///
/// INVARIANT 1: `base` is valid for `count` bytes for as long as the view is used. A view of a
/// request lives until the command returns; a view of a stored value until the next write to the
/// keyspace. Whoever keeps bytes longer copies them (`array`).
/// INVARIANT 2: every access through the public interface is bounds-checked, or compares lengths first.
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A borrowed, immutable run of bytes; see the file's header for how long it may be used.
@frozen
@safe
public struct ByteView: @unchecked Sendable {
    // BECAUSE: immutable bytes; who sends a view across threads vouches for their lifetime (invariant 1).
    @usableFromInline let base: UnsafePointer<UInt8>
    /// Bytes in the view.
    public let count: Int

    /// A view of `count` bytes at `base`.
    ///
    /// - Note: the caller vouches for invariant 1.
    @inlinable
    @inline(__always)
    public init(base: UnsafePointer<UInt8>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// A view of a literal; lives for ever.
    @inlinable
    public init(_ literal: StaticString) {
        // SAFETY: a StaticString's bytes are constant data of the executable.
        unsafe self.base = literal.utf8Start
        self.count = literal.utf8CodeUnitCount
    }

    /// The view of nothing.
    @inlinable
    public static var empty: ByteView { ByteView("") }

    /// Whether there is no byte in it.
    @inlinable
    public var isEmpty: Bool { count == 0 }

    /// The byte at `index`, 0 ..< `count`.
    @inlinable
    @inline(__always)
    public subscript(index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "byte index out of bounds")
        return unsafe base[index]
    }

    /// The bytes of `range`, which must lie within the view.
    @inlinable
    @inline(__always)
    public subscript(range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of bounds")
        return unsafe ByteView(base: base + range.lowerBound, count: range.count)
    }

    /// Everything from `start` on.
    @inlinable
    public func dropFirst(_ start: Int) -> ByteView { self[Swift.min(start, count)..<count] }

    /// The place of the first such byte, nil where there is none.
    @inlinable
    public func firstIndex(of byte: UInt8) -> Int? {
        var index = 0
        while index < count {
            if unsafe base[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// A copy that may be kept.
    @inlinable
    public var array: [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// The bytes as text, bytes that are no UTF-8 replaced; for messages, never for data.
    public var text: String {
        unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// Lends the bytes to a function of C's or to a copy into raw memory.
    @inlinable
    @inline(__always)
    public func withUnsafePointer<R, E: Error>(
        _ body: (UnsafePointer<UInt8>, Int) throws(E) -> R
    ) throws(E) -> R {
        try unsafe body(base, count)
    }

    /// Whether both hold the same bytes.
    @inlinable
    @inline(__always)
    public static func == (left: ByteView, right: ByteView) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe memcmp(left.base, right.base, left.count) == 0
    }

    /// Order by bytes, a prefix before what it begins.
    @inlinable
    public static func < (left: ByteView, right: ByteView) -> Bool {
        left.compare(right) < 0
    }

    /// Negative, zero or positive as the bytes order, as C's memcmp, a prefix before what it begins.
    @inlinable
    public func compare(_ other: ByteView) -> Int {
        let order = unsafe memcmp(base, other.base, Swift.min(count, other.count))
        return order != 0 ? Int(order) : count - other.count
    }

    /// Whether the bytes are those of `word`, letters compared without their case.
    ///
    /// `word` is given in lower case.
    @inlinable
    public func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        let other = unsafe word.utf8Start
        for index in 0..<count {
            let byte = unsafe base[index]
            let lower = byte &- 65 < 26 ? byte | 0x20 : byte
            if unsafe lower != other[index] { return false }
        }
        return true
    }
}

extension ByteView: Equatable, Comparable, Hashable {
    /// Feeds the bytes to `hasher`.
    @inlinable
    public func hash(into hasher: inout Hasher) {
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(start: base, count: count))
    }
}

extension ByteView: Sequence {
    /// Walks the bytes from first to last.
    @inlinable
    public func makeIterator() -> Iterator { Iterator(view: self) }

    /// The walk's state.
    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline let view: ByteView
        @usableFromInline var next_ = 0

        @inlinable
        init(view: ByteView) { self.view = view }

        /// The next byte, nil after the last.
        @inlinable
        public mutating func next() -> UInt8? {
            guard next_ < view.count else { return nil }
            defer { next_ += 1 }
            return view[next_]
        }
    }
}

extension Array where Element == UInt8 {
    /// Lends the array's bytes as a view for the length of `body`.
    @inlinable
    @inline(__always)
    public func withByteView<R, E: Error>(_ body: (ByteView) throws(E) -> R) throws(E) -> R {
        if isEmpty { return try body(.empty) }
        return try unsafe withUnsafeBufferPointer { (buffer) throws(E) -> R in
            guard let base = buffer.baseAddress else { return try body(.empty) }
            // SAFETY: the view is lent for the length of `body`, as the buffer is.
            return try unsafe body(ByteView(base: base, count: buffer.count))
        }
    }
}
