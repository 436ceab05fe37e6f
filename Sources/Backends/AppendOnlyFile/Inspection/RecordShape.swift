/// Cuts records out of a log without making anything of them: where one ends and what its command is called.
///
///     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n
///
/// Strict where a server is not: every line end is looked at, lengths are digits without leading zeros. Nothing is
/// allocated, and what a value holds isn't read.
import Bytes

/// A record at the front of some bytes.
struct RecordShape {
    /// Bytes of the record.
    var length = 0
    /// Arguments, the name included.
    var count = 0
    /// Where the name is.
    var nameStart = 0
    /// Bytes of the name.
    var nameCount = 0

    /// What stands at the front of some bytes.
    enum Outcome {
        /// A record.
        case whole
        /// The bytes end before it does; so many are needed at least.
        case incomplete(needed: Int)
        /// No record; what is wrong, and where.
        case invalid(StaticString, at: Int)
    }

    /// No record has more arguments: a count beyond is damage.
    private static let maximumCount = 1 << 28
    /// No string is longer.
    private static let maximumBulk = 1 << 40

    /// Reads the record at the front of `bytes`.
    @inline(__always)
    static func read(_ bytes: ByteView, into shape: inout RecordShape) -> Outcome {
        let end = bytes.count
        guard end > 0 else { return .incomplete(needed: 1) }
        if bytes[0] != UInt8(ascii: "*") { return .invalid("no command begins here", at: 0) }
        var index = 1
        let count = number(bytes, &index)
        if count < 1 {
            if count == -2 { return .incomplete(needed: end + 1) }
            return .invalid("the number of arguments is wrong", at: 1)
        }
        if count > maximumCount { return .invalid("the number of arguments is wrong", at: 1) }
        var left = count
        while left > 0 {
            guard index < end else { return .incomplete(needed: index + 5 * left) }
            if bytes[index] != UInt8(ascii: "$") {
                return .invalid("an argument doesn't begin with its length", at: index)
            }
            let start = index + 1
            index = start
            let length = number(bytes, &index)
            if length < 0 {
                if length == -2 { return .incomplete(needed: end + 1) }
                return .invalid("the length of an argument is wrong", at: start)
            }
            if length > maximumBulk {
                return .invalid("the length of an argument is wrong", at: start)
            }
            let after = index + length
            guard after + 2 <= end else { return .incomplete(needed: after + 2 + 5 * (left - 1)) }
            if bytes[after] != 13 || bytes[after + 1] != 10 {
                return .invalid("an argument doesn't end where its length says", at: after)
            }
            if left == count {
                shape.nameStart = index
                shape.nameCount = length
            }
            index = after + 2
            left -= 1
        }
        shape.length = index
        shape.count = count
        return .whole
    }

    /// The digits up to CR LF at `index`, which moves behind them; -1: wrong, -2: the bytes end.
    @inline(__always)
    private static func number(_ bytes: ByteView, _ index: inout Int) -> Int {
        let start = index
        let end = bytes.count
        var value = 0
        while index < end {
            let digit = bytes[index] &- 48
            if digit > 9 { break }
            value = value &* 10 &+ Int(digit)
            index += 1
            if index - start > 15 { return -1 }
        }
        if index + 1 >= end {
            // Whether what is there could become a number.
            return index >= end || (bytes[index] == 13 && index > start) ? -2 : -1
        }
        if index == start || bytes[index] != 13 || bytes[index + 1] != 10 { return -1 }
        if bytes[start] == 48 && index > start + 1 { return -1 }
        index += 2
        return value
    }
}
