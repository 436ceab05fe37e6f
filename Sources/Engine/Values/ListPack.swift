/// Redis's listpack: strings and integers one behind the other, readable from both ends. Streams are made of
/// them, here as in Redis, so that their nodes end where Redis's end and a dump is a copy.
///
///     total u32 little-endian   elements u16 (65,535: count them)   elements   0xFF
///
///     element   encoding and data   length of both, 7 bits a byte, read from its last byte backwards
///
///     0xxxxxxx                 0 ... 127                10xxxxxx   string, 6 bits of length
///     110xxxxx +1              13 bits, signed          1110xxxx +1   string, 12 bits of length
///     F1 +2, F2 +3, F3 +4, F4 +8   little-endian        F0 +4   string, 32 bits of length
///
/// A string that spells a 64-bit integer is stored as the integer. Reading checks every bound: packs come from
/// dumps too.
import Bytes

/// One element of a listpack.
enum ListPackElement {
    case integer(Int64)
    case string(ByteView)

    /// Whether it is the element that `bytes` are stored as.
    func isSpelled(_ bytes: ByteView) -> Bool {
        switch self {
        case .string(let string): string == bytes
        case .integer(let integer): bytes.count <= 20 && Decimal.parse(bytes) == integer
        }
    }
}

/// Reading and spelling listpacks.
enum ListPack {
    /// Bytes before the first element.
    static let headBytes = 6
    /// Elements from which on the head doesn't say how many there are.
    static let uncounted = 65535
    private static let end: UInt8 = 0xFF

    // MARK: Reading

    /// The element at `offset` and where the next one begins; nil at the end, or where there is none.
    @inline(__always)
    static func element(
        _ pack: ByteView, at offset: Int
    ) -> (element: ListPackElement, next: Int)? {
        guard offset >= headBytes, offset < pack.count else { return nil }
        let first = pack[offset]
        if first < 0x80 {
            return offset + 2 <= pack.count ? (.integer(Int64(first)), offset + 2) : nil
        }
        if first < 0xC0 { return string(pack, offset, head: 1, Int(first & 63)) }
        return wideElement(pack, offset, first)
    }

    @inline(never)
    private static func wideElement(
        _ pack: ByteView, _ offset: Int, _ first: UInt8
    ) -> (element: ListPackElement, next: Int)? {
        let room = pack.count - offset
        if first < 0xE0 {
            guard room >= 3 else { return nil }
            let word = Int64(first & 31) << 8 | Int64(pack[offset + 1])
            return (.integer(word < 4096 ? word : word - 8192), offset + 3)
        }
        if first < 0xF0 {
            guard room >= 2 else { return nil }
            return string(pack, offset, head: 2, Int(first & 15) << 8 | Int(pack[offset + 1]))
        }
        if first == 0xF0 {
            guard room >= 5 else { return nil }
            return string(pack, offset, head: 5, Int(number(pack, offset + 1, 4)))
        }
        let size = [2, 3, 4, 8, 0][Int(min(first, 0xF5) - 0xF1)]
        guard size > 0, room >= size + 2 else { return nil }
        let shift = Int64(64 - size * 8)
        let word = Int64(bitPattern: number(pack, offset + 1, size))
        return (.integer((word << shift) >> shift), offset + size + 2)
    }

    private static func number(_ pack: ByteView, _ offset: Int, _ size: Int) -> UInt64 {
        var word: UInt64 = 0
        for place in 0..<size { word |= UInt64(pack[offset + place]) << UInt64(place * 8) }
        return word
    }

    @inline(__always)
    private static func string(
        _ pack: ByteView, _ offset: Int, head: Int, _ length: Int
    ) -> (element: ListPackElement, next: Int)? {
        let start = offset + head
        let next = start + length + backBytes(head + length)
        // The pack's last byte is its end mark, so an element ends before it.
        guard next < pack.count else { return nil }
        return (.string(pack[start..<(start + length)]), next)
    }

    /// The integer at `offset` and where the next element begins; nil where there is none.
    @inline(__always)
    static func integer(_ pack: ByteView, at offset: Int) -> (value: Int64, next: Int)? {
        guard let (element, next) = element(pack, at: offset), case .integer(let value) = element
        else { return nil }
        return (value, next)
    }

