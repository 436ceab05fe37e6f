/// Glob patterns over directive names: the engine's matcher, letters compared without their case.
import Bytes
import Engine

extension GlobPattern {
    /// Whether `name` is to be matched as a pattern at all.
    static func isPattern(_ name: [UInt8]) -> Bool {
        name.contains {
            $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
        }
    }

    /// Whether `pattern` matches all of a directive's name.
    static func matches(directive name: [UInt8], _ pattern: [UInt8]) -> Bool {
        pattern.withByteView { pattern in
            name.withByteView { matches(pattern, $0, ignoringCase: true) }
        }
    }
}
