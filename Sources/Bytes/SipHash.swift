/// SipHash-1-2: the keyed hash of the keyspace. Whoever doesn't know the seed can't flood a segment.
///
/// Two rounds at the end and one a word, as Redis and Ruby use it; an exact implementation of the
/// published algorithm (Aumasson, Bernstein 2012) with other round counts.

/// A keyed 64-bit hash of byte strings.
@frozen
public struct SipHash: Sendable {
    @usableFromInline let key0: UInt64
    @usableFromInline let key1: UInt64

    /// The hash function of this 128-bit key.
    public init(key0: UInt64, key1: UInt64) {
        self.key0 = key0
        self.key1 = key1
    }

    /// A hash function nobody can predict.
    public static func random() -> SipHash {
        var source = SystemRandomNumberGenerator()
        return SipHash(key0: source.next(), key1: source.next())
    }

    /// The hash of `bytes`.
    @inlinable
    public func hash(_ bytes: ByteView) -> UInt64 {
        var v0 = key0 ^ 0x736f_6d65_7073_6575
        var v1 = key1 ^ 0x646f_7261_6e64_6f6d
        var v2 = key0 ^ 0x6c79_6765_6e65_7261
        var v3 = key1 ^ 0x7465_6462_7974_6573

        @inline(__always)
        func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }

        let count = bytes.count
        let words = count >> 3
        let raw = unsafe UnsafeRawPointer(bytes.base)
        for index in 0..<words {
            // SAFETY: `index * 8 + 8 <= count`.
            let word = unsafe UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: index << 3, as: UInt64.self))
            v3 ^= word
            round()
            v0 ^= word
        }
        var last = UInt64(truncatingIfNeeded: count) << 56
        var shift: UInt64 = 0
        for index in (words << 3)..<count {
            unsafe last |= UInt64(bytes.base[index]) << shift
            shift &+= 8
        }
        v3 ^= last
        round()
        v0 ^= last
        v2 ^= 0xff
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
