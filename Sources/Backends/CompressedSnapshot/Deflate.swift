/// The system's zlib: one run of bytes in, one out, raw deflate streams (RFC 1951, no header and no sum of zlib's).
///
/// The only file that imports the C module. A stream's state (some 270 KB to deflate) is made once and used for many
/// runs. Inflation is told how many bytes will come, and nothing is taken that is not those: a stream that holds
/// more, less, or bytes behind its end is no stream of ours.
///
/// INVARIANT 1: zlib's state points back at its `z_stream`, so that one stays at one address.
/// INVARIANT 2: one thread at a time.
import Bytes
import CZlib

/// Compresses runs of bytes; see the file's header.
@safe
final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 0 (none) ... 9.
    init(level: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // SAFETY: the stream is zeroed, as zlib wants it, and of the size that is told.
        let status = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib refuses level \(level)")
    }

    deinit {
        unsafe _ = deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends `bytes`, deflated, to `out`.
    func deflate(_ bytes: ByteView, to out: ByteWriter) {
        unsafe _ = deflateReset(stream)
        // zlib 1.2.13's bound is short by a byte for some settings and few bytes.
        let bound = unsafe Int(deflateBound(stream, UInt(bytes.count))) + 64
        _ = unsafe out.appendFilling(bound) { room in
            unsafe bytes.withUnsafePointer { base, count -> Int in
                // SAFETY: zlib reads `count` bytes and doesn't change them, and writes what `room` holds at most.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: base)
                unsafe stream.pointee.avail_in = UInt32(count)
                unsafe stream.pointee.next_out = room.baseAddress?
                    .assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(room.count)
                let status = unsafe CZlib.deflate(stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "zlib needs more room than it said")
                return unsafe room.count - Int(stream.pointee.avail_out)
            }
        }
    }
}

/// Gives back what was compressed; see the file's header.
@safe
final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // SAFETY: the stream is zeroed, as zlib wants it, and of the size that is told.
        let status = unsafe inflateInit2_(
            stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib refuses to begin")
    }

    deinit {
        unsafe _ = inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends the `size` bytes that `bytes` hold to `out`.
    ///
    /// - Returns: whether it was a whole stream of just that many bytes; else nothing is to be made of `out`.
    func inflate(_ bytes: ByteView, size: Int, to out: ByteWriter) -> Bool {
        unsafe _ = inflateReset(stream)
        var isWhole = false
        // One byte more than there should be, so that room is never what ends it.
        _ = unsafe out.appendFilling(size + 1) { room in
            unsafe bytes.withUnsafePointer { base, count -> Int in
                // SAFETY: zlib reads `count` bytes and doesn't change them, and writes what `room` holds at most.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: base)
                unsafe stream.pointee.avail_in = UInt32(count)
                unsafe stream.pointee.next_out = room.baseAddress?
                    .assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(room.count)
                let status = unsafe CZlib.inflate(stream, Z_FINISH)
                let isEnd = unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out == 1
                isWhole = status == Z_STREAM_END && isEnd
                return isWhole ? size : 0
            }
        }
        return isWhole
    }
}
