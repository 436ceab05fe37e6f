/// What a target can't hold, key by key.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// One thing that is lost.
public struct DatasetLoss: Sendable {
    /// The database; nil: it belongs to no key.
    public let database: Int?
    /// The key, or the name of what is lost.
    public let key: [UInt8]
    /// What is lost of it.
    public let what: String

    /// The line for people.
    public var text: String {
        database.map { "db \($0) \(KeyText.quoted(key)): \(what)" } ?? what
    }

    /// For programs.
    public var json: JSONValue {
        .object([
            ("db", database.map { .integer($0) } ?? .null),
            ("key", database == nil ? .null : .bytes(key)), ("loss", .string(what)),
        ])
    }
}

/// Finds losses.
enum LossSurvey {
    /// What is lost of `dataset` where it goes to `target` as `selection` has it.
    static func run(
        _ dataset: OpenDataset, _ selection: Selection, _ target: DatasetTarget
    ) throws -> [DatasetLoss] {
        if target.isListOnly { return [] }
        var losses = dataset.missing.compactMap { loss(of: $0, selection) }
        if !target.carriesLibraries {
            losses += dataset.contents.header.functionLibraries.map {
                DatasetLoss(
                    database: nil, key: [], what: "the function library '\(libraryName($0))'")
            }
        }
        if target.limits == ValueLimits() { return losses }
        let view = SelectedDataset(dataset.view, selection, ValueLimits())
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                guard let what = try loss(of: entry.value, target.limits, now: selection.now)
                else { return }
                losses.append(DatasetLoss(database: database, key: entry.key.array, what: what))
            }
        }
        return losses
    }

    private static func loss(of missing: SnapshotMissing, _ selection: Selection) -> DatasetLoss? {
        switch missing {
        case .moduleData(let module):
            return DatasetLoss(database: nil, key: [], what: "data of the module type '\(module)'")
        case .moduleValue(let database, let key, let module):
            guard selection.target(of: database) != nil,
                key.withByteView({ selection.wants($0) }), selection.types == nil
            else { return nil }
            return DatasetLoss(
                database: database, key: key, what: "its value is of the module type '\(module)'")
        }
    }

    private static func loss(
        of value: FrozenValue, _ limits: ValueLimits, now: Deadline
    ) throws -> String? {
        switch value {
        case .hash(let hash) where hash.hasDeadlines && limits.dropsFieldDeadlines:
            var (alive, dead) = (0, 0)
            try hash.forEachField { _, _, deadline in
                guard let deadline else { return }
                if deadline < now { dead += 1 } else { alive += 1 }
            }
            var parts: [String] = []
            if alive > 0 { parts.append("the deadlines of \(Figures.counted(alive, "field"))") }
            if dead > 0 {
                parts.append(
                    "\(Figures.counted(dead, "field")) past \(dead == 1 ? "its" : "their") deadline"
                )
            }
            return parts.joined(separator: ", ")
        case .stream(let stream) where limits.dropsStreamCounters:
            let facts = stream.facts
            var isPlain =
                facts.maximumDeleted == .minimum && facts.entriesAdded == UInt64(facts.length)
            try stream.forEachGroup { if $0.entriesRead != -1 { isPlain = false } }
            return isPlain
                ? nil : "counters (entries added, highest id deleted, entries read by groups)"
        default: return nil
        }
    }

    /// A library is named by its first line: `#!lua name=...`.
    private static func libraryName(_ source: [UInt8]) -> String {
        let line = String(decoding: source.prefix(256).prefix { $0 != 10 }, as: UTF8.self)
        let word = line.split(separator: " ").first { $0.lowercased().hasPrefix("name=") }
        return word.map { String($0.dropFirst(5)) } ?? line
    }
}
