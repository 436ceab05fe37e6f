/// Numbers of fixed width within a view, in both orders; every byte is bounds-checked by the view.
import Bytes

extension ByteView {
    @inline(__always)
    func littleEndian16(_ at: Int) -> UInt16 { UInt16(self[at]) | UInt16(self[at + 1]) << 8 }

    @inline(__always)
    func littleEndian32(_ at: Int) -> UInt32 {
        UInt32(littleEndian16(at)) | UInt32(littleEndian16(at + 2)) << 16
    }

    @inline(__always)
    func littleEndian64(_ at: Int) -> UInt64 {
        UInt64(littleEndian32(at)) | UInt64(littleEndian32(at + 4)) << 32
    }

    @inline(__always)
    func bigEndian32(_ at: Int) -> UInt32 { littleEndian32(at).byteSwapped }

    @inline(__always)
    func bigEndian64(_ at: Int) -> UInt64 { littleEndian64(at).byteSwapped }

    /// A signed integer of `width` bytes, 1 ... 8, lowest byte first.
    @inline(__always)
    func signedLittleEndian(_ at: Int, width: Int) -> Int64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(self[at + index]) << UInt64(index * 8) }
        let unused = Int64(64 - width * 8)
        return Int64(bitPattern: value << UInt64(unused)) >> unused
    }
}

extension ByteWriter {
    /// Appends the `width` lowest bytes of `value`, lowest first.
    func append(littleEndian value: UInt64, width: Int) {
        for index in 0..<width { append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
    }

    /// Appends the `width` lowest bytes of `value`, highest first.
    func append(bigEndian value: UInt64, width: Int) {
        for index in stride(from: width - 1, through: 0, by: -1) {
            append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8)))
        }
    }
}
