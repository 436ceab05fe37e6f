/// A piece of a long list: up to 4 KB of elements with free room at both ends.
///
///     0 birth   8 start u32   12 end u32   16 capacity u32   20 stride u32   24 data
///               | free | elements (a `ListRun`) | free |
///
/// INVARIANT 1: `start <= end <= capacity`; what lies between is a run of `stride`.
/// INVARIANT 2: a chunk that a view may see (`birth <= newestView`) is never written.
/// How many elements it holds stands in the tree beside its address.
import Bytes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The address of a chunk.
@safe
struct ListChunk {
    let raw: UnsafeMutableRawPointer

    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    /// The chunk that a place of the tree names.
    init(_ place: ListChunkPlace) {
        // SAFETY: the address was a chunk's when the place was made, and a place goes with its chunk.
        unsafe raw = UnsafeMutableRawPointer(bitPattern: place.address).unsafelyUnwrapped
    }

    private static let head = 24
    /// Data bytes of an ordinary chunk: with its head and the allocator's, a page.
    static let ordinaryCapacity = 4096 - 16 - head

    static func make(capacity: Int, stride: Int, _ heap: Heap) -> ListChunk {
        precondition(capacity <= Int(UInt32.max), "a chunk beyond all bounds")
        let raw = UnsafeMutableRawPointer.allocate(byteCount: head + capacity, alignment: 8)
        unsafe raw.storeBytes(of: heap.current, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt64(0), toByteOffset: 8, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt32(capacity), toByteOffset: 16, as: UInt32.self)
        unsafe raw.storeBytes(of: UInt32(stride), toByteOffset: 20, as: UInt32.self)
        return unsafe ListChunk(raw: raw)
    }

    func copy(_ heap: Heap) -> ListChunk {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: allocatedBytes, alignment: 8)
        unsafe copy.copyMemory(from: raw, byteCount: allocatedBytes)
        unsafe copy.storeBytes(of: heap.current, as: UInt64.self)
        return unsafe ListChunk(raw: copy)
    }

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    @inline(__always)
    private(set) var start: Int {
        get { unsafe Int(raw.load(fromByteOffset: 8, as: UInt32.self)) }
        nonmutating set {
            unsafe raw.storeBytes(of: UInt32(newValue), toByteOffset: 8, as: UInt32.self)
        }
    }

    @inline(__always)
    private(set) var end: Int {
        get { unsafe Int(raw.load(fromByteOffset: 12, as: UInt32.self)) }
        nonmutating set {
            unsafe raw.storeBytes(of: UInt32(newValue), toByteOffset: 12, as: UInt32.self)
        }
    }

    @inline(__always)
    var capacity: Int { unsafe Int(raw.load(fromByteOffset: 16, as: UInt32.self)) }

    @inline(__always)
    var stride: Int { unsafe Int(raw.load(fromByteOffset: 20, as: UInt32.self)) }

    /// Bytes of its allocation.
    var allocatedBytes: Int { ListChunk.head + capacity }

    /// The elements; valid until the chunk changes.
    @inline(__always)
    var run: ListRun {
        let base = unsafe UnsafePointer(
            (raw + ListChunk.head + start).assumingMemoryBound(to: UInt8.self))
        return ListRun(bytes: unsafe ByteView(base: base, count: end - start), stride: stride)
    }

    /// Bytes that `element` would take here; nil where it doesn't fit the run's form.
    @inline(__always)
    func bytes(for element: ByteView) -> Int? {
        if stride == 0 { return ListRun.framedBytes(element) }
        return element.count == stride ? stride : nil
    }

    /// Adds `element`, which takes `count` bytes, at an end; false where there is no room.
    @inline(__always)
    func push(_ element: ByteView, bytes count: Int, atRight: Bool, _ scratch: ByteWriter) -> Bool {
        if capacity - (end - start) < count { return false }
        if atRight ? capacity - end < count : start < count { recenter(for: count, atRight) }
        let place = atRight ? end : start - count
        if stride > 0 {
            put(element, at: place)
        } else {
            scratch.removeAll()
            ListRun.append(element, to: scratch)
            put(scratch.view, at: place)
        }
        if atRight { end = place + count } else { start = place }
        return true
    }

    @inline(__always)
    private func put(_ bytes: ByteView, at place: Int) {
        precondition(place >= 0 && bytes.count <= capacity - place, "beyond the chunk")
        unsafe bytes.withUnsafePointer { base, count in
            _ = unsafe memcpy(raw + ListChunk.head + place, base, count)
        }
    }

    /// Moves the elements so that `count` bytes are free at one end: half of the room where that is enough.
    private func recenter(for count: Int, _ atRight: Bool) {
        let used = end - start
        let free = capacity - used
        let side = free / 2 >= count ? free / 2 : free
        let place = atRight ? free - side : side
        unsafe memmove(raw + ListChunk.head + place, raw + ListChunk.head + start, used)
        start = place
        end = place + used
    }

    /// Fills an empty chunk with the bytes of a run of its stride.
    func fill(_ bytes: ByteView) {
        put(bytes, at: 0)
        start = 0
        end = bytes.count
    }

    /// Drops `count` elements, fewer than there are, from an end.
    func drop(_ count: Int, atRight: Bool) {
        if stride > 0 {
            if atRight { end -= count * stride } else { start += count * stride }
            return
        }
        let run = run
        var offset = atRight ? run.bytes.count : 0
        for _ in 0..<count {
            offset = atRight ? run.element(before: offset).start : run.element(at: offset).next
        }
        if atRight { end = start + offset } else { start += offset }
    }

    /// Replaces the bytes of an element of a uniform run.
    func overwrite(_ index: Int, with element: ByteView) {
        precondition(stride > 0 && element.count == stride, "another form of element")
        put(element, at: start + index * stride)
    }
}
