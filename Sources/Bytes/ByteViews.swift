/// A borrowed list of views: the arguments of one command, or a run of them.
///
/// Two words, no reference count: handing arguments 2... of `DEL` on to a mutation costs nothing.
///
/// INVARIANT 1: as `ByteView`'s: neither the table nor the bytes it points at outlive the command.

/// A borrowed list of byte views; see the file's header for how long it may be used.
@frozen
@safe
public struct ByteViews {
    @usableFromInline let base: UnsafePointer<ByteView>
    /// Views in the list.
    public let count: Int

    /// The `count` views at `base`.
    @inlinable
    @inline(__always)
    public init(base: UnsafePointer<ByteView>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// Whether there is no view in it.
    @inlinable
    public var isEmpty: Bool { count == 0 }

    /// The view at `index`, 0 ..< `count`.
    @inlinable
    @inline(__always)
    public subscript(index: Int) -> ByteView {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "argument out of bounds")
        return unsafe base[index]
    }

    /// The views of `range`, which must lie within the list.
    @inlinable
    @inline(__always)
    public subscript(range: Range<Int>) -> ByteViews {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "arguments out of bounds")
        return unsafe ByteViews(base: base + range.lowerBound, count: range.count)
    }

    /// Everything from `start` on; empty where there is less.
    @inlinable
    public func dropFirst(_ start: Int) -> ByteViews { self[Swift.min(start, count)..<count] }

    /// Copies that may be kept.
    public var arrays: [[UInt8]] { map(\.array) }
}

extension ByteViews: Sequence {
    /// Walks the views from first to last.
    @inlinable
    public func makeIterator() -> Iterator { Iterator(views: self) }

    /// The walk's state.
    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline let views: ByteViews
        @usableFromInline var next_ = 0

        @inlinable
        init(views: ByteViews) { self.views = views }

        /// The next view, nil after the last.
        @inlinable
        public mutating func next() -> ByteView? {
            guard next_ < views.count else { return nil }
            defer { next_ += 1 }
            return views[next_]
        }
    }
}

extension ByteView {
    /// Lends this view as a list of one.
    @inlinable
    @inline(__always)
    public func withSingleView<R, E: Error>(_ body: (ByteViews) throws(E) -> R) throws(E) -> R {
        // SAFETY: the list is lent for the length of `body`, as the pointer is.
        try unsafe Swift.withUnsafePointer(to: self) { (base) throws(E) -> R in
            try unsafe body(ByteViews(base: base, count: 1))
        }
    }
}

extension ByteView {
    /// Lends this view and another one behind it as a list of two.
    @inlinable
    @inline(__always)
    public func withPairedView<R, E: Error>(
        _ other: ByteView, _ body: (ByteViews) throws(E) -> R
    ) throws(E) -> R {
        let pair: InlineArray<2, ByteView> = [self, other]
        // SAFETY: the list is lent for the length of `body`, as the pointer is; an inline array's elements
        // lie one behind the other from its address on.
        return try unsafe Swift.withUnsafePointer(to: pair) { (base) throws(E) -> R in
            try unsafe body(
                ByteViews(
                    base: UnsafeRawPointer(base).assumingMemoryBound(to: ByteView.self), count: 2))
        }
    }
}

extension Array where Element == ByteView {
    /// Lends the array as a list of views for the length of `body`.
    @inlinable
    @inline(__always)
    public func withByteViews<R, E: Error>(_ body: (ByteViews) throws(E) -> R) throws(E) -> R {
        try unsafe withUnsafeBufferPointer { (buffer) throws(E) -> R in
            guard let base = buffer.baseAddress else {
                return try unsafe body(
                    ByteViews(base: UnsafePointer(bitPattern: 8).unsafelyUnwrapped, count: 0))
            }
            // SAFETY: the list is lent for the length of `body`, as the buffer is.
            return try unsafe body(ByteViews(base: base, count: buffer.count))
        }
    }
}

extension Array where Element == [UInt8] {
    /// Lends owned arguments as a list of views for the length of `body`.
    public func withByteViews<R>(_ body: (ByteViews) throws -> R) rethrows -> R {
        // One copy into a single block, so that every view points at memory that outlives `body`.
        var flat: [UInt8] = []
        flat.reserveCapacity(reduce(0) { $0 + $1.count })
        for part in self { flat.append(contentsOf: part) }
        return try flat.withByteView { all in
            var views: [ByteView] = []
            views.reserveCapacity(count)
            var start = 0
            for part in self {
                views.append(all[start..<(start + part.count)])
                start += part.count
            }
            return try views.withByteViews { try body($0) }
        }
    }
}
