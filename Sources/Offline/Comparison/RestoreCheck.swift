/// What `restore-verify` finds and tells: a backup restored into a sandbox, compared, started; as text and as JSON.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// A check of a backup.
public struct RestoreCheck {
    /// The backup as it was restored.
    public let dataset: OpenDataset
    /// What it was compared with.
    public private(set) var against: String?
    /// What the comparison found.
    public private(set) var comparison: DatasetComparison?
    /// How keys differ.
    public private(set) var explanations: [(key: DatasetKey, how: [String])] = []
    /// What a started server said.
    public var trial: ServerTrial.Result?
    /// What to know.
    public private(set) var warnings: [String] = []
    /// What stands against it.
    public private(set) var faults: [String] = []
    private static let mostNamed = 10

    /// Of a backup that was restored.
    public init(_ dataset: OpenDataset) {
        self.dataset = dataset
        warnings = dataset.contents.warnings
        warnings += dataset.contents.header.functionLibraries.map { _ in
            "a function library is in the file and isn't restored"
        }
        faults += dataset.damages.map {
            "\($0.path), offset \($0.offset): \($0.length) bytes can't be restored: \($0.reason)"
        }
        for missing in dataset.missing {
            switch missing {
            case .moduleData(let module): faults.append("data of the module type '\(module)'")
            case .moduleValue(let database, let key, let module):
                faults.append(
                    "db \(database) \(KeyText.quoted(key)) is of the module type '\(module)'")
            }
        }
    }

    /// Compares it with another source.
    ///
    /// - Throws: what walking over them throws.
    public mutating func compare(with other: any EntrySource, _ selection: Selection) throws {
        let entries = DatasetEntries(dataset, selection)
        let found = try DatasetComparison(entries, other)
        explanations = try found.explanations(entries, other, limit: Self.mostNamed)
        against = other.title
        comparison = found
    }

    /// Adds something to know.
    public mutating func warn(_ text: String) { warnings.append(text) }

    /// Whether the started server has the data.
    public mutating func judge(_ result: ServerTrial.Result, expected: Hash256) {
        trial = result
        if let digest = result.digest, digest != expected {
            faults.append(
                "the server that was started has \(result.keys) keys of the digest \(digest.hex), not \(expected.hex)"
            )
        }
    }

    /// How it ends.
    public var status: ExitStatus {
        if !dataset.damages.isEmpty { return .damaged }
        if !faults.isEmpty { return .unusable }
        return comparison.map { $0.isSame ? .good : .differ } ?? .good
    }

    // MARK: Words

    /// The lines for people.
    public var text: [String] {
        let header = dataset.contents.header
        var lines = [
            "backup   \(dataset.path)  \(dataset.place.formatName), \(Figures.size(dataset.bytes))",
            "restored \(DatasetWords.counts(dataset.report.counts))",
        ]
        let rate = Double(dataset.report.counts.keys) / max(dataset.seconds, 1e-9)
        lines.append(
            "time     \(Figures.fixed(dataset.seconds, 2)) s, "
                + "\(Figures.count(Int(min(rate, 1e15)))) keys/s, "
                + "\(Figures.size(Int(Double(dataset.bytes) / max(dataset.seconds, 1e-9))))/s")
        let known =
            dataset.contents.digest == nil ? "the file names none" : "as the file says"
        lines.append("digest   \(dataset.report.digest.root.hex), \(known)")
        if header.sequence > 0 { lines.append("sequence \(header.sequence)") }
        lines += warnings.map { Terminal.styled("warning ", .warning) + " \($0)" }
        lines += faults.map { Terminal.styled("fault   ", .bad) + " \($0)" }
        if let trial {
            lines.append(
                "started  in \(Figures.fixed(trial.seconds, 2)) s: PONG, "
                    + "\(Figures.counted(trial.keys, "key"))"
                    + (trial.digest == nil ? "" : ", digest \(trial.digest?.hex ?? "")"))
        }
        lines += comparisonText
        lines.append(verdict)
        return lines
    }

    private var verdict: String {
        switch status {
        case .good:
            Terminal.styled(comparison == nil ? "PASS" : "PASS: the same", .good)
        case .differ: Terminal.styled("FAIL: they differ", .bad)
        case .damaged: Terminal.styled("FAIL: damaged", .bad)
        default: Terminal.styled("FAIL", .bad)
        }
    }

    private var comparisonText: [String] {
        guard let comparison, let against else { return [] }
        if comparison.isSame { return ["against  \(against): the same digest"] }
        let mark = comparison.isPartial ? "at least " : ""
        var lines = [
            "against  \(against): \(mark)\(Figures.counted(comparison.count, "key")) different: "
                + "\(Figures.count(comparison.onlyLeft.count)) only in the backup, "
                + "\(Figures.count(comparison.onlyRight.count)) only there, "
                + "\(Figures.count(comparison.changed.count)) with other content (backup / there)"
        ]
        lines += comparison.onlyLeft.prefix(Self.mostNamed).map { "  - \($0.text)" }
        lines += comparison.onlyRight.prefix(Self.mostNamed).map { "  + \($0.text)" }
        for item in explanations {
            lines.append("  ~ \(item.key.text): \(item.how.joined(separator: "; "))")
        }
        return lines
    }

    /// The document for programs.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("backup", DatasetWords.json(dataset)), ("seconds", .number(dataset.seconds)),
            ("warnings", .array(warnings.map { .string($0) })),
            ("faults", .array(faults.map { .string($0) })),
        ]
        if let trial {
            members.append(
                (
                    "started",
                    .object([
                        ("seconds", .number(trial.seconds)), ("keys", .integer(trial.keys)),
                        ("digest", .text(trial.digest?.hex)),
                    ])
                ))
        }
        if let comparison, let against {
            members.append(("against", .string(against)))
            members.append(("comparison", comparison.json(explanations)))
        }
        members.append(("status", .integer(Int(status.rawValue))))
        members.append(("pass", .bool(status == .good)))
        return .object(members)
    }
}

extension DatasetComparison {
    private static let mostListed = 1000

    /// For programs: at most a thousand keys of each kind.
    public func json(_ explanations: [(key: DatasetKey, how: [String])]) -> JSONValue {
        func list(_ keys: [DatasetKey]) -> JSONValue {
            .array(keys.prefix(Self.mostListed).map(\.json))
        }
        return .object([
            ("same", .bool(isSame)), ("left_digest", .string(roots.left.hex)),
            ("right_digest", .string(roots.right.hex)),
            ("only_left", .integer(onlyLeft.count)), ("only_right", .integer(onlyRight.count)),
            ("changed", .integer(changed.count)), ("is_partial", .bool(isPartial)),
            ("only_left_keys", list(onlyLeft)), ("only_right_keys", list(onlyRight)),
            ("changed_keys", list(changed)),
            (
                "explanations",
                .array(
                    explanations.map {
                        .object([
                            ("db", .integer($0.key.database)), ("key", .bytes($0.key.name)),
                            ("how", .array($0.how.map { .string($0) })),
                        ])
                    })
            ),
        ])
    }
}

extension DatasetKey {
    /// For programs.
    public var json: JSONValue {
        .object([("db", .integer(database)), ("key", .bytes(name))])
    }
}
