/// What the CPU and C's library do better than Swift: checksums by instruction, `long double`, `%.17g`.
///
/// The only file that imports the C module. Every function here takes or returns whole values; no
/// pointer of C's escapes.
import CHardware

/// CRC-32C (Castagnoli), the checksum of every record that Holdfast writes.
///
/// Chosen over CRC-32 (zlib's) because CPUs have an instruction for it: about 10 GB/s against 1.
public enum CRC32C {
    /// The checksum of `bytes`, continuing from `seed` (0 to begin).
    @inline(__always)
    public static func checksum(_ bytes: ByteView, seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafePointer { base, count in
            unsafe holdfast_crc32c(seed, base, count)
        }
    }

    /// The checksum of an array.
    public static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withByteView { checksum($0, seed: seed) }
    }

    /// The same by table, whatever the CPU has; the tests compare the two.
    static func portableChecksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withByteView { view in
            unsafe view.withUnsafePointer { base, count in
                unsafe holdfast_crc32c_portable(seed, base, count)
            }
        }
    }
}

/// Reflected CRC-64s by carry-less multiplication, some ten times the speed of a table.
public enum CarrylessCRC64 {
    /// Whether the CPU has the instruction; where it hasn't, a table is to be used.
    public static let isAvailable = holdfast_has_crc64_fold() != 0

    /// Numbers that a polynomial's inputs are multiplied by.
    public struct Keys: Sendable {
        private let keys: InlineArray<4, UInt64>

        /// For the polynomial whose coefficients are the bits of `reflected`, the lowest that of x^63.
        public init(reflected polynomial: UInt64) {
            /// x to the power, modulo the polynomial.
            func power(_ exponent: Int) -> UInt64 {
                (0..<exponent).reduce(1 << 63) { value, _ in
                    value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1
                }
            }
            keys = [power(512 + 63), power(512 - 1), power(128 + 63), power(128 - 1)]
        }

        /// Sixteen bytes with the checksum of the first bytes of an input, begun from 0, and how many those are;
        /// all but the last 15, or none where there are fewer than 64.
        public func fold(
            _ bytes: ByteView, seed: UInt64
        ) -> (words: (UInt64, UInt64), count: Int) {
            precondition(isAvailable, "a CPU without the instruction")
            var keys = keys
            var words: InlineArray<2, UInt64> = .init(repeating: 0)
            let count = unsafe withUnsafeBytes(of: &keys) { keys in
                unsafe withUnsafeMutableBytes(of: &words) { out in
                    unsafe bytes.withUnsafePointer { base, count in
                        // SAFETY: the callee reads four keys and the count given, and writes 16 bytes.
                        unsafe holdfast_crc64_fold(
                            seed, base, count,
                            keys.assumingMemoryBound(to: UInt64.self).baseAddress,
                            out.assumingMemoryBound(to: UInt8.self).baseAddress)
                    }
                }
            }
            return ((words[0], words[1]), count)
        }
    }
}

/// SHA-256 of a whole message by the CPU's own instructions, which allocates nothing.
///
/// swift-crypto's costs two allocations a message, several times the hash of a short one.
public enum QuickSHA256 {
    /// Whether the CPU has the instructions; where it hasn't, swift-crypto is to be asked.
    public static let isAvailable = holdfast_has_sha256() != 0

    /// The hash as four numbers, each of eight of its bytes, the lowest first.
    @inline(__always)
    public static func hash(_ bytes: ByteView) -> (UInt64, UInt64, UInt64, UInt64) {
        precondition(isAvailable, "a CPU without the instructions")
        var words: InlineArray<4, UInt64> = .init(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &words) { out in
            unsafe bytes.withUnsafePointer { base, count in
                // SAFETY: the callee writes the 32 bytes of `words` and reads the count given.
                unsafe holdfast_sha256(base, count, out.baseAddress)
            }
        }
        return (
            UInt64(littleEndian: words[0]), UInt64(littleEndian: words[1]),
            UInt64(littleEndian: words[2]), UInt64(littleEndian: words[3])
        )
    }
}

/// Decimal arithmetic and text in the forms that Redis prints.
public enum FloatText {
    /// Why a sum could not be made.
    public enum SumError: Error, Equatable {
        /// One of the operands is no float.
        case notAFloat
        /// The sum is NaN or infinite.
        case outOfRange
    }

    /// `left + right` in C's `long double`, printed with at most 17 decimals and no trailing zeros:
    /// what INCRBYFLOAT and HINCRBYFLOAT answer and store.
    public static func sum(_ left: ByteView, _ right: ByteView) throws(SumError) -> [UInt8] {
        let capacity = 5 * 1024
        var length: Int32 = 0
        let text = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { out, used in
            length = unsafe left.withUnsafePointer { a, aCount in
                unsafe right.withUnsafePointer { b, bCount in
                    // SAFETY: the callee writes at most `capacity` bytes and reads the counts given.
                    unsafe holdfast_add_long_double(
                        UnsafeRawPointer(a).assumingMemoryBound(to: CChar.self), aCount,
                        UnsafeRawPointer(b).assumingMemoryBound(to: CChar.self), bCount,
                        UnsafeMutableRawPointer(out.baseAddress)?
                            .assumingMemoryBound(to: CChar.self), capacity)
                }
            }
            used = max(0, Int(length))
        }
        if length == -1 { throw .notAFloat }
        if length < 0 { throw .outOfRange }
        return text
    }

