/// The value of one directive, parsed and checked, in the form that CONFIG GET prints.
///
/// Texts stay bytes: a password or a path need not be UTF-8, and CONFIG GET gives back what was set.
/// What the server reads often is projected from here into `ServerSettings`; nothing on a hot path
/// looks at these.

/// A parsed value.
public enum DirectiveValue: Sendable, Hashable {
    /// yes or no.
    case flag(Bool)
    /// A number.
    case integer(Int64)
    /// A number written in octal (file permissions).
    case octal(Int64)
    /// Bytes.
    case memory(UInt64)
    /// A share of something, 0...100.
    case percent(Int64)
    /// One or several words out of a fixed set.
    case choices([String])
    /// Any text.
    case text([UInt8])
    /// A text that isn't set; printed as the empty text, never written to a file.
    case absent
    /// A list in its canonical order.
    case words([[UInt8]])

    /// A text value of a literal.
    static func text(_ literal: String) -> DirectiveValue { .text(Array(literal.utf8)) }

    /// A list of the literal's words.
    static func words(_ literal: String) -> DirectiveValue {
        .words(literal.split(separator: " ").map { Array($0.utf8) })
    }

    /// What CONFIG GET answers.
    public var printed: [UInt8] {
        switch self {
        case .flag(let isOn): Array((isOn ? "yes" : "no").utf8)
        case .integer(let number): Array(String(number).utf8)
        case .octal(let number): Array(String(number, radix: 8).utf8)
        case .memory(let bytes): Array(String(bytes).utf8)
        case .percent(let share): Array("\(share)%".utf8)
        case .choices(let words): Array(words.joined(separator: " ").utf8)
        case .text(let bytes): bytes
        case .absent: []
        case .words(let words): Array(words.joined(separator: [32]))
        }
    }

    /// The printed form as text; bytes that are no UTF-8 replaced.
    public var printedText: String { String(decoding: printed, as: UTF8.self) }

    /// The words of a list; empty for every other kind.
    var listed: [String] {
        guard case .words(let words) = self else { return [] }
        return words.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Why a value is refused: the sentence behind the dash of `CONFIG SET failed (...) - ...`.
public struct ConfigurationRefusal: Error, Sendable, Hashable {
    /// The sentence.
    public let reason: String
    /// A refusal with its sentence.
    public init(_ reason: String) { self.reason = reason }
}
