/// BITPOS key bit [start [end [BYTE | BIT]]]
///
/// Replies the place of the first bit that is 1 or 0, counted from the string's begin, -1 where there is none.
/// Without an end, a string of ones has a 0 behind its last bit. Negative offsets count from the end. O(bytes).
/// Errors: WRONGTYPE, no bit, syntax, not an integer.
import Bytes
import RESP

enum BitPosCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "bitpos", arity: -3, [.readonly], keys: [.read], group: .bitmap, since: "2.8.7",
            summary: "Find first bit set or clear in a string", complexity: "O(N)",
            syntax: "key bit [start [end [BYTE | BIT]]]"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let bit = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            guard bit == 0 || bit == 1 else {
                throw CommandError("ERR The bit argument must be 1 or 0.")
            }
            guard let text = try engine.readString(arguments[1], session) else {
                reply.integer(bit == 1 ? -1 : 0)
                return
            }
            let range = try self.range(arguments, text.count)
            if let found = first(bit == 1, in: text, range) {
                reply.integer(found)
            } else if bit == 0 && arguments.count <= 4 && !range.isEmpty {
                reply.integer(text.count << 3)
            } else {
                reply.integer(-1)
            }
        }
    }

    private static func range(
        _ arguments: ByteViews, _ byteCount: Int
    ) throws(CommandError) -> BitRange {
        guard arguments.count <= 6 else { throw .syntax }
        var start: Int64 = 0
        var end: Int64 = -1
        var countsBits = false
        if arguments.count >= 4 {
            guard let number = Decimal.parse(arguments[3]) else { throw .notAnInteger }
            start = number
        }
        if arguments.count == 6 { countsBits = try BitRange.countsBits(arguments[5]) }
        if arguments.count >= 5 {
            guard let number = Decimal.parse(arguments[4]) else { throw .notAnInteger }
            end = number
        }
        return BitRange(start, end, countsBits: countsBits, byteCount: byteCount)
    }

    /// Looks at the first byte, at those between, and at the last one.
    private static func first(_ isSet: Bool, in text: ByteView, _ range: BitRange) -> Int? {
        if range.isEmpty { return nil }
        let start = range.first >> 3
        guard let found = firstAtOrAfter(range.first, isSet, text[start..<(range.last >> 3 + 1)])
        else { return nil }
        return found <= range.last ? found : nil
    }

    /// The first such bit from `first` on; `bytes` begin with the one that `first` is in.
    private static func firstAtOrAfter(_ first: Int, _ isSet: Bool, _ bytes: ByteView) -> Int? {
        let head = (isSet ? bytes[0] : ~bytes[0]) & UInt8.max >> UInt8(first & 7)
        let start = first & ~7
        if head != 0 { return start + head.leadingZeroBitCount }
        return bytes.dropFirst(1).firstBit(isSet).map { start + 8 + $0 }
    }
}
