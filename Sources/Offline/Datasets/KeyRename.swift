/// A change of names as `sed` has it: `s/PATTERN/REPLACEMENT/` with the flags `g` (every place, not only the first) and `i`.
///
/// Keys are bytes: each byte is shown to the pattern as one character (as Latin-1 has it), and the pattern and the
/// replacement are taken apart in the same way, so names that are no text are renamed as well as others.
/// In the replacement `&` is what was found, `\1` its first group, `\&` a plain `&`.
import Bytes
import Persistence

/// Renames keys; see the file's header.
public struct KeyRename: @unchecked Sendable {
    // BECAUSE: a Regex is a value that nobody changes; the library hasn't said so.
    private let pattern: Regex<AnyRegexOutput>
    private let parts: [Part]
    private let isGlobal: Bool

    private enum Part {
        case text(String)
        case group(Int)
    }

    /// Takes a rule apart.
    ///
    /// - Throws: `ToolFailure` of usage.
    public init(_ rule: String) throws(ToolFailure) {
        let wrong = ToolFailure(
            .usage,
            "'\(rule)' is no rule for names: they look like s/PATTERN/REPLACEMENT/ or s/A/B/g")
        let letters = Array(Self.latin(Array(rule.utf8)))
        guard letters.count >= 4, letters[0] == "s" else { throw wrong }
        var fields: [[Character]] = [[]]
        var index = 2
        while index < letters.count {
            if letters[index] == "\\", index + 1 < letters.count {
                if letters[index + 1] != letters[1] { fields[fields.count - 1].append("\\") }
                fields[fields.count - 1].append(letters[index + 1])
                index += 2
            } else {
                if letters[index] == letters[1] {
                    fields.append([])
                } else {
                    fields[fields.count - 1].append(letters[index])
                }
                index += 1
            }
        }
        guard fields.count == 3, fields[2].allSatisfy({ "gi".contains($0) }), !fields[0].isEmpty
        else { throw wrong }
        do {
            let regex = try Regex(String(fields[0])).matchingSemantics(.unicodeScalar)
                .ignoresCase(fields[2].contains("i"))
            pattern = regex
        } catch {
            throw ToolFailure(.usage, "'\(String(fields[0]))' is no pattern: \(error)")
        }
        parts = Self.template(fields[1])
        isGlobal = fields[2].contains("g")
    }

    private static func latin(_ bytes: [UInt8]) -> String {
        var text = ""
        for byte in bytes { text.unicodeScalars.append(UnicodeScalar(byte)) }
        return text
    }

    private static func template(_ letters: [Character]) -> [Part] {
        var parts: [Part] = []
        var index = 0
        while index < letters.count {
            let letter = letters[index]
            if letter == "\\", index + 1 < letters.count {
                index += 1
                if let digit = letters[index].wholeNumberValue, digit < 10 {
                    parts.append(.group(digit))
                } else {
                    parts.append(.text(String(letters[index])))
                }
            } else {
                parts.append(letter == "&" ? .group(0) : .text(String(letter)))
            }
            index += 1
        }
        return parts
    }

    /// The new name of a key, which may be the old one.
    public func apply(_ key: [UInt8]) -> [UInt8] {
        let text = Self.latin(key)
        var matches = text.matches(of: pattern)
        if matches.isEmpty { return key }
        if !isGlobal { matches = [matches[0]] }
        var result = String.UnicodeScalarView()
        var place = text.startIndex
        for match in matches {
            result.append(contentsOf: text.unicodeScalars[place..<match.range.lowerBound])
            for part in parts {
                switch part {
                case .text(let text): result.append(contentsOf: text.unicodeScalars)
                case .group(let number):
                    guard number < match.output.count,
                        let found = match.output[number].substring
                    else { continue }
                    result.append(contentsOf: found.unicodeScalars)
                }
            }
            place = match.range.upperBound
        }
        result.append(contentsOf: text.unicodeScalars[place...])
        return result.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
