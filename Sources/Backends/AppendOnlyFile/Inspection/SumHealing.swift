/// Finds the one byte whose change makes a checksum right: what a single flipped bit or byte leaves.
///
/// CRC-32C is linear: the difference of the sums of two texts of one length is the sum of their difference alone.
/// A difference of one byte `x` with `k` bytes behind it has the sum T[x] moved on by k zero bytes. So the wanted
/// difference is moved back, one zero byte at a time, until it is an entry of the table. One answer in
/// 16,000 is chance for 1 KB of other damage (255 x n / 2^32): what is healed is plausible, not certain.
import Bytes

/// One changed byte.
struct ByteChange: Equatable {
    let index: Int
    let difference: UInt8
}

/// Heals single bytes; see the file's header.
enum SumHealing {
    private static let table: [UInt32] = (0..<256).map { value in
        (0..<8).reduce(UInt32(value)) { sum, _ in
            sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1
        }
    }
    /// The byte whose table entry has this top byte; each has another.
    private static let byTop: [UInt8] = {
        var places = [UInt8](repeating: 0, count: 256)
        for (index, entry) in table.enumerated() { places[Int(entry >> 24)] = UInt8(index) }
        return places
    }()

    /// The change that makes the sum of `bytes` equal to `wanted`.
    ///
    /// - Complexity: O(n).
    static func change(_ bytes: ByteView, seed: UInt32, wanted: UInt32) -> ByteChange? {
        var difference = CRC32C.checksum(bytes, seed: seed) ^ wanted
        var index = bytes.count - 1
        while index >= 0 {
            let byte = byTop[Int(difference >> 24)]
            if table[Int(byte)] == difference {
                return byte == 0 ? nil : ByteChange(index: index, difference: byte)
            }
            // One zero byte back: the top byte tells what was added on the way.
            difference = (difference ^ table[Int(byte)]) << 8 | UInt32(byte)
            index -= 1
        }
        return nil
    }

    /// The valid line that one changed byte at the front of `bytes` makes.
    ///
    /// - Complexity: some 28,000 tries; a few milliseconds.
    static func line(_ bytes: ByteView, salt: Salt?) -> (line: Annotation, length: Int)? {
        var text = bytes[0..<min(bytes.count, Annotation.maximumBytes)].array
        let wrongStart = zip(text, Array("#HF1 ".utf8)).filter { $0 != $1 }.count
        if wrongStart > 1 || text.count < 8 { return nil }
        for index in text.indices {
            let old = text[index]
            for value in candidates(index) where value != old {
                text[index] = value
                if let found = text.withByteView({ Annotation.parse($0, salt: salt) }),
                    found.length > index
                {
                    return found
                }
            }
            text[index] = old
        }
        return nil
    }

    /// What may stand in a line at all.
    private static func candidates(_ index: Int) -> [UInt8] {
        if index < 5 { return [Array("#HF1 ".utf8)[index]] }
        return Array("0123456789abcdefg \r\n".utf8)
    }
}
