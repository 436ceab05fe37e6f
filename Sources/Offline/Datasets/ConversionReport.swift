/// What `snapshot-convert` tells: as text for people, as JSON for programs.
import Backends
import Bytes
import Digest
import Persistence

/// Words for a conversion.
public struct ConversionReport {
    private let result: Conversion.Result
    private static let mostLosses = 20

    /// Of a conversion that is done.
    public init(_ result: Conversion.Result) { self.result = result }

    /// Whether there is something to know beside the figures.
    public var hasWarnings: Bool { !result.losses.isEmpty || !result.warnings.isEmpty }

    /// The lines about losses.
    public static func text(_ losses: [DatasetLoss]) -> [String] {
        var lines = losses.prefix(mostLosses).map {
            Terminal.styled("lost    ", .warning) + " \($0.text)"
        }
        if losses.count > mostLosses {
            lines.append(
                "         and \(Figures.counted(losses.count - mostLosses, "other")) (--json has all)"
            )
        }
        return lines
    }

    /// The lines for people, without those about losses.
    public var text: [String] {
        let source = result.source
        var lines = [
            "read     \(source.path)  \(source.place.formatName), \(Figures.size(source.bytes)), "
                + DatasetWords.counts(source.report.counts)
        ]
        lines += result.warnings.map { Terminal.styled("warning ", .warning) + " \($0)" }
        lines.append(
            "written  \(result.path ?? "standard output")  \(result.target.name), "
                + "\(Figures.size(result.bytes)), \(Figures.counted(result.report.counts.keys, "key"))"
        )
        let digest = result.report.digest.root.hex
        if result.target.isListOnly {
            lines.append("digest   \(digest) of the keys' data, which isn't in the list")
        } else {
            lines.append(
                "digest   \(digest)"
                    + (result.isSame
                        ? ", the same as before"
                        : result.losses.isEmpty ? ", of what was chosen" : ", of what is left"))
        }
        let rate = Double(source.report.counts.keys) / max(result.seconds, 1e-9)
        lines.append(
            "time     \(Figures.fixed(result.seconds, 2)) s, "
                + "\(Figures.count(Int(min(rate, 1e15)))) keys/s")
        return lines
    }

    /// The document for programs.
    public var json: JSONValue {
        .object([
            ("source", DatasetWords.json(result.source)),
            ("output", .text(result.path)), ("format", .string(result.target.name)),
            ("output_bytes", .integer(result.bytes)),
            ("output_keys", .integer(result.report.counts.keys)),
            ("output_digest", .string(result.report.digest.root.hex)),
            ("same_digest", .bool(result.isSame)),
            ("losses", .array(result.losses.map(\.json))),
            ("warnings", .array(result.warnings.map { .string($0) })),
            ("seconds", .number(result.seconds)),
        ])
    }
}

/// Words for datasets that several tools say.
public enum DatasetWords {
    /// `3 keys (2 string, 1 hash) in 1 database, 1 with a deadline`.
    public static func counts(_ counts: DatasetCounts) -> String {
        var text = Figures.counted(counts.keys, "key")
        let types = DatasetType.allCases.filter { counts[$0] > 0 }.map {
            "\(Figures.count(counts[$0])) \($0.name)"
        }
        if !types.isEmpty { text += " (" + types.joined(separator: ", ") + ")" }
        if counts.databases.count > 1 {
            text += " in \(counts.databases.count) databases"
        }
        let deadlines = counts.databases.reduce(0) { $0 + $1.deadlines }
        if deadlines > 0 { text += ", \(Figures.count(deadlines)) with a deadline" }
        return text
    }

    /// Counts by database and type.
    public static func json(_ counts: DatasetCounts) -> JSONValue {
        .array(
            counts.databases.map { database in
                .object(
                    [
                        (name: "db", value: .integer(database.number)),
                        (name: "keys", value: .integer(database.keys)),
                        (name: "deadlines", value: .integer(database.deadlines)),
                    ] + DatasetType.allCases.map { ($0.name, .integer(database[$0])) })
            })
    }

    /// A dataset that was read.
    public static func json(_ dataset: OpenDataset) -> JSONValue {
        let header = dataset.contents.header
        return .object([
            ("path", .string(dataset.path)), ("format", .string(dataset.place.formatName)),
            ("bytes", .integer(dataset.bytes)),
            ("keys", .integer(dataset.report.counts.keys)),
            ("databases", json(dataset.report.counts)),
            (
                "digest",
                dataset.isDigested ? .string(dataset.report.digest.root.hex) : .null
            ),
            ("digest_in_file", .text(dataset.contents.digest?.hex)),
            ("sequence", .integer(Int(clamping: header.sequence))),
            ("time_ms", .integer(Int(header.frozenAt.millisecondsSinceEpoch))),
            ("function_libraries", .integer(header.functionLibraries.count)),
        ])
    }
}
