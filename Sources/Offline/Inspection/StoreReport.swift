/// What `store-inspect` tells of a store: as text for people, as JSON for programs.
import Backends
import Bytes
import Digest
import Persistence

/// Words for a store.
public struct StoreReport {
    private let survey: DirectorySurvey?
    private let dataset: OpenDataset
    private let statistics: DatasetStatistics
    private static let mostPrefixes = 30

    /// Of a store that was looked at; without a survey it is one file.
    public init(
        _ survey: DirectorySurvey?, _ dataset: OpenDataset, _ statistics: DatasetStatistics
    ) {
        self.survey = survey
        self.dataset = dataset
        self.statistics = statistics
    }

    /// What one should look after.
    public var warnings: [String] {
        (survey?.warnings ?? []) + dataset.contents.warnings
            + dataset.damages.map {
                "\($0.path), offset \($0.offset): \($0.length) bytes would be cut off: \($0.reason)"
            }
            + dataset.missing.map { "not loadable: \($0)" }
    }

    /// The lines of the directory's files.
    public static func text(_ survey: DirectorySurvey) -> [String] {
        survey.files.map { file in
            let role = file.role.rawValue
            let style: Terminal.Style =
                switch file.role {
                case .loaded, .names: .good
                case .orphaned, .temporary: .warning
                case .ignored, .foreign, .history, .lock: .faint
                }
            return Terminal.styled(role, style) + pad(10 - role.count) + file.path
                + "  \(Figures.size(file.bytes))" + (file.note.isEmpty ? "" : "  \(file.note)")
        }
    }

    private static func pad(_ count: Int) -> String { String(repeating: " ", count: max(1, count)) }

    /// `  12,345  name`.
    private static func line(_ count: Int, _ name: String, _ tail: String = "") -> String {
        let text = Figures.count(count)
        return pad(14 - text.count) + text + "  \(name)\(tail)"
    }

    /// The lines for people.
    public var text: [String] {
        var lines = survey.map { Self.text($0) } ?? []
        let header = dataset.contents.header
        lines.append(
            "dataset   \(dataset.place.formatName), \(Figures.size(dataset.bytes)), "
                + DatasetWords.counts(dataset.report.counts))
        lines.append(
            "memory    about \(Figures.size(statistics.memoryBytes)) in a server of ours")
        lines.append("digest    \(dataset.report.digest.root.hex)")
        if header.sequence > 0 { lines.append("sequence  \(header.sequence)") }
        lines += warnings.map { Terminal.styled("warning ", .warning) + "  \($0)" }
        if dataset.report.counts.keys == 0 { return lines }
        lines.append(Terminal.styled("keys by type", .strong))
        for type in DatasetType.allCases {
            guard let share = statistics.types[type] else { continue }
            lines.append(Self.line(share.keys, type.name, ", \(Figures.size(share.bytes))"))
        }
        lines.append(Terminal.styled("keys by size of name and value", .strong))
        for (index, count) in statistics.sizes.enumerated() where count > 0 {
            let isLast = index == statistics.sizes.count - 1
            lines.append(
                Self.line(count, isLast ? "more" : "below \(Figures.size(16 << (2 * index)))"))
        }
        lines.append(Terminal.styled("keys by time to live", .strong))
        for (index, count) in statistics.deadlines.enumerated() where count > 0 {
            lines.append(Self.line(count, DatasetStatistics.deadlineNames[index]))
        }
        lines.append(Terminal.styled("biggest keys", .strong))
        for big in statistics.biggest {
            lines.append(
                Self.line(
                    big.bytes, big.key.text,
                    "  \(big.type.name), \(Figures.counted(big.elements, "element"))"))
        }
        return lines + treeText
    }

    private var treeText: [String] {
        let tree = statistics.tree(of: dataset.report.counts.keys)
        if tree.isEmpty { return [] }
        let note = statistics.arePrefixesPartial ? " (the frequent ones)" : ""
        var lines = [Terminal.styled("keys by prefix\(note)", .strong)]
        for item in tree.prefix(Self.mostPrefixes) {
            lines.append(
                Self.line(
                    item.share.keys,
                    String(repeating: "  ", count: item.depth) + KeyText.quoted(item.prefix),
                    "  \(Figures.size(item.share.bytes))"))
        }
        return lines
    }

    /// The document for programs.
    public var json: JSONValue {
        .object([
            ("files", .array((survey?.files ?? []).map(Self.json))),
            ("warnings", .array(warnings.map { .string($0) })),
            ("dataset", DatasetWords.json(dataset)),
            ("memory_bytes_estimate", .integer(statistics.memoryBytes)),
            (
                "types",
                .object(
                    DatasetType.allCases.compactMap { type in
                        statistics.types[type].map { (type.name, Self.json($0)) }
                    })
            ),
            (
                "sizes",
                .array(
                    statistics.sizes.enumerated().map { index, count in
                        .object([
                            ("below_bytes", .integer(16 << (2 * index))), ("keys", .integer(count)),
                        ])
                    })
            ),
            (
                "deadlines",
                .object(
                    zip(DatasetStatistics.deadlineNames, statistics.deadlines).map {
                        ($0, .integer($1))
                    })
            ),
            (
                "biggest",
                .array(
                    statistics.biggest.map {
                        .object([
                            ("db", .integer($0.key.database)), ("key", .bytes($0.key.name)),
                            ("type", .string($0.type.name)), ("elements", .integer($0.elements)),
                            ("bytes", .integer($0.bytes)),
                        ])
                    })
            ),
            (
                "prefixes",
                .array(
                    statistics.tree(of: dataset.report.counts.keys).map {
                        .object([
                            ("prefix", .bytes($0.prefix)), ("keys", .integer($0.share.keys)),
                            ("bytes", .integer($0.share.bytes)),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ share: DatasetStatistics.Share) -> JSONValue {
        .object([("keys", .integer(share.keys)), ("bytes", .integer(share.bytes))])
    }

    private static func json(_ file: DirectorySurvey.File) -> JSONValue {
        .object([
            ("path", .string(file.path)), ("bytes", .integer(file.bytes)),
            ("role", .string(file.role.rawValue)), ("note", .string(file.note)),
        ])
    }
}
