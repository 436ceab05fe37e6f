/// Redis's DEBUG DIGEST, bit for bit: two servers with the same data answer the same 40 characters.
///
/// The algorithm (facts of Redis 7.0's debug command): `xor(d, x)` is d XOR SHA-1(x); `mix(d, x)` is
/// SHA-1 of `xor(d, x)`. The digest of a dataset begins with 20 zero bytes. For every database that has
/// keys, its number (4 bytes, big-endian) is mixed in; then the digest of every key is xored in. A key's digest:
/// mix the key, mix the type's number (string 0, list 1, set 2, sorted set 3, hash 4, stream 6; 4 bytes,
/// big-endian), then the value - of a string its bytes are mixed; of a list its elements are mixed in order; a
/// set's members are xored; of a hash, for each pair, the digest of (mix field, mix value) is xored; of a sorted
/// set the same of each member and its score's text (`%.17g`) - and where the key has a deadline, "!!expire!!" is xored. The deadline itself is not part of it.
import Bytes
import Crypto

/// A digest being computed.
struct DebugDigest {
    private(set) var bytes = [UInt8](repeating: 0, count: 20)

    /// `d XOR SHA-1(x)`.
    mutating func xor(_ data: [UInt8]) {
        var index = 0
        for byte in Insecure.SHA1.hash(data: data) {
            bytes[index] ^= byte
            index += 1
        }
    }

    /// SHA-1 of `d XOR SHA-1(x)`.
    mutating func mix(_ data: [UInt8]) {
        xor(data)
        bytes = Array(Insecure.SHA1.hash(data: bytes))
    }

    mutating func mix(_ data: ByteView) { mix(data.array) }

    mutating func mix(number: Int) {
        mix([
            UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255),
            UInt8(number & 255),
        ])
    }

    /// The value of an entry, its type first.
    mutating func mixValue(_ entry: Entry) {
        switch entry.kind {
        case .string:
            mix(number: 0)
            mix(entry.value)
        case .integer:
            mix(number: 0)
            mix(Decimal.text(entry.integer))
        case .packedHash, .tableHash:
            mix(number: 4)
            HashValue(entry).forEach { field, value in
                var pair = DebugDigest()
                pair.mix(field)
                pair.mix(value)
                xor(pair.bytes)
            }
        case .packedList, .chunkList:
            mix(number: 1)
            ListValue(entry).forEach(from: 0, limit: .max) { element in
                mix(element)
                return true
            }
        case .intSet, .packedSet, .tableSet:
            mix(number: 2)
            SetValue(entry).forEach { xor($0.array) }
        case .packedSortedSet, .treeSortedSet:
            mix(number: 3)
            SortedSetValue(entry).forEach { member, score in
                var pair = DebugDigest()
                pair.mix(member)
                pair.mix(FloatText.format(score))
                xor(pair.bytes)
            }
        case .stream:
            mix(number: 6)
            mixEntries(of: StreamValue(entry))
        case .streamGroup, .streamConsumer: preconditionFailure("no key's value")
        }
        if entry.hasDeadline { xor(Array("!!expire!!".utf8)) }
    }

    /// Entries only, the id spelled with a dot; groups are no part of it.
    private mutating func mixEntries(of stream: StreamValue) {
        let fields = StreamFields()
        var cursor = stream.tree.cursor()
        while let entry = cursor.next() {
            mix(Array("\(entry.id.milliseconds).\(entry.id.sequence)".utf8))
            fields.with(entry) { for field in $0 { mix(field) } }
        }
    }

    /// 40 hexadecimal characters.
    var text: String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The digest of everything.
    static func of(_ keyspace: Keyspace) -> DebugDigest {
        var digest = DebugDigest()
        for database in 0..<keyspace.databaseCount where keyspace.tables[database].count > 0 {
            digest.mix(number: database)
            keyspace.tables[database].forEachEntry { entry in
                var one = DebugDigest()
                one.mix(entry.key)
                one.mixValue(entry)
                digest.xor(one.bytes)
            }
        }
        return digest
    }
}
