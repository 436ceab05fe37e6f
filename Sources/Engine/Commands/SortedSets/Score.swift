/// Scores as clients write them, and members with scores as they are replied.
import Bytes
import RESP

enum Score {
    /// The double that `text` spells, nil where it is none.
    @inline(__always)
    static func parse(_ text: ByteView) -> Double? {
        // Most scores are whole numbers, which need no help of C's.
        if let integer = Decimal.parse(text) { return Double(integer) }
        return FloatText.parse(text)
    }

    /// Whether every reader of decimal numbers reads `text` alike, and a small sorted set keeps it: digits, a
    /// minus, a point, an exponent, or an infinity as Redis spells it. Clients may also send hexadecimal floats,
    /// other words, and -0.
    static func isPlain(_ text: ByteView) -> Bool {
        if text == ByteView("inf") || text == ByteView("-inf") { return true }
        for index in 0..<text.count {
            switch text[index] {
            case 48...57, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                continue
            case UInt8(ascii: "+") where index > 0: continue
            default: return false
            }
        }
        return text.isEmpty || text[0] != UInt8(ascii: "-") || parse(text) != 0
    }
}

extension ReplyWriter {
    /// The head of a list of members; with scores RESP3 nests pairs, RESP2 lists them flat.
    func scoredHead(_ count: Int, _ withScores: Bool) {
        array(withScores && version == 2 ? count * 2 : count)
    }

    /// A member of such a list.
    @inline(__always)
    func scored(_ member: ByteView, _ score: Double, _ withScores: Bool) {
        if withScores && version == 3 { array(2) }
        bulk(member)
        if withScores { double(score) }
    }
}
