/// A frozen, point-in-time view of everything: what checkpoints, rewrites, backups and digests read.
///
/// Taking one costs O(1) and reading it disturbs nobody: the engine copies what it touches afterwards.
/// A view may be read on any thread, by several at once. Its last reference may go on any thread too;
/// what only the view held is then given back by the engine.
import Bytes

/// A point-in-time view of all databases.
public protocol FrozenDataset: AnyObject, Sendable {
    /// When the view was taken: whoever asks whether a key has expired uses this, never the clock.
    var frozenAt: Deadline { get }
    /// Databases in it, empty ones included.
    var databaseCount: Int { get }
    /// Keys of a database, those past their deadline but not yet deleted included.
    func keyCount(database: Int) -> Int
    /// Hands every entry of a database to `visit`, in the order of the table (no order one may rely on).
    ///
    /// - Throws: what `visit` throws; the walk ends there.
    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws
}

/// One key of a frozen view; borrowed during `visit`.
public struct FrozenEntry {
    /// The key.
    public let key: ByteView
    /// When the key expires; nil: never.
    public let deadline: Deadline?
    /// What the key holds.
    public let value: FrozenValue

    /// An entry.
    public init(key: ByteView, deadline: Deadline?, value: FrozenValue) {
        self.key = key
        self.deadline = deadline
        self.value = value
    }
}

/// The value of a frozen key; borrowed during `visit`.
public enum FrozenValue {
    /// A string.
    case string(ByteView)
    /// A string that is stored as an integer; its text is the decimal form.
    case integer(Int64)
    /// A hash.
    case hash(any FrozenHash)
    /// A list.
    case list(any FrozenList)
    /// A set.
    case set(any FrozenSet)
    /// A sorted set.
    case sortedSet(any FrozenSortedSet)
    /// A stream.
    case stream(any FrozenStream)
}

/// The fields of a frozen hash.
public protocol FrozenHash {
    /// Fields in the hash, those past their deadline included.
    var count: Int { get }
    /// Whether any field has a deadline.
    var hasDeadlines: Bool { get }
    /// Hands every field, its value and its deadline (nil: none) to `visit`.
    func forEachField(
        _ visit: (_ field: ByteView, _ value: ByteView, _ deadline: Deadline?) throws -> Void
    ) throws
}

/// The elements of a frozen list.
public protocol FrozenList {
    /// Elements in the list.
    var count: Int { get }
    /// Hands every element to `visit`, from the head to the tail.
    func forEachElement(_ visit: (_ element: ByteView) throws -> Void) throws
}

/// The members of a frozen set.
public protocol FrozenSet {
    /// Members of the set.
    var count: Int { get }
    /// Whether it is stored as integers.
    var isIntegers: Bool { get }
    /// Hands every member to `visit`: by rising value where `isIntegers`, else in no order.
    func forEachMember(_ visit: (_ member: ByteView) throws -> Void) throws
}

/// The members of a frozen sorted set.
public protocol FrozenSortedSet {
    /// Members of the set.
    var count: Int { get }
    /// Hands every member and its score to `visit`, by rising score, then by rising bytes.
    func forEachMember(_ visit: (_ member: ByteView, _ score: Double) throws -> Void) throws
}
