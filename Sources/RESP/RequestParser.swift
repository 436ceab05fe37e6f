/// Cuts requests out of a connection's bytes, in place: arguments are offsets into the caller's buffer.
///
/// Two forms, as Redis reads them:
///
///     *2\r\n$3\r\nGET\r\n$1\r\nk\r\n        an array of bulk strings
///     GET k\r\n                               inline: words, quoted as in a shell
///
/// The parser is incremental: what it knows of an unfinished request (arguments seen, bytes consumed) is
/// kept as offsets from the request's first byte, so a request of a million arguments that arrives in
/// small pieces is read once, not once a piece. The caller keeps an unfinished request's bytes and
/// hands them in again, grown, from the same first byte.
///
/// INVARIANT 1: memory is taken for bytes that have arrived, never on the word of a length prefix.
/// INVARIANT 2: `position` and all offsets lie within the bytes seen so far.
import Bytes

/// What a protocol violation is called; the texts are Redis's.
public struct RESPError: Error, Equatable, Sendable {
    /// The reply without its minus: `ERR Protocol error: ...`.
    public let message: String

    init(_ reason: String) { message = "ERR Protocol error: " + reason }
}

/// The bounds that a request must keep.
public struct RequestLimits: Sendable {
    /// Arguments of one request.
    public var maximumArguments = 1024 * 1024
    /// Bytes of one argument (`proto-max-bulk-len`).
    public var maximumBulkBytes = 512 << 20
    /// Bytes of an inline request, and of a length line.
    public var maximumInlineBytes = 64 << 10
    /// Whether the client has yet to authenticate: smaller bounds hold (10 arguments of 16 KB).
    public var isUnauthenticated = false

    /// Redis's defaults.
    public init() {}
}

/// What the parser found at the front of the bytes.
public enum ParseOutcome {
    /// A whole request: its arguments are in the table, `consumed` bytes are used up.
    case request(consumed: Int)
    /// An empty request (a bare line end, `*0`): skip `consumed` bytes.
    case nothing(consumed: Int)
    /// The bytes end before the request does.
    case needsMore
}

/// The incremental parser of one connection.
@safe
public final class RequestParser {
    /// The arguments of the last request; valid while its bytes are. Whoever wants to keep it
    /// beyond the next `parse` swaps it for another (`take`).
    public private(set) var arguments = ArgumentTable()
    /// The bounds in force.
    public var limits = RequestLimits()

    // What is known of an unfinished array, relative to its first byte.
    private var expected = -1
    private var bulkLength = -1
    private var position = 0

    /// A parser at the start of a connection.
    public init() {}

    /// Exchanges the table of the request just parsed for another, which the next one goes to.
    @inline(__always)
    public func take(_ other: inout ArgumentTable) { swap(&arguments, &other) }

    /// Forgets an unfinished request: the next `parse` begins at a request's first byte.
    public func reset() {
        expected = -1
        bulkLength = -1
        position = 0
    }

    /// Bytes that the argument now arriving still needs beyond `available`, as far as known; a hint
    /// for the caller's buffer, 0 where nothing is known.
    public func missingBytes(available: Int) -> Int {
        bulkLength < 0 ? 0 : max(0, position + bulkLength + 2 - available)
    }

    /// Reads the request that begins at the first byte of `bytes`.
    ///
    /// After `.needsMore` the next call gets the same bytes again with more behind them.
    @inline(__always)
    public func parse(_ bytes: ByteView) throws(RESPError) -> ParseOutcome {
        if bytes.isEmpty { return .needsMore }
        if expected < 0 && bytes[0] != 42 { return try parseInline(bytes) }
        return try parseArray(bytes)
    }

    private func parseArray(_ bytes: ByteView) throws(RESPError) -> ParseOutcome {
        // One reference for the whole request, not one for each argument.
        let table = arguments
        if expected < 0 {
            guard let line = try lengthLine(bytes, from: 1, what: "mbulk") else {
                return .needsMore
            }
            guard let count = line.value, count <= limits.maximumArguments else {
                throw RESPError("invalid multibulk length")
            }
            if count > 10 && limits.isUnauthenticated {
                throw RESPError("unauthenticated multibulk length")
            }
            if count <= 0 { return .nothing(consumed: line.end) }
            expected = Int(count)
            position = line.end
            bulkLength = -1
            table.removeAll()
        }
        while table.count < expected {
            if bulkLength < 0 {
                guard position < bytes.count else { return .needsMore }
                if bytes[position] != 36 {
                    let found = bytes[position]
                    throw RESPError("expected '$', got '\(RequestParser.printable(found))'")
                }
                guard let line = try lengthLine(bytes, from: position + 1, what: "bulk") else {
                    return .needsMore
                }
                guard let length = line.value, length >= 0, length <= limits.maximumBulkBytes else {
                    throw RESPError("invalid bulk length")
                }
                if length > 16384 && limits.isUnauthenticated {
                    throw RESPError("unauthenticated bulk length")
                }
                bulkLength = Int(length)
                position = line.end
            }
            guard bytes.count - position >= bulkLength + 2 else { return .needsMore }
            table.append(offset: position, count: bulkLength)
            position += bulkLength + 2
            bulkLength = -1
        }
        table.bind(to: bytes)
        let consumed = position
        expected = -1
        position = 0
        return .request(consumed: consumed)
    }

    /// Reads `<digits>\r\n`; nil where the line end has not arrived.
    ///
    /// As Redis does, the byte behind the CR is taken for the LF unseen.
    @inline(__always)
    private func lengthLine(
        _ bytes: ByteView, from start: Int, what: StaticString
    ) throws(RESPError) -> (value: Int64?, end: Int)? {
        var index = start
        let end = bytes.count
        var value: Int64 = 0
        // The common case: one to nine digits and a CR.
        while index < end && index - start < 9 {
            let digit = bytes[index] &- 48
            if digit > 9 { break }
            value = value &* 10 &+ Int64(digit)
            index += 1
        }
        if index < end && bytes[index] == 13 && index > start
            && (bytes[start] != 48 || index == start + 1)
        {
            return index + 1 < end ? (value, index + 2) : nil
        }
        return try slowLengthLine(bytes, from: start, what: what)
    }

    private func slowLengthLine(
        _ bytes: ByteView, from start: Int, what: StaticString
    ) throws(RESPError) -> (value: Int64?, end: Int)? {
        var index = start
        while index < bytes.count && bytes[index] != 13 {
            index += 1
            if index - start > limits.maximumInlineBytes {
                throw RESPError("too big \(what) count string")
            }
        }
        guard index + 1 < bytes.count else { return nil }
        return (Decimal.parse(bytes[start..<index]), index + 2)
    }

    private func parseInline(_ bytes: ByteView) throws(RESPError) -> ParseOutcome {
        var end = position
        while end < bytes.count && bytes[end] != 10 { end += 1 }
        if end == bytes.count {
            if end > limits.maximumInlineBytes { throw RESPError("too big inline request") }
            position = end
            return .needsMore
        }
        position = 0
        let hasReturn = end > 0 && bytes[end - 1] == 13
        let line = bytes[0..<(hasReturn ? end - 1 : end)]
        guard let words = InlineWords.split(line) else {
            throw RESPError("unbalanced quotes in request")
        }
        if words.isEmpty { return .nothing(consumed: end + 1) }
        arguments.hold(words)
        return .request(consumed: end + 1)
    }

    private static func printable(_ byte: UInt8) -> String {
        String(UnicodeScalar(byte))
    }
}
