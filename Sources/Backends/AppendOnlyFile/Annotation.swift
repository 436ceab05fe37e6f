/// The `#HF1` lines of our logs: what they say, how they are spelled, how they are checked.
///
///     #HF1 f <salt> <first> <durable> <crc>\r\n                          head of an increment
///     #HF1 b <salt> <last> <time> <crc>\r\n                              head of a base
///     #HF1 g <seq> <count> <bytes> <time> <durable> <sum> <crc>\r\n      head of a commit group
///     #HF1 c <last> <time> <crc>\r\n                                     closing mark
///     #HF1 d <keys> <w0> <w1> <w2> <w3> <crc>\r\n                        digest of a snapshot, before its mark
///
/// Redis skips a line that begins with `#` (1,024 bytes at most). Numbers are lower-case hexadecimal
/// without leading zeros. FORMAT.md tells what each field means.
///
/// INVARIANT 1: both sums are CRC-32C seeded from the file's salt, so that a log stored as a value
/// inside a log is no annotation of the outer one.
/// INVARIANT 2: a line is valid in one spelling only: any changed bit makes it invalid.
import Bytes
import Digest

/// Seeds of one file's checksums.
struct Salt: Sendable, Hashable {
    /// 64 random bits.
    let bits: UInt64
    /// Seeds the sums of annotation lines.
    var lineSeed: UInt32 { UInt32(truncatingIfNeeded: bits) }
    /// Seeds the sums of payloads.
    var payloadSeed: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
}

/// Head of an increment.
struct IncrementHeader: Sendable, Hashable {
    var salt: Salt
    /// Sequence of the first mutation that goes here.
    var firstSequence: UInt64
    /// Highest sequence that was durable when the line was written.
    var durable: UInt64
}

/// Head of a base.
struct BaseHeader: Sendable, Hashable {
    var salt: Salt
    /// Sequence of the last mutation that the base holds.
    var lastSequence: UInt64
    /// When the view was frozen, milliseconds since 1970.
    var timeMilliseconds: UInt64
}

/// Head of a commit group.
struct GroupHeader: Sendable, Hashable {
    /// Sequence of the first mutation in it.
    var firstSequence: UInt64
    /// Mutations in it; 0 where it only selects a database.
    var count: UInt64
    /// Bytes of payload behind the line.
    var payloadBytes: Int
    /// Wall time, milliseconds since 1970.
    var timeMilliseconds: UInt64
    /// Highest sequence that was durable when the group was written.
    var durable: UInt64
    /// CRC-32C of the payload.
    var payloadSum: UInt32
}

/// The closing mark: everything before it was durable when it was written.
struct ClosingMark: Sendable, Hashable {
    var lastSequence: UInt64
    var timeMilliseconds: UInt64
}

/// What a base says that is a snapshot of its own: the canonical digest of the keys before it.
struct SnapshotMark: Sendable, Hashable {
    var keys: UInt64
    var digest: Hash256
}

/// One line.
enum Annotation: Sendable, Hashable {
    case increment(IncrementHeader)
    case base(BaseHeader)
    case group(GroupHeader)
    case closing(ClosingMark)
    case digest(SnapshotMark)

    /// No line is longer, its CR LF included.
    static let maximumBytes = 7 + 17 * 5 + 9 * 2 + 2
    /// How every line begins.
    static let prefix: StaticString = "#HF1 "

    /// Appends the line to `out`.
    func append(to out: ByteWriter, salt: Salt) {
        let start = out.count
        out.append(Self.prefix)
        switch self {
        case .increment(let head):
            out.append("f ")
            Self.append(to: out, [head.salt.bits, head.firstSequence, head.durable])
        case .base(let head):
            out.append("b ")
            Self.append(to: out, [head.salt.bits, head.lastSequence, head.timeMilliseconds])
        case .group(let head): Self.append(head, to: out)
        case .closing(let mark):
            out.append("c ")
            Self.append(to: out, [mark.lastSequence, mark.timeMilliseconds])
        case .digest(let mark):
            out.append("d ")
            let digest = mark.digest
            Self.append(
                to: out, [mark.keys, digest.word0, digest.word1, digest.word2, digest.word3])
        }
        let sum = CRC32C.checksum(out.view[start..<out.count], seed: salt.lineSeed)
        out.append(hex: UInt64(sum))
        out.appendLineEnd()
    }