    /// Where the element that ends at `offset` begins; nil where none does.
    static func start(_ pack: ByteView, before offset: Int) -> Int? {
        var place = offset - 1
        var length = 0
        var shift = 0
        while place >= headBytes && shift <= 28 {
            let byte = pack[place]
            length |= Int(byte & 127) << shift
            if byte < 128 {
                let start = place - length
                return start >= headBytes ? start : nil
            }
            shift += 7
            place -= 1
        }
        return nil
    }

    /// Whether `offset` is behind the last element.
    static func isEnd(_ pack: ByteView, _ offset: Int) -> Bool {
        offset == pack.count - 1 && pack[offset] == end
    }

    // MARK: Spelling

    /// Bytes of the back length of an element of `count` bytes.
    @inline(__always)
    static func backBytes(_ count: Int) -> Int {
        if count < 128 { return 1 }
        if count < 16383 { return 2 }
        if count < 2_097_151 { return 3 }
        return count < 268_435_455 ? 4 : 5
    }

    /// Bytes that an integer takes.
    static func bytes(_ value: Int64) -> Int {
        if value >= 0 && value < 128 { return 2 }
        if value >= -4096 && value < 4096 { return 3 }
        if value == Int64(Int16(truncatingIfNeeded: value)) { return 4 }
        if value >= -(1 << 23) && value < 1 << 23 { return 5 }
        return value == Int64(Int32(truncatingIfNeeded: value)) ? 6 : 10
    }

    /// Appends an integer as an element.
    static func append(_ value: Int64, to out: ByteWriter) {
        let size = bytes(value)
        if size == 2 {
            out.append(UInt8(value))
        } else if size == 3 {
            out.append(0xC0 | UInt8(truncatingIfNeeded: value >> 8) & 31)
            out.append(UInt8(truncatingIfNeeded: value))
        } else {
            let data = size - 2
            out.append(0xF1 + UInt8(data == 8 ? 3 : data - 2))
            for place in 0..<data {
                out.append(UInt8(truncatingIfNeeded: value >> Int64(place * 8)))
            }
        }
        out.append(UInt8(size - 1))
    }

    /// Appends a string as an element: as an integer where it spells one.
    static func append(_ bytes: ByteView, to out: ByteWriter) {
        if bytes.count <= 20, let integer = Decimal.parse(bytes) {
            append(integer, to: out)
            return
        }
        let count = bytes.count
        let head: Int
        if count < 64 {
            out.append(0x80 | UInt8(count))
            head = 1
        } else if count < 4096 {
            out.append(0xE0 | UInt8(count >> 8))
            out.append(UInt8(count & 255))
            head = 2
        } else {
            out.append(0xF0)
            for place in 0..<4 { out.append(UInt8(truncatingIfNeeded: count >> (place * 8))) }
            head = 5
        }
        out.append(bytes)
        appendBack(head + count, to: out)
    }

    private static func appendBack(_ count: Int, to out: ByteWriter) {
        let size = backBytes(count)
        for place in stride(from: size - 1, through: 0, by: -1) {
            let bits = UInt8(truncatingIfNeeded: count >> (place * 7)) & 127
            out.append(place == size - 1 ? bits : bits | 128)
        }
    }

    /// Begins a pack: its head, to be completed by `finish`.
    static func begin(_ out: ByteWriter) {
        out.removeAll()
        for _ in 0..<headBytes { out.append(0) }
    }

    /// Ends a pack of this many elements.
    static func finish(_ out: ByteWriter, elements: Int) {
        out.append(end)
        let head: [UInt8] = [
            UInt8(truncatingIfNeeded: out.count), UInt8(truncatingIfNeeded: out.count >> 8),
            UInt8(truncatingIfNeeded: out.count >> 16), UInt8(truncatingIfNeeded: out.count >> 24),
            UInt8(truncatingIfNeeded: min(elements, uncounted)),
            UInt8(truncatingIfNeeded: min(elements, uncounted) >> 8),
        ]
        head.withByteView { out.overwrite(at: 0, with: $0) }
    }
}
