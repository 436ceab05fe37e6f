/// CRC-64 with Jones's polynomial, as Redis ends its snapshots and dump payloads with it.
///
/// Polynomial 0xad93d23594c935a9, input and output reflected, initial value 0, no final xor; of
/// "123456789" it is 0xe9c6d914c4b8d9ca. Eight bytes a step: table k holds what a byte becomes after k more
/// zero bytes, so the eight bytes of a word are looked up apart from each other and only their sum waits. Longer inputs
/// go through the CPU's carry-less multiplication first, where it has one.
import Bytes

/// The checksum of RDB files and DUMP payloads.
public enum CRC64 {
    /// The polynomial with its bits in reverse order.
    private static let polynomial: UInt64 = 0x95AC_9329_AC4B_C9B5
    private static let keys = CarrylessCRC64.Keys(reflected: polynomial)
    /// Below this the table is as fast.
    private static let shortest = 128

    /// Eight tables of 256, flat.
    private static let tables: [UInt64] = {
        var tables = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt64(byte)
            for _ in 0..<8 {
                value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1
            }
            tables[byte] = value
        }
        for table in 1..<8 {
            for byte in 0..<256 {
                let last = tables[(table - 1) * 256 + byte]
                tables[table * 256 + byte] = tables[Int(last & 255)] ^ last >> 8
            }
        }
        return tables
    }()

    /// The checksum of `bytes`, continuing from `seed` (0 to begin).
    public static func checksum(_ bytes: ByteView, seed: UInt64 = 0) -> UInt64 {
        guard bytes.count >= shortest, CarrylessCRC64.isAvailable else {
            return portableChecksum(bytes, seed: seed)
        }
        let (words, count) = keys.fold(bytes, seed: seed)
        let front = unsafe tables.withUnsafeBufferPointer { table in
            unsafe step(step(words.0, table) ^ words.1, table)
        }
        return portableChecksum(bytes.dropFirst(count), seed: front)
    }

    /// The checksum of an array.
    public static func checksum(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        bytes.withByteView { checksum($0, seed: seed) }
    }

    /// The same by table, whatever the CPU has; the tests compare the two.
    static func portableChecksum(_ bytes: ByteView, seed: UInt64 = 0) -> UInt64 {
        unsafe tables.withUnsafeBufferPointer { table in
            unsafe bytes.withUnsafePointer { base, count in
                let raw = unsafe UnsafeRawPointer(base)
                var value = seed
                var index = 0
                // SAFETY: a word is loaded where 8 bytes are left; each table index is a byte.
                while count &- index >= 8 {
                    let word = unsafe UInt64(
                        littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    value = unsafe step(value ^ word, table)
                    index &+= 8
                }
                while index < count {
                    let byte = unsafe UInt8(truncatingIfNeeded: value) ^ base[index]
                    value = unsafe table[Int(byte)] ^ value >> 8
                    index &+= 1
                }
                return value
            }
        }
    }

    /// What eight bytes, the sum so far added to them, become.
    @inline(__always)
    private static func step(_ sum: UInt64, _ table: UnsafeBufferPointer<UInt64>) -> UInt64 {
        // SAFETY: each table index is k * 256 plus a byte.
        func part(_ place: Int) -> UInt64 {
            let byte = Int(truncatingIfNeeded: sum >> UInt64(place * 8)) & 255
            return unsafe table[(7 &- place) &* 256 &+ byte]
        }
        return part(0) ^ part(1) ^ part(2) ^ part(3) ^ part(4) ^ part(5) ^ part(6) ^ part(7)
    }
}
