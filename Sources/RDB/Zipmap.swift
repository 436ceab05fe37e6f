/// Zipmaps: small hashes of Redis 2.0 ... 2.4.
///
///     [count][length][field][length][free][value][free bytes] ... [0xFF]
///
/// A length below 254 is one byte, else 0xFE and u32, lowest byte first. A count of 254 or more means:
/// count them. Fields and values come out in turn.
import Bytes

/// Reads a zipmap.
struct ZipmapReader: PackedReader {
    private let blob: ByteView
    private var place = 1
    private var pairs = 0
    private var isAtValue = false

    init(_ blob: ByteView) throws(RDBError) {
        self.blob = blob
        guard blob.count >= 2, blob[blob.count - 1] == 0xFF else {
            throw .corrupt("a zipmap's size or end is wrong")
        }
    }

    mutating func next() throws(RDBError) -> PackedElement? {
        let last = blob.count - 1
        if !isAtValue && place == last {
            guard blob[0] >= 254 || Int(blob[0]) == pairs else {
                throw .corrupt("a zipmap's count is wrong")
            }
            return nil
        }
        let count = try readLength(last)
        let free = isAtValue ? Int(try take(1, last)[0]) : 0
        let bytes = try take(count, last)
        _ = try take(free, last)
        if isAtValue { pairs += 1 }
        isAtValue.toggle()
        return PackedElement(bytes)
    }

    private mutating func readLength(_ last: Int) throws(RDBError) -> Int {
        let first = try take(1, last)[0]
        if first < 254 { return Int(first) }
        if first == 255 { throw .corrupt("a zipmap ends before its end") }
        return Int(try take(4, last).littleEndian32(0))
    }

    private mutating func take(_ count: Int, _ last: Int) throws(RDBError) -> ByteView {
        guard last - place >= count else { throw .corrupt("a zipmap's entry passes its end") }
        defer { place += count }
        return blob[place..<(place + count)]
    }
}
