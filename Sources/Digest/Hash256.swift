/// A number of 256 bits: a SHA-256, or a sum of some modulo 2^256.
///
/// As bytes the lowest comes first, so a SHA-256's 32 bytes, in the order in which everybody prints them,
/// are the bytes of the number; sums are printed in that order too.
import Bytes
import Crypto

/// A SHA-256 or a sum of some; see the file's header.
@frozen
public struct Hash256: Hashable, Sendable, BitwiseCopyable {
    /// The number's words of 64 bits, the lowest first.
    public var word0, word1, word2, word3: UInt64

    /// The number of these words, the lowest first.
    @inlinable
    public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// The sum of nothing.
    @inlinable
    public static var zero: Hash256 { Hash256(0, 0, 0, 0) }

    /// Adds modulo 2^256.
    @inlinable
    @inline(__always)
    public static func &+= (left: inout Hash256, right: Hash256) {
        var carry: UInt64 = 0
        left.word0 = Self.add(left.word0, right.word0, &carry)
        left.word1 = Self.add(left.word1, right.word1, &carry)
        left.word2 = Self.add(left.word2, right.word2, &carry)
        left.word3 = Self.add(left.word3, right.word3, &carry)
    }

    @inlinable
    @inline(__always)
    static func add(_ left: UInt64, _ right: UInt64, _ carry: inout UInt64) -> UInt64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        let (total, isOverAgain) = sum.addingReportingOverflow(carry)
        carry = isOver || isOverAgain ? 1 : 0
        return total
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [word0, word1, word2, word3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
    }

    /// The 32 bytes in 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// What 64 hexadecimal digits, of either case, stand for; nil where the text is something else.
    public init?(hex text: ByteView) {
        guard text.count == 64 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for index in 0..<64 {
            let digit: UInt8
            switch text[index] {
            case 48...57: digit = text[index] - 48
            case 65...70: digit = text[index] - 55
            case 97...102: digit = text[index] - 87
            default: return nil
            }
            // Of a byte the high digit comes first, of a word the low byte.
            let shift = (index / 2 % 8) * 8 + (index % 2 == 0 ? 4 : 0)
            words[index / 16] |= UInt64(digit) << UInt64(shift)
        }
        self.init(words[0], words[1], words[2], words[3])
    }

    init(_ digest: SHA256Digest) {
        self = unsafe digest.withUnsafeBytes { bytes in
            // SAFETY: a SHA-256 is 32 bytes, and what is lent stays for the length of the closure.
            func word(_ index: Int) -> UInt64 {
                unsafe UInt64(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: index * 8, as: UInt64.self))
            }
            return Hash256(word(0), word(1), word(2), word(3))
        }
    }
}
