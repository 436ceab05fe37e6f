/// Ziplists: what Redis before 7 packed small collections and list nodes into.
///
///     0     4     8      10           size - 1
///     [size][tail][count][entry ...][0xFF]     tail: where the last entry begins
///     entry: size of the entry before it (1 byte, or 0xFE and u32), encoding, data
///
/// A count of 65535 means: count them.
import Bytes

/// Reads a ziplist.
struct ZiplistReader: PackedReader {
    private static let headerSize = 10
    private let blob: ByteView
    private var place = Self.headerSize
    private var found = 0
    private var before = 0

    init(_ blob: ByteView) throws(RDBError) {
        self.blob = blob
        guard blob.count > Self.headerSize, Int(blob.littleEndian32(0)) == blob.count,
            blob[blob.count - 1] == 0xFF
        else {
            throw .corrupt("a ziplist's size or end is wrong")
        }
    }

    mutating func next() throws(RDBError) -> PackedElement? {
        let last = blob.count - 1
        if place == last {
            let count = Int(blob.littleEndian16(8))
            guard count == 65535 || count == found, Int(blob.littleEndian32(4)) == place - before
            else {
                throw .corrupt("a ziplist's count or tail is wrong")
            }
            return nil
        }
        let start = place
        guard try readSizeBefore(last) == before else {
            throw .corrupt("a ziplist's entry has a wrong size before it")
        }
        let element = try readElement(last)
        before = place - start
        found += 1
        return element
    }

    private mutating func readSizeBefore(_ last: Int) throws(RDBError) -> Int {
        let first = try take(1, last)[0]
        if first < 0xFE { return Int(first) }
        if first == 0xFF { throw .corrupt("a ziplist ends before its end") }
        return Int(try take(4, last).littleEndian32(0))
    }

    private mutating func readElement(_ last: Int) throws(RDBError) -> PackedElement {
        let first = try take(1, last)[0]
        switch first >> 6 {
        case 0: return PackedElement(try take(Int(first & 0x3F), last))
        case 1:
            let low = try take(1, last)[0]
            return PackedElement(try take(Int(first & 0x3F) << 8 | Int(low), last))
        case 2: return PackedElement(try take(Int(try take(4, last).bigEndian32(0)), last))
        default: break
        }
        switch first {
        case 0xC0: return PackedElement(try take(2, last).signedLittleEndian(0, width: 2))
        case 0xD0: return PackedElement(try take(4, last).signedLittleEndian(0, width: 4))
        case 0xE0: return PackedElement(try take(8, last).signedLittleEndian(0, width: 8))
        case 0xF0: return PackedElement(try take(3, last).signedLittleEndian(0, width: 3))
        case 0xFE: return PackedElement(try take(1, last).signedLittleEndian(0, width: 1))
        case 0xF1...0xFD: return PackedElement(Int64(first) - 0xF1)
        default: throw .corrupt("a ziplist's entry has an unknown encoding")
        }
    }

    private mutating func take(_ count: Int, _ last: Int) throws(RDBError) -> ByteView {
        guard last - place >= count else { throw .corrupt("a ziplist's entry passes its end") }
        defer { place += count }
        return blob[place..<(place + count)]
    }
}
