/// What `aof-rewrite` tells: as text for people, as JSON for programs.
import Backends
import Bytes
import Persistence

/// Words for a rewrite.
public struct LogRewriteReport {
    private let result: LogRewrite.Result
    private let statistics: LogStatistics?
    private static let lines = 10

    /// Of a rewrite that is done.
    public init(_ rewrite: LogRewrite, _ result: LogRewrite.Result) {
        self.result = result
        statistics = rewrite.statistics
    }

    /// Bytes that the rewrite does without.
    private var dead: Int { max(0, result.bytes - result.written.bytes) }

    private var garbage: Double {
        result.bytes == 0 ? 0 : Double(dead) / Double(result.bytes)
    }

    /// Whether there is something to know beside the figures.
    public var hasWarnings: Bool {
        !result.report.warnings.isEmpty || !result.report.damages.isEmpty
    }

    /// The lines for people.
    public var text: [String] {
        var lines: [String] = []
        for file in result.files {
            lines.append("read     \(file.path)  \(Figures.size(file.bytes))")
        }
        let report = result.report
        lines.append(
            "         \(Figures.counted(report.commands, "command")), "
                + "\(Figures.counted(report.keys, "key")), sequence \(report.sequence)")
        for damage in report.damages {
            lines.append(
                Terminal.styled("left out", .warning)
                    + " \(damage.path), offset \(damage.offset), \(damage.length) bytes: \(damage.reason)"
            )
        }
        for warning in report.warnings {
            lines.append(Terminal.styled("warning ", .warning) + " \(warning)")
        }
        if statistics != nil { lines += statisticsText }
        let verb = result.output == nil ? "would be" : "written "
        lines.append(
            "\(verb) \(result.output.map { $0 + "  " } ?? "")\(Figures.size(result.written.bytes)), "
                + "\(Figures.fixed(garbage * 100, 1)) % less")
        lines.append("digest   \(result.digest.hex)" + (result.output == nil ? "" : ", read back"))
        return lines
    }

    private var statisticsText: [String] {
        guard let statistics else { return [] }
        var lines = [
            "dead     \(Figures.size(dead)) of \(Figures.size(result.bytes)), "
                + "garbage ratio \(Figures.fixed(garbage, 3))"
        ]
        lines.append(Terminal.styled("commands that fill the log", .strong))
        for (name, share) in statistics.topCommands.prefix(Self.lines) {
            lines.append(line(name, share))
        }
        let estimate = statistics.areKeysEstimated ? " (estimated)" : ""
        lines.append(Terminal.styled("keys that fill the log\(estimate)", .strong))
        for (name, share) in statistics.topKeys.prefix(Self.lines) {
            lines.append(line(KeyText.quoted(name), share))
        }
        return lines
    }

    private func line(_ name: String, _ share: LogStatistics.Share) -> String {
        let size = Figures.size(share.bytes)
        let count = Figures.counted(share.records, "record")
        return "  " + String(repeating: " ", count: max(0, 10 - size.count)) + size + "  "
            + String(repeating: " ", count: max(0, 18 - count.count)) + count + "  \(name)"
    }

    /// The document for programs.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            (
                "files",
                .array(
                    result.files.map {
                        .object([("path", .string($0.path)), ("bytes", .integer($0.bytes))])
                    })
            ),
            ("bytes", .integer(result.bytes)), ("commands", .integer(result.report.commands)),
            ("keys", .integer(result.report.keys)),
            ("sequence", .integer(Int(clamping: result.report.sequence))),
            ("left_out", .array(result.report.damages.map(Self.json))),
            ("warnings", .array(result.report.warnings.map { .string($0) })),
            ("output", .text(result.output)), ("output_bytes", .integer(result.written.bytes)),
            ("dead_bytes", .integer(dead)), ("garbage_ratio", .number(garbage)),
            ("digest", .string(result.digest.hex)),
        ]
        if let statistics {
            let commands = statistics.topCommands.map {
                Self.json(.string($0.name), $0.share)
            }
            let keys = statistics.topKeys.prefix(100).map {
                Self.json(.bytes($0.name), $0.share)
            }
            members.append(("top_commands", .array(commands)))
            members.append(("top_keys", .array(keys)))
            members.append(("top_keys_estimated", .bool(statistics.areKeysEstimated)))
        }
        return .object(members)
    }

    private static func json(_ name: JSONValue, _ share: LogStatistics.Share) -> JSONValue {
        .object([
            ("name", name), ("records", .integer(share.records)), ("bytes", .integer(share.bytes)),
        ])
    }

    private static func json(_ damage: RecoveryReport.Damage) -> JSONValue {
        .object([
            ("path", .string(damage.path)), ("offset", .integer(damage.offset)),
            ("length", .integer(damage.length)), ("reason", .string(damage.reason)),
        ])
    }
}

/// Keys as people read them.
public enum KeyText {
    /// The key as redis-cli shows strings, without quotes where it needs none.
    public static func quoted(_ key: [UInt8]) -> String {
        let isPlain = !key.isEmpty && key.allSatisfy { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 92 }
        if isPlain { return String(decoding: key, as: UTF8.self) }
        var text = "\""
        for byte in key.prefix(200) {
            switch byte {
            case 34, 92: text += "\\" + String(UnicodeScalar(byte))
            case 10: text += "\\n"
            case 13: text += "\\r"
            case 9: text += "\\t"
            case 32..<127: text += String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text + (key.count > 200 ? "\"..." : "\"")
    }
}
