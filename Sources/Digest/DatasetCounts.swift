/// How many keys of which type each database holds; gathered on the same walk as the digest.

/// A key's type.
public enum DatasetType: Int, CaseIterable, Sendable {
    /// A string; its number, as every case's, is the type's byte in the digest's encoding.
    case string = 0
    /// A list.
    case list = 1
    /// A set.
    case set = 2
    /// A sorted set.
    case sortedSet = 3
    /// A hash.
    case hash = 4
    /// A stream.
    case stream = 6

    /// The name that TYPE answers.
    public var name: String {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .stream: "stream"
        }
    }
}

/// Keys by database and type.
public struct DatasetCounts: Equatable, Sendable {
    /// What one database holds.
    public struct Database: Equatable, Sendable {
        /// Its number.
        public let number: Int
        private var counts: InlineArray<7, Int> = .init(repeating: 0)
        /// Keys with a deadline.
        public private(set) var deadlines = 0

        init(_ number: Int) { self.number = number }

        /// Keys of a type.
        public subscript(type: DatasetType) -> Int { counts[type.rawValue] }

        /// Keys of all types.
        public var keys: Int { DatasetType.allCases.reduce(0) { $0 + self[$1] } }

        mutating func add(_ type: DatasetType, hasDeadline: Bool) {
            counts[type.rawValue] += 1
            if hasDeadline { deadlines += 1 }
        }

        mutating func merge(_ other: Database) {
            for index in counts.indices { counts[index] += other.counts[index] }
            deadlines += other.deadlines
        }

        /// Whether both say the same.
        public static func == (left: Database, right: Database) -> Bool {
            left.number == right.number && left.deadlines == right.deadlines
                && DatasetType.allCases.allSatisfy { left[$0] == right[$0] }
        }
    }

    /// The databases that hold keys, by rising number.
    public private(set) var databases: [Database] = []
    /// The place of the database that was counted last: keys of one come together.
    private var recent = 0

    /// Counts of nothing.
    public init() {}

    /// Keys in all databases.
    public var keys: Int { databases.reduce(0) { $0 + $1.keys } }

    /// Keys of a type in all databases.
    public subscript(type: DatasetType) -> Int { databases.reduce(0) { $0 + $1[type] } }

    /// Counts a key.
    @inline(__always)
    public mutating func add(_ type: DatasetType, database: Int, hasDeadline: Bool) {
        if recent >= databases.count || databases[recent].number != database { find(database) }
        databases[recent].add(type, hasDeadline: hasDeadline)
    }

    private mutating func find(_ number: Int) {
        recent = databases.firstIndex { $0.number >= number } ?? databases.count
        if recent < databases.count && databases[recent].number == number { return }
        databases.insert(Database(number), at: recent)
    }

    /// Takes in the counts of other keys.
    public mutating func merge(_ other: DatasetCounts) {
        for database in other.databases {
            find(database.number)
            databases[recent].merge(database)
        }
    }

    /// Whether both say the same.
    public static func == (left: DatasetCounts, right: DatasetCounts) -> Bool {
        left.databases == right.databases
    }
}
