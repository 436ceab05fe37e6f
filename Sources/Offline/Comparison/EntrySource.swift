/// What can be compared: anything whose entries can be walked over, more than once.
import Bytes
import Digest
import Persistence
import Records

/// A key of a database.
public struct DatasetKey: Hashable, Sendable, Comparable {
    /// The database.
    public let database: Int
    /// The key.
    public let name: [UInt8]

    /// A key.
    public init(_ database: Int, _ name: [UInt8]) {
        self.database = database
        self.name = name
    }

    /// By database, then by bytes.
    public static func < (left: DatasetKey, right: DatasetKey) -> Bool {
        left.database != right.database
            ? left.database < right.database : left.name.lexicographicallyPrecedes(right.name)
    }

    /// As people read it.
    public var text: String { "db \(database) \(KeyText.quoted(name))" }
}

/// Entries one can walk over; one thread.
public protocol EntrySource: AnyObject {
    /// What a person calls it.
    var title: String { get }
    /// The digest, where it is known without a walk; nil: it takes one.
    var knownRoot: Hash256? { get throws }
    /// Hands every entry to `visit`.
    func forEachEntry(_ visit: (Int, FrozenEntry) throws -> Void) throws
    /// Hands those of some keys to `visit` that are there, in any order.
    func forEachEntry(
        of keys: Set<DatasetKey>, _ visit: (Int, FrozenEntry) throws -> Void
    ) throws
}

extension EntrySource {
    /// By a walk over all.
    public func forEachEntry(
        of keys: Set<DatasetKey>, _ visit: (Int, FrozenEntry) throws -> Void
    ) throws {
        if keys.isEmpty { return }
        try forEachEntry { database, entry in
            if keys.contains(DatasetKey(database, entry.key.array)) { try visit(database, entry) }
        }
    }
}

/// The entries of a dataset that was opened, or of a choice of them.
public final class DatasetEntries: EntrySource {
    /// The path.
    public let title: String
    private let dataset: OpenDataset
    private let view: any FrozenDataset
    private let isWhole: Bool

    /// All that `selection` leaves of `dataset`.
    public init(_ dataset: OpenDataset, _ selection: Selection = Selection()) {
        title = dataset.path
        self.dataset = dataset
        isWhole = selection.isEverything
        view =
            isWhole
            ? dataset.view : SelectedDataset(dataset.view, selection, ValueLimits())
    }

    /// The digest of the whole.
    public var knownRoot: Hash256? { isWhole ? dataset.report.digest.root : nil }

    /// By a walk over the view.
    public func forEachEntry(_ visit: (Int, FrozenEntry) throws -> Void) throws {
        for database in 0..<view.databaseCount where view.keyCount(database: database) > 0 {
            try view.forEachEntry(database: database) { try visit(database, $0) }
        }
    }
}