    private static func append(to out: ByteWriter, _ fields: [UInt64]) {
        for field in fields {
            out.append(hex: field)
            out.append(32)
        }
    }

    /// Apart from the others because it stands on the path of every commit: no array.
    private static func append(_ head: GroupHeader, to out: ByteWriter) {
        out.append("g ")
        out.append(hex: head.firstSequence)
        out.append(32)
        out.append(hex: head.count)
        out.append(32)
        out.append(hex: UInt64(head.payloadBytes))
        out.append(32)
        out.append(hex: head.timeMilliseconds)
        out.append(32)
        out.append(hex: head.durable)
        out.append(32)
        out.append(hex: UInt64(head.payloadSum))
        out.append(32)
    }
}

extension Annotation {
    /// The valid line at the front of `bytes` and its length.
    ///
    /// - Parameter salt: the file's; nil at the head of a file, whose line brings its own.
    static func parse(_ bytes: ByteView, salt: Salt?) -> (line: Annotation, length: Int)? {
        guard startsLine(bytes), bytes.count > 7 else { return nil }
        let kind = bytes[5]
        var fields = HexFields(bytes: bytes[0..<min(bytes.count, maximumBytes)], position: 7)
        let line: Annotation
        let used: Salt
        switch kind {
        case UInt8(ascii: "g"):
            guard let salt, let head = fields.groupHeader() else { return nil }
            line = .group(head)
            used = salt
        case UInt8(ascii: "c"):
            guard let salt, let last = fields.next(), let time = fields.next() else { return nil }
            line = .closing(ClosingMark(lastSequence: last, timeMilliseconds: time))
            used = salt
        case UInt8(ascii: "d"):
            guard let salt, let keys = fields.next(), let digest = fields.digest() else {
                return nil
            }
            line = .digest(SnapshotMark(keys: keys, digest: digest))
            used = salt
        case UInt8(ascii: "f"), UInt8(ascii: "b"):
            guard let bits = fields.next(), let sequence = fields.next(), let other = fields.next()
            else { return nil }
            used = Salt(bits: bits)
            line =
                kind == UInt8(ascii: "f")
                ? .increment(
                    IncrementHeader(salt: used, firstSequence: sequence, durable: other))
                : .base(
                    BaseHeader(salt: used, lastSequence: sequence, timeMilliseconds: other))
        default: return nil
        }
        let summed = fields.position
        guard let sum = fields.last(),
            sum == UInt64(CRC32C.checksum(bytes[0..<summed], seed: used.lineSeed))
        else { return nil }
        return (line, fields.position)
    }

    /// Whether one of our lines might begin here.
    static func startsLine(_ bytes: ByteView) -> Bool {
        bytes.count >= 5 && bytes[0..<5] == ByteView(prefix)
    }
}

/// Reads hexadecimal fields that are each followed by one space, the last by CR LF.
private struct HexFields {
    let bytes: ByteView
    var position: Int

    mutating func groupHeader() -> GroupHeader? {
        guard let first = next(), let count = next(), let size = next(), let time = next(),
            let durable = next(), let sum = next(), size <= UInt64(Int32.max) * 1024,
            let payloadSum = UInt32(exactly: sum)
        else { return nil }
        return GroupHeader(
            firstSequence: first, count: count, payloadBytes: Int(size), timeMilliseconds: time,
            durable: durable, payloadSum: payloadSum)
    }

    mutating func digest() -> Hash256? {
        guard let word0 = next(), let word1 = next(), let word2 = next(), let word3 = next() else {
            return nil
        }
        return Hash256(word0, word1, word2, word3)
    }

    mutating func next() -> UInt64? { number(endingIn: 32) }

    mutating func last() -> UInt64? {
        guard let value = number(endingIn: 13), position < bytes.count, bytes[position] == 10 else {
            return nil
        }
        position += 1
        return value
    }

    private mutating func number(endingIn end: UInt8) -> UInt64? {
        var value: UInt64 = 0
        var index = position
        while index < bytes.count {
            let byte = bytes[index]
            let digit: UInt8
            if byte &- 48 < 10 {
                digit = byte &- 48
            } else if byte &- 97 < 6 {
                digit = byte &- 87
            } else {
                guard byte == end, index > position else { return nil }
                position = index + 1
                return value
            }
            if index - position >= 16 || (value == 0 && index > position) { return nil }
            value = value << 4 | UInt64(digit)
            index += 1
        }
        return nil
    }
}
