/// The inner nodes of a table: root and chunk; Table.swift draws them.
///
/// Both are plain runs of addresses behind a small head; the leaf is Segment.swift.
import Bytes
import Records

/// The address of a root: chunk addresses by the leading bits of the hash.
@safe
struct Root {
    let raw: UnsafeMutableRawPointer

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    static func bytes(_ bits: Int) -> Int { 8 + 8 << bits }

    static func make(bits: Int, birth: UInt64) -> Root {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes(bits), alignment: 8)
        unsafe raw.storeBytes(of: birth, as: UInt64.self)
        return unsafe Root(raw: raw)
    }

    func copy(bits: Int, birth: UInt64) -> Root {
        let copy = Root.make(bits: bits, birth: birth)
        unsafe (copy.raw + 8).copyMemory(from: raw + 8, byteCount: 8 << bits)
        return copy
    }

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    @inline(__always)
    func chunk(_ index: Int) -> Chunk {
        // SAFETY: callers index by `top(hash, bits)`, which is below 2^bits.
        unsafe Chunk(
            raw: raw.load(fromByteOffset: 8 &+ index &<< 3, as: UnsafeMutableRawPointer.self))
    }

    @inline(__always)
    func set(_ index: Int, _ chunk: Chunk) {
        unsafe raw.storeBytes(
            of: chunk.raw, toByteOffset: 8 &+ index &<< 3, as: UnsafeMutableRawPointer.self)
    }
}

/// The address of a chunk: segment addresses by the bits of the hash behind its prefix.
@safe
struct Chunk: Equatable {
    let raw: UnsafeMutableRawPointer

    /// A directory of 2^8 addresses splits rather than doubles.
    static let maximumBits = 8
    private static let head = 24

    @inline(__always)
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    @inline(__always)
    static func == (left: Chunk, right: Chunk) -> Bool { unsafe left.raw == right.raw }

    static func make(prefixBits: Int, directoryBits: Int, birth: UInt64) -> Chunk {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: head + 8 << directoryBits, alignment: 8)
        unsafe raw.storeBytes(of: birth, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt64(0), toByteOffset: 8, as: UInt64.self)
        unsafe raw.storeBytes(of: UInt8(prefixBits), toByteOffset: 8, as: UInt8.self)
        unsafe raw.storeBytes(of: UInt8(directoryBits), toByteOffset: 9, as: UInt8.self)
        let chunk = unsafe Chunk(raw: raw)
        chunk.soonest = .distantFuture
        return chunk
    }

    func copy(birth: UInt64) -> Chunk {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 8)
        unsafe copy.copyMemory(from: raw, byteCount: bytes)
        unsafe copy.storeBytes(of: birth, as: UInt64.self)
        return unsafe Chunk(raw: copy)
    }

    var bytes: Int { Chunk.head + 8 << directoryBits }

    @inline(__always)
    var birth: UInt64 { unsafe raw.load(as: UInt64.self) }

    @inline(__always)
    var prefixBits: Int { unsafe Int(raw.load(fromByteOffset: 8, as: UInt8.self)) }

    @inline(__always)
    var directoryBits: Int { unsafe Int(raw.load(fromByteOffset: 9, as: UInt8.self)) }

    /// No deadline in this chunk is earlier.
    @inline(__always)
    var soonest: Deadline {
        get {
            unsafe Deadline(
                millisecondsSinceEpoch: raw.load(fromByteOffset: 16, as: Int64.self))
        }
        nonmutating set {
            unsafe raw.storeBytes(
                of: newValue.millisecondsSinceEpoch, toByteOffset: 16, as: Int64.self)
        }
    }

    @inline(__always)
    func index(_ hash: UInt64) -> Int { top(hash &<< UInt64(prefixBits), directoryBits) }

    @inline(__always)
    func segment(_ hash: UInt64) -> Segment { segment(at: index(hash)) }

    @inline(__always)
    func segment(at index: Int) -> Segment {
        // SAFETY: callers index below 2^directoryBits.
        unsafe Segment(
            raw: raw.load(
                fromByteOffset: Chunk.head &+ index &<< 3, as: UnsafeMutableRawPointer.self))
    }

    @inline(__always)
    func set(_ index: Int, _ segment: Segment) {
        unsafe raw.storeBytes(
            of: segment.raw, toByteOffset: Chunk.head &+ index &<< 3,
            as: UnsafeMutableRawPointer.self)
    }

    /// The directory places that a segment of `depth` with this hash prefix fills.
    @inline(__always)
    func places(_ hash: UInt64, depth: Int) -> Range<Int> {
        let relative = depth - prefixBits
        let span = 1 << (directoryBits - relative)
        let start = top(hash &<< UInt64(prefixBits), relative) * span
        return start..<(start + span)
    }
}
