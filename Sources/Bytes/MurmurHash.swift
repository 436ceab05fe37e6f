/// MurmurHash64A: the hash that spreads the elements of Redis's HyperLogLogs over their registers.
///
/// An exact implementation of Austin Appleby's published function (public domain), little-endian on every
/// machine: what a HyperLogLog holds depends on it for ever.

/// The 64-bit Murmur hash, second version.
public enum MurmurHash {
    private static let multiplier: UInt64 = 0xc6a4_a793_5bd1_e995

    /// The hash of `bytes` with this seed.
    public static func hash64A(_ bytes: ByteView, seed: UInt64) -> UInt64 {
        let count = bytes.count
        let words = count >> 3
        var hash = seed ^ UInt64(count) &* multiplier
        let raw = unsafe UnsafeRawPointer(bytes.base)
        for index in 0..<words {
            // SAFETY: `index * 8 + 8 <= count`.
            var word = unsafe UInt64(
                littleEndian: raw.loadUnaligned(fromByteOffset: index << 3, as: UInt64.self))
            word = word &* multiplier
            word ^= word >> 47
            hash = (hash ^ word &* multiplier) &* multiplier
        }
        let rest = bytes.dropFirst(words << 3)
        if !rest.isEmpty {
            var last: UInt64 = 0
            for place in 0..<rest.count { last |= UInt64(rest[place]) << UInt64(place << 3) }
            hash = (hash ^ last) &* multiplier
        }
        hash = (hash ^ hash >> 47) &* multiplier
        return hash ^ hash >> 47
    }
}
