/// The family of bitmaps: strings whose bits are numbered from the highest of the first byte on. One file a
/// command or a tight pair, one line here; and what they share: offsets, ranges, a string's bytes.
import Bytes
import Records

enum BitmapCommands {
    static var all: [CommandSpec] {
        [
            SetBitCommand.spec, GetBitCommand.spec, BitCountCommand.spec, BitPosCommand.spec,
            BitOpCommand.spec, BitFieldCommand.bitfield, BitFieldCommand.readonly,
        ]
    }
}

extension Engine {
    /// The bit that `text` numbers, which must lie in a string that may be.
    ///
    /// - Parameter width: with `#` in front, `text` counts fields of this many bits; 0: no such form.
    func bitOffset(
        _ text: ByteView, fieldsOf width: Int = 0, _ session: Session
    ) throws(CommandError) -> Int {
        let countsFields = width > 0 && !text.isEmpty && text[0] == UInt8(ascii: "#")
        guard let number = Decimal.parse(countsFields ? text.dropFirst(1) : text), number >= 0
        else { throw .bitOffset }
        let (offset, isOver) = Int(number).multipliedReportingOverflow(by: countsFields ? width : 1)
        if isOver || offset >> 3 >= stringLimit(session) { throw .bitOffset }
        return offset
    }

    /// The string at `key` for a reading command, nil where it is absent.
    func readString(_ key: ByteView, _ session: Session) throws(CommandError) -> ByteView? {
        guard let entry = read(key, session) else { return nil }
        return try text(of: entry)
    }
}

/// The part of a string that BITCOUNT and BITPOS look at: bits, first and last included.
struct BitRange {
    /// The first bit.
    let first: Int
    /// The last bit; less than the first where there is nothing to look at.
    let last: Int

    /// Nothing.
    var isEmpty: Bool { last < first }

    /// What `start` and `end`, which count from the string's end where negative, cut out of `byteCount` bytes.
    init(_ start: Int64, _ end: Int64, countsBits: Bool, byteCount: Int) {
        let length = Int64(countsBits ? byteCount << 3 : byteCount)
        var start = start
        var end = end
        if start < 0 { start = max(0, start + length) }
        if end < 0 { end = max(0, end + length) }
        if end >= length { end = length - 1 }
        if start > end {
            first = 0
            last = -1
        } else if countsBits {
            first = Int(start)
            last = Int(end)
        } else {
            first = Int(start) << 3
            last = Int(end) << 3 + 7
        }
    }

    /// Whether offsets count bits, as the word says that stands behind them.
    static func countsBits(_ word: ByteView) throws(CommandError) -> Bool {
        if word.equalsIgnoringCase("bit") { return true }
        if word.equalsIgnoringCase("byte") { return false }
        throw .syntax
    }
}
