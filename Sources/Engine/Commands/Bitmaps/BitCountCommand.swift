/// BITCOUNT key [start end [BYTE | BIT]]
///
/// Replies how many bits of the string, or of a part of it, are 1. Negative offsets count from the end.
/// O(bytes). Errors: WRONGTYPE, syntax, not an integer.
import Bytes
import RESP

enum BitCountCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "bitcount", arity: -2, [.readonly], keys: [.read], group: .bitmap, since: "2.6.0",
            summary: "Count set bits in a string", complexity: "O(N)",
            syntax: "key [start end [BYTE | BIT]]"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let text = try engine.readString(arguments[1], session) else {
                reply.integer(0)
                return
            }
            switch arguments.count {
            case 2: reply.integer(text.setBitCount)
            case 4, 5:
                guard let start = Decimal.parse(arguments[2]),
                    let end = Decimal.parse(arguments[3])
                else { throw .notAnInteger }
                // Both before the begin and in the wrong order: nothing, where BITPOS looks at the first.
                if start < 0 && end < 0 && start > end {
                    reply.integer(0)
                    return
                }
                let countsBits =
                    arguments.count == 5 ? try BitRange.countsBits(arguments[4]) : false
                reply.integer(
                    count(
                        text,
                        BitRange(start, end, countsBits: countsBits, byteCount: text.count)))
            default: throw .syntax
            }
        }
    }

    /// The bits of whole bytes, less those of the first and last byte that lie outside.
    private static func count(_ text: ByteView, _ range: BitRange) -> Int {
        if range.isEmpty { return 0 }
        let first = range.first >> 3
        let last = range.last >> 3
        let before = ~(UInt8.max >> UInt8(range.first & 7))
        let behind = ~(UInt8.max << UInt8(7 - range.last & 7))
        return text[first..<(last + 1)].setBitCount
            - (text[first] & before).nonzeroBitCount - (text[last] & behind).nonzeroBitCount
    }
}