    /// The double that the whole of `text` spells (`inf`, hexadecimal and exponents included), nil
    /// where it is none, is NaN, or is out of range.
    public static func parse(_ text: ByteView) -> Double? {
        unsafe text.withUnsafePointer { base, count in
            var value = 0.0
            let status = unsafe holdfast_parse_double(
                UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), count, &value)
            return status == 0 ? value : nil
        }
    }

    /// Appends `%.17g` of `value` to `out`, with `inf`, `-inf` and `nan` in words; allocates nothing.
    public static func append(_ value: Double, to out: ByteWriter) {
        // Whole numbers, the common case, are spelled without C's help; -0 isn't one of them.
        if value.magnitude < 1e17, let whole = Int(exactly: value),
            whole != 0 || value.sign == .plus
        {
            out.append(decimal: whole)
        } else if value.isFinite {
            _ = unsafe out.appendFilling(64) { room in
                // SAFETY: `%.17g` of a finite double is at most 24 bytes.
                unsafe Int(
                    holdfast_format_double(
                        value, room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count))
            }
        } else {
            out.append(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf")
        }
    }

    /// Appends `value` in fixed notation with this many decimals (0...17), rounded from its exact value.
    ///
    /// - Parameter isTrimmed: zeros at the end of the decimals, and a point without any, are left out.
    public static func append(
        _ value: Double, decimals: Int, isTrimmed: Bool = false, to out: ByteWriter
    ) {
        precondition(decimals >= 0 && decimals <= 17, "no such number of decimals")
        let start = out.count
        _ = unsafe out.appendFilling(400) { room in
            // SAFETY: the greatest double has 309 digits; with sign, point and 17 decimals that is below 400.
            unsafe Int(
                holdfast_format_fixed(
                    value, Int32(decimals),
                    room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count))
        }
        guard isTrimmed, decimals > 0, value.isFinite else { return }
        let text = out.view
        var end = text.count
        while text[end - 1] == UInt8(ascii: "0") { end -= 1 }
        if text[end - 1] == UInt8(ascii: ".") { end -= 1 }
        // Minus nothing is nothing.
        if text[start..<end] == ByteView("-0") {
            out.truncate(to: start)
            out.append(UInt8(ascii: "0"))
        } else {
            out.truncate(to: end)
        }
    }

    /// The double that `text` spells as C's `strtod` reads it: blanks in front and nothing at all are allowed,
    /// what is too large is infinite, and a NUL ends the text; nil where there is more, or NaN.
    public static func parseLoosely(_ text: ByteView) -> Double? {
        unsafe text.withUnsafePointer { base, count in
            var value = 0.0
            let status = unsafe holdfast_parse_double_loosely(
                UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), count, &value)
            return status == 0 ? value : nil
        }
    }

    /// `%.17g` of `value`, with `inf`, `-inf` and `nan` in words.
    public static func format(_ value: Double) -> [UInt8] {
        if value.isNaN { return Array("nan".utf8) }
        if value.isInfinite { return Array((value < 0 ? "-inf" : "inf").utf8) }
        let capacity = 64
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { out, used in
            // SAFETY: `%.17g` of a finite double is at most 24 bytes.
            used = unsafe Int(
                holdfast_format_double(
                    value,
                    UnsafeMutableRawPointer(out.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    capacity))
        }
    }
}

/// Hints for the CPU's caches.
public enum Cache {
    /// Asks for the line at `address`; any address will do, nothing is read.
    @inlinable
    @inline(__always)
    @unsafe
    public static func prefetch(_ address: UnsafeRawPointer) {
        unsafe holdfast_prefetch(address)
    }
}

/// The C allocator behind the keyspace.
public enum Allocator {
    /// Sets the allocator up for a server; call it before any thread exists.
    public static func prepare() { holdfast_prepare_memory() }

    /// Puts in order what was freed lately, which a later allocation of the engine's would pay for otherwise: to be called
    /// by whoever frees many blocks, every thousand or so.
    public static func settle() { holdfast_settle_memory() }

    /// Gives unused pages back to the system; MEMORY PURGE.
    public static func trim() { holdfast_trim_memory() }

    /// Bytes behind `block`, which came from `malloc`.
    @unsafe
    public static func usableSize(_ block: UnsafeRawPointer) -> Int {
        unsafe holdfast_usable_size(block)
    }
}
