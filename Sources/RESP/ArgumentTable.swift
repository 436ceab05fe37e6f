/// The arguments of the request being read: offsets while it arrives, views once it is whole.
///
/// INVARIANT 1: views are made (`bind`) only over the bytes that the offsets were measured in.
/// INVARIANT 2: `storage` has room for `capacity` views; the first `count` are initialised after `bind`.
import Bytes

/// A reusable table of arguments; grows as arguments arrive, never before.
@safe
public final class ArgumentTable {
    private var offsets: UnsafeMutablePointer<Place>
    private var storage: UnsafeMutablePointer<ByteView>
    private var capacity: Int
    private var held: [UInt8] = []
    /// Arguments so far.
    public private(set) var count = 0

    private struct Place {
        var offset: Int
        var count: Int
    }

    /// An empty table with room for a common request.
    public init() {
        capacity = 16
        unsafe offsets = .allocate(capacity: capacity)
        unsafe storage = .allocate(capacity: capacity)
    }

    deinit {
        unsafe offsets.deallocate()
        unsafe storage.deallocate()
    }

    /// The arguments; valid while the bytes they were bound to are.
    @inline(__always)
    public var views: ByteViews { unsafe ByteViews(base: UnsafePointer(storage), count: count) }

    @inline(__always)
    func removeAll() {
        count = 0
        if capacity > 4096 { resize(16) }
    }

    @inline(__always)
    func append(offset: Int, count length: Int) {
        if count == capacity { resize(capacity * 2) }
        unsafe offsets[count] = Place(offset: offset, count: length)
        count &+= 1
    }

    @inline(__always)
    func bind(to bytes: ByteView) {
        for index in 0..<count {
            let place = unsafe offsets[index]
            // SAFETY: the range is checked by the view; `index < capacity`.
            let view = bytes[place.offset..<(place.offset + place.count)]
            unsafe (storage + index).initialize(to: view)
        }
    }

    /// Takes words that are not in the caller's bytes (an inline request's, unquoted).
    func hold(_ words: [[UInt8]]) {
        removeAll()
        held.removeAll(keepingCapacity: true)
        for word in words {
            append(offset: held.count, count: word.count)
            held.append(contentsOf: word)
        }
        // SAFETY: `held` stays untouched until the next request, which is as long as views may live;
        // an array's elements don't move while it isn't written.
        held.withByteView { bind(to: $0) }
    }

    private func resize(_ room: Int) {
        let newOffsets = UnsafeMutablePointer<Place>.allocate(capacity: room)
        unsafe newOffsets.update(from: offsets, count: min(count, room))
        unsafe offsets.deallocate()
        unsafe offsets = newOffsets
        unsafe storage.deallocate()
        unsafe storage = .allocate(capacity: room)
        capacity = room
    }
}
