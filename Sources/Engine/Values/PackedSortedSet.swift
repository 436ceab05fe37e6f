/// A small sorted set as one run of bytes: no allocation but the entry's own.
///
///     count  u16 little-endian
///     then `count` times, in order:  score (8 bytes, an IEEE double, little-endian), member length, member
///     lengths are LEB128, as in PackedFields
///
/// Every search reads from the front; `zset-max-listpack-entries` keeps it short (128 members by default).
///
/// INVARIANT 1: members stand by rising score, those of one score by rising bytes; no score is NaN.
import Bytes

/// Reading packed members and scores.
struct PackedSortedSet {
    let bytes: ByteView

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// Where the first member stands.
    static let start = 2

    /// Members in it.
    var count: Int { Int(bytes[0]) | Int(bytes[1]) << 8 }

    /// A member, its score, and where both lie.
    struct Item {
        let score: Double
        let member: ByteView
        let range: Range<Int>
    }

    /// The item that begins at `offset`, nil at the end.
    @inline(__always)
    func item(at offset: Int) -> Item? {
        guard offset < bytes.count else { return nil }
        let score = PackedSortedSet.score(bytes[offset..<(offset + 8)])
        var place = offset + 8
        var length = 0
        var shift = 0
        while true {
            let byte = bytes[place]
            place += 1
            length |= Int(byte & 127) << shift
            if byte < 128 { break }
            shift += 7
        }
        let end = place + length
        return Item(score: score, member: bytes[place..<end], range: offset..<end)
    }

    /// The double of 8 bytes.
    @inline(__always)
    private static func score(_ bytes: ByteView) -> Double {
        precondition(bytes.count == 8, "a score has 8 bytes")
        return unsafe bytes.withUnsafePointer { base, _ in
            // SAFETY: 8 bytes, checked above.
            Double(
                bitPattern: UInt64(
                    littleEndian: unsafe UnsafeRawPointer(base).loadUnaligned(as: UInt64.self)))
        }
    }

    /// The item of `member` and its rank, nil where it is absent.
    func find(_ member: ByteView) -> (item: Item, rank: Int)? {
        var place = PackedSortedSet.start
        var rank = 0
        while let item = item(at: place) {
            if item.member == member { return (item, rank) }
            place = item.range.upperBound
            rank += 1
        }
        return nil
    }

    /// Where the item of a rank begins; the end for ranks beyond.
    func offset(rank: Int) -> Int {
        var place = PackedSortedSet.start
        var left = rank
        while left > 0, let item = item(at: place) {
            place = item.range.upperBound
            left -= 1
        }
        return place
    }

    /// Where an item of this score and member belongs: the first item behind it.
    func offset(of member: ByteView, _ score: Double) -> Int {
        var place = PackedSortedSet.start
        while let item = item(at: place) {
            if item.score > score || item.score == score && member < item.member { break }
            place = item.range.upperBound
        }
        return place
    }

    // MARK: Writing

    /// Appends the number of members.
    static func append(count: Int, to out: ByteWriter) {
        out.append(UInt8(truncatingIfNeeded: count))
        out.append(UInt8(truncatingIfNeeded: count >> 8))
    }

    /// Appends the 8 bytes of a score.
    static func append(score: Double, to out: ByteWriter) {
        var bits = score.bitPattern
        for _ in 0..<8 {
            out.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
    }

    /// Appends an item.
    static func append(_ member: ByteView, _ score: Double, to out: ByteWriter) {
        append(score: score, to: out)
        PackedFields.append(member, to: out)
    }

    /// Writes these items to `out`, one of them dropped (where it is not nil), another put in at `offset`.
    func write(
        dropping old: Range<Int>?, inserting member: ByteView, _ score: Double, at offset: Int,
        to out: ByteWriter
    ) {
        PackedSortedSet.append(count: old == nil ? count + 1 : count, to: out)
        let start = PackedSortedSet.start
        guard let old else {
            out.append(bytes[start..<offset])
            PackedSortedSet.append(member, score, to: out)
            out.append(bytes.dropFirst(offset))
            return
        }
        if offset <= old.lowerBound {
            out.append(bytes[start..<offset])
            PackedSortedSet.append(member, score, to: out)
            out.append(bytes[offset..<old.lowerBound])
            out.append(bytes.dropFirst(old.upperBound))
        } else {
            out.append(bytes[start..<old.lowerBound])
            out.append(bytes[old.upperBound..<offset])
            PackedSortedSet.append(member, score, to: out)
            out.append(bytes.dropFirst(offset))
        }
    }

    /// Writes these items to `out` without the `count` that lie in `range`.
    func write(dropping range: Range<Int>, count dropped: Int, to out: ByteWriter) {
        PackedSortedSet.append(count: count - dropped, to: out)
        out.append(bytes[PackedSortedSet.start..<range.lowerBound])
        out.append(bytes.dropFirst(range.upperBound))
    }
}
