/// The digest of a dataset: equal for equal data, whatever format, order or memory it is kept in.
///
/// FORMAT.md has every byte. In short: each key with all it holds gives a SHA-256; those are added, modulo
/// 2^256, in 65,536 buckets by the first bits of another SHA-256, of database and key. Sixteen buckets make one of
/// the coarser level, down to one bucket for everything, so two datasets can be compared from the top
/// down. The digest that is printed is a SHA-256 over the 256 buckets of level 2.
///
/// Why a sum: keys come in any order, several threads may each digest a part (`merge`), and a bucket's
/// value follows from its parts. Why not XOR: a key that is there twice would vanish. What the sum is worth
/// against an adversary is said in FORMAT.md.
import Bytes
import Crypto

/// One bucket of a digest.
public struct DigestBucket: Hashable, Sendable {
    /// Keys in it.
    public var count: UInt64
    /// The sum of their digests.
    public var sum: Hash256

    /// A bucket.
    public init(count: UInt64 = 0, sum: Hash256 = .zero) {
        self.count = count
        self.sum = sum
    }

    /// Adds the keys of another bucket.
    public static func &+= (left: inout DigestBucket, right: DigestBucket) {
        left.count &+= right.count
        left.sum &+= right.sum
    }
}

/// The digest of a dataset, or of a part of one; see the file's header. About 2.6 MB.
public struct DatasetDigest: Hashable, Sendable {
    /// The version of the encoding that FORMAT.md specifies.
    public static let version = 1
    /// The finest level: 16^4 buckets.
    public static let finestLevel = 4
    /// The level whose buckets make the root.
    static let rootLevel = 2
    /// What the root's message begins with.
    static let rootLine = "holdfast-digest-1\n"

    private var buckets: [DigestBucket]

    /// The digest of nothing.
    public init() {
        buckets = Array(repeating: DigestBucket(), count: 1 << (4 * Self.finestLevel))
    }

    /// Buckets of a level: 16^level.
    public static func bucketCount(level: Int) -> Int {
        precondition((0...finestLevel).contains(level), "a level that the digest doesn't have")
        return 1 << (4 * level)
    }

    /// The key that comes is in this bucket: its memory is fetched while the key is hashed.
    @inline(__always)
    func prefetch(bucket: Int) {
        unsafe buckets.withUnsafeBufferPointer { all in
            guard let base = all.baseAddress else { return }
            // SAFETY: nothing is read; any address will do.
            unsafe Cache.prefetch(UnsafeRawPointer(base + bucket))
        }
    }

    /// Takes a key in.
    @inline(__always)
    mutating func add(_ digest: Hash256, bucket: Int) {
        buckets[bucket].count &+= 1
        buckets[bucket].sum &+= digest
    }

    /// Takes in what another digest has, whose keys are others.
    public mutating func merge(_ other: DatasetDigest) {
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
    }

    /// The buckets of a level, 0 ... 4, by number; a bucket's number is the first `level` hexadecimal
    /// digits of its keys' SHA-256.
    public func level(_ level: Int) -> [DigestBucket] {
        let count = Self.bucketCount(level: level)
        if count == buckets.count { return buckets }
        var result = Array(repeating: DigestBucket(), count: count)
        let finer = buckets.count / count
        for index in buckets.indices { result[index / finer] &+= buckets[index] }
        return result
    }

    /// Keys that were taken in.
    public var keyCount: UInt64 { buckets.reduce(0) { $0 &+ $1.count } }

    /// The digest of everything that was taken in: what is printed and kept as 64 hexadecimal digits.
    public var root: Hash256 {
        var message = Array(Self.rootLine.utf8)
        for bucket in level(Self.rootLevel) {
            for place in 0..<8 {
                message.append(UInt8(truncatingIfNeeded: bucket.count >> UInt64(8 * place)))
            }
            message += bucket.sum.bytes
        }
        return Hash256(SHA256.hash(data: message))
    }
}
