/// A naive dataset as backends read it: frozen, in one order, so that the same seed makes the same files.
import Bytes
import Records

/// A frozen copy of a naive dataset.
public final class NaiveFrozen: FrozenDataset, @unchecked Sendable {
    // BECAUSE: never changed after its making.
    private let databases: [[[UInt8]: NaiveEntry]]
    /// When it was frozen.
    public let frozenAt: Deadline

    /// Freezes `dataset`.
    public init(_ dataset: NaiveDataset, at time: Deadline) {
        databases = dataset.databases
        frozenAt = time
    }

    /// Databases.
    public var databaseCount: Int { databases.count }
    /// Keys of one.
    public func keyCount(database: Int) -> Int { databases[database].count }

    /// Hands every entry on.
    public func forEachEntry(
        database: Int, _ visit: (FrozenEntry) throws -> Void
    ) throws {
        // In one order, so that the same seed makes the same files.
        let entries = databases[database].sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (key, entry) in entries {
            let deadline = entry.deadline.map { Deadline(millisecondsSinceEpoch: $0) }
            try [key].withByteViews { views in
                switch entry.value {
                case .string(let bytes):
                    try [bytes].withByteViews {
                        try visit(
                            FrozenEntry(key: views[0], deadline: deadline, value: .string($0[0])))
                    }
                case .hash(let fields):
                    let hash = NaiveFrozenHash(fields: fields, deadlines: entry.fieldDeadlines)
                    try visit(
                        FrozenEntry(key: views[0], deadline: deadline, value: .hash(hash)))
                case .list(let elements):
                    let list = NaiveFrozenList(elements: elements)
                    try visit(
                        FrozenEntry(key: views[0], deadline: deadline, value: .list(list)))
                case .set(let members):
                    let set = NaiveFrozenSet(members: members)
                    try visit(FrozenEntry(key: views[0], deadline: deadline, value: .set(set)))
                case .sortedSet(let members):
                    let set = NaiveFrozenSortedSet(members: members)
                    try visit(
                        FrozenEntry(key: views[0], deadline: deadline, value: .sortedSet(set)))
                case .stream(let stream):
                    try visit(
                        FrozenEntry(key: views[0], deadline: deadline, value: .stream(stream)))
                }
            }
        }
    }
}

private struct NaiveFrozenHash: FrozenHash {
    let fields: [[UInt8]: [UInt8]]
    let deadlines: [[UInt8]: Int64]

    var count: Int { fields.count }

    var hasDeadlines: Bool { !deadlines.isEmpty }

    func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
        let sorted = fields.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (field, value) in sorted {
            let deadline = deadlines[field].map { Deadline(millisecondsSinceEpoch: $0) }
            try [field, value].withByteViews { try visit($0[0], $0[1], deadline) }
        }
    }
}

private struct NaiveFrozenList: FrozenList {
    let elements: [[UInt8]]

    var count: Int { elements.count }

    func forEachElement(_ visit: (ByteView) throws -> Void) throws {
        for element in elements { try element.withByteView { (view) throws in try visit(view) } }
    }
}

private struct NaiveFrozenSet: FrozenSet {
    let members: Set<[UInt8]>

    var count: Int { members.count }
    var isIntegers: Bool { false }

    func forEachMember(_ visit: (ByteView) throws -> Void) throws {
        for member in members.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            try member.withByteView { (view) throws in try visit(view) }
        }
    }
}

private struct NaiveFrozenSortedSet: FrozenSortedSet {
    let members: [[UInt8]: Double]

    var count: Int { members.count }

    func forEachMember(_ visit: (ByteView, Double) throws -> Void) throws {
        for (member, score) in NaiveDataset.ranked(members) {
            try member.withByteView { (view) throws in try visit(view, score) }
        }
    }
}
