/// Bit operations on the value bytes of an entry that no view sees (invariant 1 of Entry): BITOP builds its
/// result in the entry that will hold it, a word at a time.
import Bytes

/// What BITOP makes of two bits.
enum BitOperation {
    case and
    case or
    case xor
}

extension Entry {
    /// Makes each value byte what the operation gives with the byte of `other` at its place; where `other` has
    /// ended, its bytes are NUL. `other` is no longer than the value.
    func combineValue(_ operation: BitOperation, with other: ByteView) {
        precondition(other.count <= value.count, "the longer operand stays outside")
        switch operation {
        case .and:
            combine(other, words: { $0 & $1 }, bytes: { $0 & $1 })
            clearValue(at: other.count, count: value.count - other.count)
        case .or: combine(other, words: { $0 | $1 }, bytes: { $0 | $1 })
        case .xor: combine(other, words: { $0 ^ $1 }, bytes: { $0 ^ $1 })
        }
    }

    /// Turns every bit of the value over.
    func invertValue() {
        combine(value, words: { word, _ in ~word }, bytes: { byte, _ in ~byte })
    }

    @inline(__always)
    private func combine(
        _ other: ByteView, words: (UInt64, UInt64) -> UInt64, bytes: (UInt8, UInt8) -> UInt8
    ) {
        unsafe value.withUnsafePointer { base, _ in
            unsafe other.withUnsafePointer { source, count in
                // SAFETY: `other` is no longer than the value (`combineValue`, or the value itself), so
                // every access below `count` lies in both.
                let target = unsafe UnsafeMutableRawPointer(mutating: base)
                let source = unsafe UnsafeRawPointer(source)
                var offset = 0
                while offset &+ 8 <= count {
                    let word = unsafe words(
                        target.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
                        source.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    unsafe target.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
                    offset &+= 8
                }
                while offset < count {
                    let byte = unsafe bytes(
                        target.load(fromByteOffset: offset, as: UInt8.self),
                        source.load(fromByteOffset: offset, as: UInt8.self))
                    unsafe target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                    offset &+= 1
                }
            }
        }
    }
}
