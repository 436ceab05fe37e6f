/// A node of a stream: a listpack (StreamPack.swift) in a block of memory of its own, with room behind it.
///
///     0 birth   8 capacity u32   16 the pack
///
/// Redis's nodes end where ours do: at `stream-node-max-bytes` and `stream-node-max-entries`, by its rules.
///
/// INVARIANT 1: a node that a view may see (`birth <= newestView`) is never written.
/// INVARIANT 2: the pack is a sound one; its bytes are at most the capacity.
import Bytes
import Records

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The address of a node.
@safe
struct StreamNode {
    let raw: UnsafeMutableRawPointer

    private init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    /// The node that a place of the tree names.
    init(_ place: StreamNodePlace) {
        // SAFETY: the address was a node's when the place was made, and a place goes with its node.
        unsafe raw = UnsafeMutableRawPointer(bitPattern: place.address).unsafelyUnwrapped
    }

    private static let head = 16
    /// No node grows beyond, whatever the configuration says.
    static let maximumBytes = 1 << 30

    /// A node with this pack and room for `capacity` bytes.
    static func make(_ pack: ByteView, capacity: Int, _ heap: Heap) -> StreamNode {
        precondition(capacity >= pack.count && capacity < Int(UInt32.max), "a node beyond bounds")
        let raw = UnsafeMutableRawPointer.allocate(byteCount: head + capacity, alignment: 8)
        unsafe raw.storeBytes(of: heap.current, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt64(capacity), toByteOffset: 8, as: UInt64.self)
        unsafe pack.withUnsafePointer { base, count in
            unsafe (raw + head).copyMemory(from: base, byteCount: count)
        }
        return unsafe StreamNode(raw: raw)
    }

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    /// Bytes that a pack may have here.
    @inline(__always)
    var capacity: Int { unsafe Int(raw.load(fromByteOffset: 8, as: UInt32.self)) }

    /// Bytes of the block.
    var allocatedBytes: Int { StreamNode.head + capacity }

    private var base: UnsafeMutableRawPointer { unsafe raw + StreamNode.head }

    /// Bytes of the pack.
    private(set) var count: Int {
        get { unsafe Int(UInt32(littleEndian: base.load(as: UInt32.self))) }
        nonmutating set {
            unsafe base.storeBytes(of: UInt32(newValue).littleEndian, as: UInt32.self)
        }
    }

    /// The listpack.
    @inline(__always)
    var bytes: ByteView {
        unsafe ByteView(base: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    /// The pack of the node with this id.
    @inline(__always)
    func pack(_ id: StreamID) -> StreamPack {
        guard let pack = StreamPack(bytes, id: id) else { preconditionFailure("no stream node") }
        return pack
    }

    func free() { unsafe raw.deallocate() }

    // MARK: Writing; no view sees the node, and the room was made

    /// Bytes by which new counts may make the pack longer.
    static let growth = 4
    /// Room that every node has behind its pack, so that counts may grow for good.
    static let slack = 16

    /// Adds an entry of `elements` elements and counts it.
    func append(_ entry: ByteView, elements: Int, live: Int, _ scratch: ByteWriter) {
        let old = count
        precondition(entry.count <= capacity - old - StreamNode.growth, "no room in the node")
        unsafe entry.withUnsafePointer { from, count in
            unsafe (base + old - 1).copyMemory(from: from, byteCount: count)
        }
        unsafe base.storeBytes(of: 0xFF, toByteOffset: old - 1 + entry.count, as: UInt8.self)
        count = old + entry.count
        let told = unsafe Int(UInt16(littleEndian: base.load(fromByteOffset: 4, as: UInt16.self)))
        if told != ListPack.uncounted {
            let sum = UInt16(min(told + elements, ListPack.uncounted))
            unsafe base.storeBytes(of: sum.littleEndian, toByteOffset: 4, as: UInt16.self)
        }
        replaceInteger(at: ListPack.headBytes, with: live, scratch)
    }

    /// Marks the entry that begins at `place`, which isn't marked yet, as deleted; `setCounts` has to follow.
    func markDeleted(_ place: Int) {
        // The flags are below 128: one byte, and the next is its length.
        precondition(place + 1 < count && bytes[place] < 128, "no flags there")
        unsafe base.storeBytes(
            of: bytes[place] | UInt8(StreamEntry.deleted), toByteOffset: place, as: UInt8.self)
    }

    /// Says how many entries are there and how many are marked as deleted.
    func setCounts(live: Int, deleted: Int, _ scratch: ByteWriter) {
        replaceInteger(at: ListPack.headBytes, with: live, scratch)
        guard let (_, next) = ListPack.integer(bytes, at: ListPack.headBytes) else { return }
        replaceInteger(at: next, with: deleted, scratch)
    }

    private func replaceInteger(at offset: Int, with value: Int, _ scratch: ByteWriter) {
        guard let (old, next) = ListPack.integer(bytes, at: offset) else {
            preconditionFailure("no integer there")
        }
        if old == Int64(value) { return }
        scratch.removeAll()
        ListPack.append(Int64(value), to: scratch)
        let size = scratch.count
        let total = count + size - (next - offset)
        precondition(total <= capacity, "no room in the node")
        if size != next - offset {
            _ = unsafe memmove(base + offset + size, base + next, count - next)
        }
        unsafe scratch.view.withUnsafePointer { from, count in
            unsafe (base + offset).copyMemory(from: from, byteCount: count)
        }
        count = total
    }
}
