/// What a dataset consists of: sizes, deadlines, the biggest keys, prefixes, the memory that a server would need.
///
/// One walk; memory is bounded by the number of prefixes, of which the rarer ones are forgotten where there are many.
import Bytes
import Digest
import Records

/// Figures of a dataset; see the file's header.
public struct DatasetStatistics {
    /// A key among the biggest.
    public struct BigKey: Sendable {
        /// The key.
        public let key: DatasetKey
        /// Its type.
        public let type: DatasetType
        /// Elements in it.
        public let elements: Int
        /// Bytes of key and value.
        public let bytes: Int
    }

    /// Keys and bytes of something.
    public struct Share: Sendable {
        /// Keys.
        public var keys = 0
        /// Bytes of keys and values.
        public var bytes = 0
    }

    /// Keys and bytes by type.
    public private(set) var types: [DatasetType: Share] = [:]
    /// Keys by the number of their bytes: index n has those below 16 * 4^n.
    public private(set) var sizes = [Int](repeating: 0, count: 12)
    /// Keys by how far their deadline is away, as `deadlineNames` has it.
    public private(set) var deadlines = [Int](repeating: 0, count: deadlineNames.count)
    /// The biggest keys, the biggest first.
    public private(set) var biggest: [BigKey] = []
    /// Bytes that a server of ours would need for it, about.
    public private(set) var memoryBytes = 0
    /// Keys by the beginning of their names, up to and with a colon; of three levels at most.
    public private(set) var prefixes: [[UInt8]: Share] = [:]
    /// Whether rare prefixes were forgotten.
    public private(set) var arePrefixesPartial = false

    /// What the places of `deadlines` stand for.
    public static let deadlineNames = [
        "none", "expired", "< 1 minute", "< 1 hour", "< 1 day", "< 1 week", "< 30 days",
        "< 1 year", "later",
    ]
    private static let limits: [Int64] = [60, 3600, 86400, 604_800, 2_592_000, 31_536_000]
    private static let mostBig = 10
    private static let mostPrefixes = 100_000
    private static let deepest = 3

    /// Walks over a view.
    ///
    /// - Parameter now: for how far deadlines are away.
    public init(_ view: any FrozenDataset, now: Deadline) throws {
        for database in 0..<view.databaseCount where view.keyCount(database: database) > 0 {
            try view.forEachEntry(database: database) { try add($0, database, now) }
        }
    }

    private mutating func add(_ entry: FrozenEntry, _ database: Int, _ now: Deadline) throws {
        let size = try ValueSize(entry.value)
        let bytes = entry.key.count + size.bytes
        types[entry.value.type, default: Share()].add(bytes)
        var place = 0
        while place + 1 < sizes.count && bytes >= 16 << (2 * place) { place += 1 }
        sizes[place] += 1
        deadlines[Self.place(entry.deadline, now)] += 1
        // An entry's object and its slot, and of a collection what its elements take beside their bytes.
        memoryBytes += 48 + bytes + (entry.value.type == .string ? 0 : 64 + 12 * size.elements)
        if biggest.count < Self.mostBig || bytes > (biggest.last?.bytes ?? 0) {
            let big = BigKey(
                key: DatasetKey(database, entry.key.array), type: entry.value.type,
                elements: size.elements, bytes: bytes)
            let index = biggest.firstIndex { $0.bytes < bytes } ?? biggest.count
            biggest.insert(big, at: index)
            if biggest.count > Self.mostBig { biggest.removeLast() }
        }
        addPrefixes(entry.key, bytes)
    }

    private static func place(_ deadline: Deadline?, _ now: Deadline) -> Int {
        guard let deadline else { return 0 }
        if deadline < now { return 1 }
        let (left, overflow) = deadline.millisecondsSinceEpoch.subtractingReportingOverflow(
            now.millisecondsSinceEpoch)
        if overflow { return limits.count + 2 }
        return 2 + (limits.firstIndex { left < $0 * 1000 } ?? limits.count)
    }

    private mutating func addPrefixes(_ key: ByteView, _ bytes: Int) {
        var start = 0
        for _ in 0..<Self.deepest {
            guard let place = key.dropFirst(start).firstIndex(of: UInt8(ascii: ":")) else { return }
            start += place + 1
            prefixes[key[0..<start].array, default: Share()].add(bytes)
        }
        if prefixes.count <= Self.mostPrefixes { return }
        arePrefixesPartial = true
        let middle = prefixes.values.map(\.keys).sorted()[prefixes.count / 2]
        prefixes = prefixes.filter { $0.value.keys > middle }
    }

    /// The prefixes worth naming, in the order of a tree: at least a hundredth of the keys.
    public func tree(of keys: Int) -> [(prefix: [UInt8], depth: Int, share: Share)] {
        prefixes.filter { $0.value.keys * 100 >= keys && $0.value.keys > 1 }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { ($0.key, $0.key.count { $0 == UInt8(ascii: ":") } - 1, $0.value) }
    }
}

extension DatasetStatistics.Share {
    mutating func add(_ bytes: Int) {
        keys += 1
        self.bytes += bytes
    }
}
