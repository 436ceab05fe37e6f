/// Writes replies in the protocol version that the client speaks.
///
/// One writer serves the engine; a session's version is set before its command runs. Types that
/// RESP2 lacks are written as Redis downgrades them: a map as a flat array, a double as a bulk string,
/// a boolean as 0 or 1.
import Bytes

/// Appends replies to a buffer.
public final class ReplyWriter {
    /// Where the replies go.
    public let bytes: ByteWriter
    /// 2 or 3: the version of the client whose command runs.
    public var version = 2
    /// Text whose length must be written before it.
    private lazy var text = ByteWriter(capacity: 512)

    /// A writer over a buffer of its own.
    public init(capacity: Int = 64 << 10) { bytes = ByteWriter(capacity: capacity) }

    /// A writer into somebody's buffer, for parts of a reply whose head comes later.
    public init(writingTo bytes: ByteWriter) { self.bytes = bytes }

    @inline(__always)
    private var isRESP3: Bool { version == 3 }

    /// `+OK`.
    @inline(__always)
    public func ok() { bytes.append("+OK\r\n") }

    /// A simple string, which holds no line end.
    public func simple(_ text: StaticString) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(text)
        bytes.appendLineEnd()
    }

    /// A simple string made at run time.
    public func simple(text: String) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(text: text)
        bytes.appendLineEnd()
    }

    /// An error: its code and text without the minus; line ends within become blanks, those at the end go.
    public func error(_ message: [UInt8]) {
        bytes.append(UInt8(ascii: "-"))
        let last = message.lastIndex { $0 != 13 && $0 != 10 } ?? -1
        for byte in message[0..<(last + 1)] { bytes.append(byte == 13 || byte == 10 ? 32 : byte) }
        bytes.appendLineEnd()
    }

    /// An integer.
    @inline(__always)
    public func integer(_ value: Int) {
        header(UInt8(ascii: ":"), value)
    }

    /// A bulk string.
    @inline(__always)
    public func bulk(_ value: ByteView) {
        header(UInt8(ascii: "$"), value.count)
        bytes.append(value)
        bytes.appendLineEnd()
    }

    /// A bulk string from an array.
    public func bulk(_ value: [UInt8]) { value.withByteView { bulk($0) } }

    /// A bulk string from text.
    public func bulk(text: String) { bulk(Array(text.utf8)) }

    /// A bulk string that spells an integer.
    @inline(__always)
    public func bulk(decimal value: Int64) {
        header(UInt8(ascii: "$"), Decimal.length(value))
        bytes.append(decimal: Int(value))
        bytes.appendLineEnd()
    }

    /// "No such thing": `$-1`, in RESP3 `_`.
    @inline(__always)
    public func null() { isRESP3 ? bytes.append("_\r\n") : bytes.append("$-1\r\n") }

    /// "No such list": `*-1`, in RESP3 `_`.
    public func nullArray() { isRESP3 ? bytes.append("_\r\n") : bytes.append("*-1\r\n") }

    /// The head of an array of `count` replies, which follow.
    @inline(__always)
    public func array(_ count: Int) { header(UInt8(ascii: "*"), count) }

    /// The head of a map of `count` pairs, which follow; in RESP2 a flat array.
    @inline(__always)
    public func map(_ count: Int) {
        isRESP3 ? header(UInt8(ascii: "%"), count) : header(UInt8(ascii: "*"), count * 2)
    }

    /// The head of a set; in RESP2 an array.
    public func set(_ count: Int) { header(isRESP3 ? UInt8(ascii: "~") : UInt8(ascii: "*"), count) }

    /// The head of an out-of-band message; in RESP2 an array.
    public func push(_ count: Int) {
        header(isRESP3 ? UInt8(ascii: ">") : UInt8(ascii: "*"), count)
    }

    /// A double; in RESP2 a bulk string.
    public func double(_ value: Double) {
        guard isRESP3 else { return bulk(double: value) }
        bytes.append(UInt8(ascii: ","))
        FloatText.append(value, to: bytes)
        bytes.appendLineEnd()
    }

    /// A bulk string that spells a double.
    public func bulk(double value: Double) {
        let start = bytes.count
        FloatText.append(value, to: bytes)
        // The length stands in front of the text, which is short: it moves.
        let length = bytes.count - start
        bytes.insert(ReplyWriter.bulkHeads[length], at: start)
        bytes.appendLineEnd()
    }

    /// Heads of bulk strings of 0, 1, ... 24 bytes, the longest that a double has.
    private static let bulkHeads: [ByteView] = [
        ByteView("$0\r\n"), ByteView("$1\r\n"), ByteView("$2\r\n"), ByteView("$3\r\n"),
        ByteView("$4\r\n"), ByteView("$5\r\n"), ByteView("$6\r\n"), ByteView("$7\r\n"),
        ByteView("$8\r\n"), ByteView("$9\r\n"), ByteView("$10\r\n"), ByteView("$11\r\n"),
        ByteView("$12\r\n"), ByteView("$13\r\n"), ByteView("$14\r\n"), ByteView("$15\r\n"),
        ByteView("$16\r\n"), ByteView("$17\r\n"), ByteView("$18\r\n"), ByteView("$19\r\n"),
        ByteView("$20\r\n"), ByteView("$21\r\n"), ByteView("$22\r\n"), ByteView("$23\r\n"),
        ByteView("$24\r\n"),
    ]

    /// A double in fixed notation with at most 17 decimals, none of them a zero at the end; in RESP2 a bulk
    /// string.
    public func fixedDouble(_ value: Double) {
        text.removeAll()
        FloatText.append(value, decimals: 17, isTrimmed: true, to: text)
        guard isRESP3 else { return bulk(text.view) }
        bytes.append(UInt8(ascii: ","))
        bytes.append(text.view)
        bytes.appendLineEnd()
    }

    /// A double with this many decimals, as a bulk string in both protocols.
    public func bulk(_ value: Double, decimals: Int) {
        text.removeAll()
        FloatText.append(value, decimals: decimals, to: text)
        bulk(text.view)
    }

    /// A boolean; in RESP2 1 or 0.
    public func boolean(_ value: Bool) {
        if isRESP3 {
            value ? bytes.append("#t\r\n") : bytes.append("#f\r\n")
        } else {
            integer(value ? 1 : 0)
        }
    }

    /// Text for people (`txt` or `mkd`); in RESP2 a bulk string.
    public func verbatim(_ text: [UInt8], format: StaticString = "txt") {
        guard isRESP3 else { return bulk(text) }
        header(UInt8(ascii: "="), text.count + 4)
        bytes.append(format)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(text)
        bytes.appendLineEnd()
    }

    @inline(__always)
    private func header(_ kind: UInt8, _ value: Int) {
        bytes.append(kind)
        bytes.append(decimal: value)
        bytes.appendLineEnd()
    }
}
