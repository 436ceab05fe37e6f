/// A view of a choice of keys, as a target can hold them; what it is made over is not changed.
///
/// Counts of keys are upper bounds: which are chosen is known after a walk only.
import Bytes
import Digest
import Persistence
import Records

/// What a format can't hold of a value, so that it is left away.
public struct ValueLimits: Sendable, Hashable {
    /// Hash fields have no deadlines: those that are past theirs are left out.
    public var dropsFieldDeadlines = false
    /// Streams have no counters: entries ever added, the highest id deleted, entries that groups have read.
    public var dropsStreamCounters = false

    /// All can be held.
    public init() {}
}

/// See the file's header.
final class SelectedDataset: FrozenDataset, @unchecked Sendable {
    // BECAUSE: nothing in it is changed; the closures of `Selection` are none.
    private let view: any FrozenDataset
    private let selection: Selection
    private let limits: ValueLimits
    /// Databases of the view by the database that they go to.
    private let sources: [Int: [Int]]
    let frozenAt = Deadline.distantPast
    let databaseCount: Int

    init(_ view: any FrozenDataset, _ selection: Selection, _ limits: ValueLimits) {
        self.view = view
        self.selection = selection
        self.limits = limits
        var sources: [Int: [Int]] = [:]
        for database in 0..<view.databaseCount where view.keyCount(database: database) > 0 {
            guard let target = selection.target(of: database) else { continue }
            sources[target, default: []].append(database)
        }
        self.sources = sources
        databaseCount = (sources.keys.max() ?? -1) + 1
    }

    func keyCount(database: Int) -> Int {
        (sources[database] ?? []).reduce(0) { $0 + view.keyCount(database: $1) }
    }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        for source in sources[database] ?? [] {
            try view.forEachEntry(database: source) { try choose($0, visit) }
        }
    }

    private func choose(_ entry: FrozenEntry, _ visit: (FrozenEntry) throws -> Void) throws {
        if !selection.wants(entry.key) { return }
        if let types = selection.types, !types.contains(entry.value.type) { return }
        if selection.expired == .only {
            guard let deadline = entry.deadline, deadline < selection.now else { return }
        }
        guard let deadline = selection.fate(entry.deadline) else { return }
        guard let value = try changed(entry.value) else { return }
        if selection.renames.isEmpty {
            try visit(FrozenEntry(key: entry.key, deadline: deadline, value: value))
        } else {
            try selection.name(entry.key).withByteView { (key) throws in
                try visit(FrozenEntry(key: key, deadline: deadline, value: value))
            }
        }
    }

    /// The value with other deadlines, and without what the target can't hold; nil where nothing is left.
    private func changed(_ value: FrozenValue) throws -> FrozenValue? {
        switch value {
        case .hash(let hash) where hash.hasDeadlines:
            let changed = try ChangedHash(hash) { [selection, limits] deadline in
                guard let deadline else { return .some(nil) }
                if limits.dropsFieldDeadlines && deadline < selection.now { return nil }
                guard let fate = selection.fate(deadline) else { return nil }
                return limits.dropsFieldDeadlines ? .some(nil) : fate
            }
            return changed.count > 0 ? .hash(changed) : nil
        case .stream(let stream) where limits.dropsStreamCounters:
            return .stream(PlainStream(whole: stream))
        default: return value
        }
    }

    /// Makes sure that no two keys get one name.
    ///
    /// - Throws: `ToolFailure` that names the key.
    func checkNames() throws {
        for database in sources.keys.sorted() {
            var names: Set<[UInt8]> = []
            try forEachEntry(database: database) { entry in
                if names.insert(entry.key.array).inserted { return }
                throw ToolFailure(
                    .unusable,
                    "Two keys would become \(KeyText.quoted(entry.key.array)) in database "
                        + "\(database): choose other names or databases")
            }
        }
    }
}

/// A hash with other deadlines.
private struct ChangedHash: FrozenHash {
    let whole: any FrozenHash
    let fate: (Deadline?) -> Deadline??
    let count: Int
    let hasDeadlines: Bool

    init(_ whole: any FrozenHash, _ fate: @escaping (Deadline?) -> Deadline??) throws {
        self.whole = whole
        self.fate = fate
        var count = 0
        var hasDeadlines = false
        try whole.forEachField { _, _, deadline in
            guard let changed = fate(deadline) else { return }
            count += 1
            if changed != nil { hasDeadlines = true }
        }
        (self.count, self.hasDeadlines) = (count, hasDeadlines)
    }

    func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
        try whole.forEachField { field, value, deadline in
            guard let changed = fate(deadline) else { return }
            try visit(field, value, changed)
        }
    }
}

/// A stream as Redis before 7 has it.
private struct PlainStream: FrozenStream {
    let whole: any FrozenStream

    var facts: StreamFacts {
        var facts = whole.facts
        facts.maximumDeleted = .minimum
        facts.entriesAdded = UInt64(facts.length)
        return facts
    }

    func forEachEntry(_ visit: (StreamID, ByteViews) throws -> Void) throws {
        try whole.forEachEntry(visit)
    }

    func forEachGroup(_ visit: (any FrozenStreamGroup) throws -> Void) throws {
        try whole.forEachGroup { try visit(PlainGroup(whole: $0)) }
    }
}

private struct PlainGroup: FrozenStreamGroup {
    let whole: any FrozenStreamGroup
    var name: ByteView { whole.name }
    var last: StreamID { whole.last }
    let entriesRead: Int64 = -1
    var pendingCount: Int { whole.pendingCount }

    func forEachPending(_ visit: (StreamPending) throws -> Void) throws {
        try whole.forEachPending(visit)
    }

    func forEachConsumer(_ visit: (StreamConsumer) throws -> Void) throws {
        try whole.forEachConsumer(visit)
    }
}
