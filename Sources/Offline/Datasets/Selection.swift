/// Which keys of a dataset are wanted, and what becomes of their names, databases and deadlines.
///
/// Nothing here looks at the clock: what has expired is told by `now`, when the tool began.
import Bytes
import Digest
import Engine
import Records

/// A choice of keys; see the file's header.
public struct Selection: Sendable {
    /// What becomes of keys and fields that are past their deadline.
    public enum Expired: String, Sendable, CaseIterable {
        /// They are keys like others.
        case keep
        /// They are left out.
        case drop
        /// Only they are wanted (keys only).
        case only
    }

    /// What becomes of deadlines.
    public enum Deadlines: Sendable, Hashable {
        /// They stay the points in time that they are.
        case keep
        /// They move by so many milliseconds.
        case shift(Int64)
        /// What hadn't expired at this time stays for good, what had is left out.
        case freeze(Deadline)
        /// There are none any more, also of what had expired.
        case drop
    }

    /// Databases; nil: all.
    public var databases: Set<Int>?
    /// Patterns of which a key must match one; empty: any key will do.
    public var match: [[UInt8]] = []
    /// Patterns of which a key must match none.
    public var exclude: [[UInt8]] = []
    /// Types; nil: all.
    public var types: Set<DatasetType>?
    /// What becomes of the expired.
    public var expired = Expired.keep
    /// What becomes of deadlines.
    public var deadlines = Deadlines.keep
    /// New names, one rule behind the other.
    public var renames: [KeyRename] = []
    /// New databases by old ones.
    public var rebase: [Int: Int] = [:]
    /// The database that all others go to.
    public var rebaseAll: Int?
    /// When the tool began.
    public var now = Deadline.distantPast

    /// Everything as it is.
    public init() {}

    /// Whether the dataset is taken as it is.
    public var isEverything: Bool {
        databases == nil && match.isEmpty && exclude.isEmpty && types == nil && expired == .keep
            && deadlines == .keep && !movesKeys
    }

    /// Whether keys get other names or databases, so that two may become one.
    public var movesKeys: Bool { !renames.isEmpty || !rebase.isEmpty || rebaseAll != nil }

    /// The database where keys of `database` go; nil: they aren't wanted.
    func target(of database: Int) -> Int? {
        if let databases, !databases.contains(database) { return nil }
        return rebase[database] ?? rebaseAll ?? database
    }

    /// Whether a key is wanted, by its name.
    func wants(_ key: ByteView) -> Bool {
        let isIn = match.isEmpty || match.contains { Self.matches($0, key) }
        return isIn && !exclude.contains { Self.matches($0, key) }
    }

    private static func matches(_ pattern: [UInt8], _ key: ByteView) -> Bool {
        pattern.withByteView { GlobPattern.matches($0, key) }
    }

    /// What becomes of a deadline; nil: what has it is left out.
    func fate(_ deadline: Deadline?) -> Deadline?? {
        guard let deadline else { return .some(nil) }
        if expired == .drop && deadline < now { return nil }
        switch deadlines {
        case .keep: return deadline
        case .drop: return .some(nil)
        case .freeze(let time): return deadline < time ? nil : .some(nil)
        case .shift(let milliseconds):
            let (sum, overflow) = deadline.millisecondsSinceEpoch.addingReportingOverflow(
                milliseconds)
            return Deadline(millisecondsSinceEpoch: overflow ? .max : max(0, sum))
        }
    }

    /// A key's new name.
    func name(_ key: ByteView) -> [UInt8] { renames.reduce(key.array) { $1.apply($0) } }
}

extension FrozenValue {
    /// The type.
    public var type: DatasetType {
        switch self {
        case .string, .integer: .string
        case .list: .list
        case .set: .set
        case .sortedSet: .sortedSet
        case .hash: .hash
        case .stream: .stream
        }
    }
}
