/// Numbers in the bytes of blocks: of fixed width with the lowest byte first, and of seven bits a byte.
///
///     varint   seven bits a byte, the lowest first; the top bit says that another byte follows; 1 ... 10 bytes
///     zigzag   a signed number as the varint of 2n (n >= 0) or -2n - 1: 0, -1, 1, -2 are 0, 1, 2, 3
import Bytes

extension ByteWriter {
    @inline(__always)
    func append(fixed value: UInt32) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 24))
    }

    @inline(__always)
    func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    func append(varint value: Int) { append(varint: UInt64(value)) }

    @inline(__always)
    func append(zigzag value: Int64) {
        append(varint: UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}

extension ByteView {
    func fixed32(at place: Int) -> UInt32 {
        let bytes = self[place..<(place + 4)]
        return (0..<4).reduce(0) { $0 | UInt32(bytes[$1]) << UInt32(8 * $1) }
    }

    func fixed64(at place: Int) -> UInt64 {
        UInt64(fixed32(at: place)) | UInt64(fixed32(at: place + 4)) << 32
    }
}
