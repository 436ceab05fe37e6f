/// What `--json` prints: objects whose members stay in order, one document a run.
///
/// Bytes that are no UTF-8 are an object `{"base64": "..."}`, as in the project's JSON snapshots.
import Bytes

/// A JSON value.
public indirect enum JSONValue: Sendable {
    /// `null`.
    case null
    /// `true`, `false`.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A number; `null` where it is not finite.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members in the order to print.
    case object([(name: String, value: JSONValue)])

    /// A text, or `null`.
    public static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// Bytes of a key or value.
    public static func bytes(_ bytes: [UInt8]) -> JSONValue {
        let text = String(decoding: bytes, as: UTF8.self)
        if Array(text.utf8) == bytes { return .string(text) }
        let out = ByteWriter()
        bytes.withByteView { Base64.append($0, to: out) }
        return .object([("base64", .string(String(decoding: out.array, as: UTF8.self)))])
    }

    /// The document, indented by two blanks a level.
    public var document: String {
        var text = ""
        write(to: &text, indent: "\n")
        return text
    }

    /// The document on one line.
    public var line: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    private func write(to text: inout String, indent: String?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.quote(value, &text)
        case .array(let items):
            Self.list(items.map { ("", $0) }, "[", "]", &text, indent)
        case .object(let members):
            Self.list(members.map { ($0.name, $0.value) }, "{", "}", &text, indent)
        }
    }

    private static func list(
        _ members: [(String, JSONValue)], _ open: String, _ close: String, _ text: inout String,
        _ indent: String?
    ) {
        text += open
        let inner = indent.map { $0 + "  " }
        for (index, member) in members.enumerated() {
            if index > 0 { text += inner == nil ? ", " : "," }
            text += inner ?? ""
            if open == "{" {
                quote(member.0, &text)
                text += ": "
            }
            member.1.write(to: &text, indent: inner)
        }
        if !members.isEmpty { text += indent ?? "" }
        text += close
    }

    private static func quote(_ value: String, _ text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
