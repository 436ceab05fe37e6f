/// A reply of a server, in either protocol version.

/// One reply.
public indirect enum RESPValue: Equatable, Hashable, Sendable {
    /// `+OK`.
    case simple([UInt8])
    /// `-ERR ...`.
    case error([UInt8])
    /// `:1`.
    case integer(Int)
    /// `$3`: a string.
    case bulk([UInt8])
    /// `$-1`, `*-1` or `_`.
    case null
    /// `*2`.
    case array([RESPValue])
    /// `%1`: keys and values alternate.
    case map([RESPValue])
    /// `~2`.
    case set([RESPValue])
    /// `>2`.
    case push([RESPValue])
    /// `,1.5`, as its text.
    case double([UInt8])
    /// `#t`.
    case boolean(Bool)
    /// `=7`: format, colon, text.
    case verbatim([UInt8])
    /// `(123`.
    case bigNumber([UInt8])

    /// Whether this is an error reply.
    public var isError: Bool {
        if case .error = self { return true }
        return false
    }

    /// The text of a string, error or double; of an integer its digits; nil of the others.
    public var text: String? {
        switch self {
        case .simple(let bytes), .error(let bytes), .bulk(let bytes), .double(let bytes),
            .verbatim(let bytes), .bigNumber(let bytes):
            String(decoding: bytes, as: UTF8.self)
        case .integer(let value): String(value)
        default: nil
        }
    }

    /// The elements of an aggregate; none of a scalar.
    public var elements: [RESPValue] {
        switch self {
        case .array(let values), .map(let values), .set(let values), .push(let values): values
        default: []
        }
    }
}

extension RESPValue: CustomStringConvertible {
    /// For messages of tests: bytes that don't print are escaped.
    public var description: String {
        func quoted(_ bytes: [UInt8]) -> String {
            let shown = bytes.prefix(200).map { byte in
                (32...126).contains(byte)
                    ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
            }
            return shown.joined() + (bytes.count > 200 ? "...(\(bytes.count) bytes)" : "")
        }
        switch self {
        case .simple(let bytes): return "+" + quoted(bytes)
        case .error(let bytes): return "-" + quoted(bytes)
        case .integer(let value): return ":\(value)"
        case .bulk(let bytes): return "\"" + quoted(bytes) + "\""
        case .null: return "nil"
        case .array(let values):
            return "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .map(let values): return "%{" + values.map(\.description).joined(separator: ", ") + "}"
        case .set(let values): return "~{" + values.map(\.description).joined(separator: ", ") + "}"
        case .push(let values):
            return ">[" + values.map(\.description).joined(separator: ", ") + "]"
        case .double(let bytes): return "," + quoted(bytes)
        case .boolean(let value): return value ? "#t" : "#f"
        case .verbatim(let bytes): return "=" + quoted(bytes)
        case .bigNumber(let bytes): return "(" + quoted(bytes)
        }
    }
}
