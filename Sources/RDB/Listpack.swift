/// Listpacks: what Redis 7 packs small collections, list nodes and stream nodes into.
///
///     0     4       6            size - 1
///     [size][count][element ...][0xFF]       size u32 and count u16, lowest byte first
///     element: encoding, data, length of both backwards in 7-bit groups
///
/// A count of 65535 means: count them. Elements are checked one after the other as they are read.
import Bytes

/// The fixed parts of a listpack.
enum Listpack {
    static let headerSize = 6
    static let unknownCount = 65535
    static let end: UInt8 = 0xFF

    /// Bytes that tell an element's length backwards; the borders are Redis's, one lower than they could be.
    static func backLengthSize(_ length: Int) -> Int {
        if length <= 127 { return 1 }
        if length < 16383 { return 2 }
        if length < 2_097_151 { return 3 }
        return length < 268_435_455 ? 4 : 5
    }
}

/// Reads a listpack.
struct ListpackReader: PackedReader {
    private let blob: ByteView
    private var place = Listpack.headerSize
    private var found = 0

    init(_ blob: ByteView) throws(RDBError) {
        self.blob = blob
        guard blob.count > Listpack.headerSize, Int(blob.littleEndian32(0)) == blob.count,
            blob[blob.count - 1] == Listpack.end
        else {
            throw .corrupt("a listpack's size or end is wrong")
        }
    }

    mutating func next() throws(RDBError) -> PackedElement? {
        let last = blob.count - 1
        if place == last {
            let count = Int(blob.littleEndian16(4))
            guard count == Listpack.unknownCount || count == found else {
                throw .corrupt("a listpack's count is wrong")
            }
            return nil
        }
        let start = place
        let element = try readElement(last)
        let length = place - start
        let size = Listpack.backLengthSize(length)
        guard last - place >= size, Self.isBackLength(blob[place..<(place + size)], length) else {
            throw .corrupt("a listpack's element has a wrong length behind it")
        }
        place += size
        found += 1
        return element
    }

    /// Reads encoding and data, which end before `last`.
    private mutating func readElement(_ last: Int) throws(RDBError) -> PackedElement {
        let first = blob[place]
        place += 1
        if first < 0x80 { return PackedElement(Int64(first)) }
        if first < 0xC0 { return PackedElement(try take(Int(first & 0x3F), last)) }
        if first < 0xE0 {
            let low = try take(1, last)[0]
            let value = Int64(first & 0x1F) << 8 | Int64(low)
            return PackedElement(value >= 1 << 12 ? value - 1 << 13 : value)
        }
        if first < 0xF0 {
            let low = try take(1, last)[0]
            return PackedElement(try take(Int(first & 0x0F) << 8 | Int(low), last))
        }
        switch first {
        case 0xF0: return PackedElement(try take(Int(try take(4, last).littleEndian32(0)), last))
        case 0xF1: return PackedElement(try take(2, last).signedLittleEndian(0, width: 2))
        case 0xF2: return PackedElement(try take(3, last).signedLittleEndian(0, width: 3))
        case 0xF3: return PackedElement(try take(4, last).signedLittleEndian(0, width: 4))
        case 0xF4: return PackedElement(try take(8, last).signedLittleEndian(0, width: 8))
        default: throw .corrupt("a listpack's element has an unknown encoding")
        }
    }

    private mutating func take(_ count: Int, _ last: Int) throws(RDBError) -> ByteView {
        guard last - place >= count else { throw .corrupt("a listpack's element passes its end") }
        defer { place += count }
        return blob[place..<(place + count)]
    }

    /// Whether `bytes` spell `length`, highest group first, all groups but the first marked.
    private static func isBackLength(_ bytes: ByteView, _ length: Int) -> Bool {
        var rest = length
        for index in stride(from: bytes.count - 1, through: 0, by: -1) {
            let group = UInt8(rest & 127) | (index > 0 ? 128 : 0)
            if bytes[index] != group { return false }
            rest >>= 7
        }
        return rest == 0
    }
}

/// Builds a listpack.
struct ListpackBuilder {
    private let bytes = ByteWriter(capacity: 256)
    /// Elements in it.
    private(set) var count = 0

    init() { removeAll() }

    /// Bytes of the listpack as `finish` would give it now.
    var size: Int { bytes.count + 1 }

    mutating func removeAll() {
        bytes.removeAll(keepingUpTo: 1 << 16)
        bytes.appendGap(Listpack.headerSize)
        count = 0
    }

    /// Bytes that an element adds, at most, without looking whether it is an integer.
    static func highestSize(_ element: ByteView) -> Int { element.count + 10 }

    /// Appends a text, as an integer where it is the canonical spelling of one.
    mutating func append(_ text: ByteView) {
        if text.count <= 20, let integer = Decimal.parse(text) { return append(integer) }
        let start = bytes.count
        if text.count < 64 {
            bytes.append(0x80 | UInt8(text.count))
        } else if text.count < 4096 {
            bytes.append(0xE0 | UInt8(text.count >> 8))
            bytes.append(UInt8(text.count & 255))
        } else {
            bytes.append(0xF0)
            bytes.append(littleEndian: UInt64(text.count), width: 4)
        }
        bytes.append(text)
        appendBackLength(bytes.count - start)
    }

    /// Appends an integer in the shortest form.
    mutating func append(_ value: Int64) {
        let start = bytes.count
        let pattern = UInt64(bitPattern: value)
        switch value {
        case 0...127: bytes.append(UInt8(value))
        case -4096...4095:
            bytes.append(0xC0 | UInt8(truncatingIfNeeded: pattern >> 8) & 0x1F)
            bytes.append(UInt8(truncatingIfNeeded: pattern))
        case Int64(Int16.min)...Int64(Int16.max): append(0xF1, pattern, 2)
        case -(1 << 23)...(1 << 23) - 1: append(0xF2, pattern, 3)
        case Int64(Int32.min)...Int64(Int32.max): append(0xF3, pattern, 4)
        default: append(0xF4, pattern, 8)
        }
        appendBackLength(bytes.count - start)
    }

    private func append(_ encoding: UInt8, _ pattern: UInt64, _ width: Int) {
        bytes.append(encoding)
        bytes.append(littleEndian: pattern, width: width)
    }

    private mutating func appendBackLength(_ length: Int) {
        let size = Listpack.backLengthSize(length)
        for index in 0..<size {
            let group = UInt8(truncatingIfNeeded: length >> ((size - 1 - index) * 7)) & 127
            bytes.append(group | (index > 0 ? 128 : 0))
        }
        count += 1
    }

    /// Closes the listpack and lends it; valid until the next append. Call `removeAll` before the next.
    mutating func finish() -> ByteView {
        bytes.append(Listpack.end)
        let size = UInt32(bytes.count)
        let known = UInt16(min(count, Listpack.unknownCount))
        let header: [UInt8] = [
            UInt8(truncatingIfNeeded: size), UInt8(truncatingIfNeeded: size >> 8),
            UInt8(truncatingIfNeeded: size >> 16), UInt8(truncatingIfNeeded: size >> 24),
            UInt8(truncatingIfNeeded: known), UInt8(truncatingIfNeeded: known >> 8),
        ]
        header.withByteView { bytes.overwrite(at: 0, with: $0) }
        return bytes.view
    }
}
