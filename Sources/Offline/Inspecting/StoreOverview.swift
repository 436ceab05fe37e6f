/// What is in a dataset: keys by type, sizes, lifetimes, the biggest, and which prefixes hold how much.
///
/// Sizes are those of this server's memory, which is what a dataset costs once it is loaded.
import Bytes
import Engine
import Persistence
import Records

/// Counts of one dataset; see the file's header.
public struct StoreOverview: Sendable {
    /// Keys and what they take.
    public struct Share: Sendable {
        /// Keys.
        public var keys = 0
        /// Elements: of a string one.
        public var elements = 0
        /// Memory in bytes.
        public var bytes = 0
        /// Keys with a deadline.
        public var deadlines = 0

        mutating func add(_ other: Share) {
            keys += other.keys
            elements += other.elements
            bytes += other.bytes
            deadlines += other.deadlines
        }
    }

    /// A key by its memory.
    public struct BigKey: Sendable {
        /// The database.
        public var database: Int
        /// The key.
        public var key: [UInt8]
        /// Its type.
        public var type: String
        /// Its elements.
        public var elements: Int
        /// Its memory in bytes.
        public var bytes: Int
    }

    /// By database and type.
    public private(set) var types: [Int: [String: Share]] = [:]
    /// The biggest first.
    public private(set) var biggest: [BigKey] = []
    /// Keys by memory: below 64 B, 256 B, 1 kB, ... each four times the last.
    public private(set) var sizes = [Int](repeating: 0, count: Self.sizeLimits.count + 1)
    /// Keys by how long they live yet.
    public private(set) var lifetimes = [Int](repeating: 0, count: Self.lifetimeNames.count)
    /// By what stands before a separator, one level under the other; the top has all.
    public private(set) var prefixes = PrefixTree()
    /// All keys.
    public private(set) var total = Share()
    /// The memory of everything, tables included, in bytes.
    public private(set) var usedMemory = 0

    /// Upper bounds of `sizes`, in bytes.
    public static let sizeLimits = (0..<10).map { 64 << (2 * $0) }
    /// What `lifetimes` counts.
    public static let lifetimeNames = [
        "none", "past", "under a minute", "under an hour", "under a day", "under a week",
        "under 30 days", "longer",
    ]
    private static let lifetimeLimits: [Int64] = [
        0, 60_000, 3_600_000, 86_400_000, 604_800_000, 2_592_000_000,
    ]

    /// Walks over a loaded engine.
    ///
    /// - Parameters:
    ///   - top: how many of the biggest keys are kept.
    ///   - database: nil: all.
    public init(
        _ engine: Engine, top: Int = 10, separator: UInt8 = UInt8(ascii: ":"), database: Int? = nil
    ) throws {
        let view = engine.freeze()
        let session = Session(id: 0, isReplay: true)
        usedMemory = engine.usedMemory
        for number in 0..<view.databaseCount
        where view.keyCount(database: number) > 0 && database.map({ $0 == number }) ?? true {
            session.database = number
            try view.forEachEntry(database: number) { entry in
                let bytes = engine.memoryUsage(of: entry.key, session) ?? 0
                add(entry, number, bytes: bytes, at: view.frozenAt, top: top, separator)
            }
        }
        biggest.sort { $0.bytes > $1.bytes }
        if biggest.count > top { biggest.removeLast(biggest.count - top) }
    }

    private mutating func add(
        _ entry: FrozenEntry, _ database: Int, bytes: Int, at now: Deadline, top: Int,
        _ separator: UInt8
    ) {
        let (type, elements) = Self.shape(entry.value)
        var share = Share(keys: 1, elements: elements, bytes: bytes)
        share.deadlines = entry.deadline == nil ? 0 : 1
        total.add(share)
        types[database, default: [:]][type, default: Share()].add(share)
        sizes[Self.sizeLimits.firstIndex { bytes < $0 } ?? Self.sizeLimits.count] += 1
        lifetimes[Self.lifetime(entry.deadline, now)] += 1
        prefixes.add(entry.key, share, separator)
        if biggest.count < 2 * top || bytes > biggest[top].bytes {
            biggest.append(
                BigKey(
                    database: database, key: entry.key.array, type: type, elements: elements,
                    bytes: bytes))
            if biggest.count > 4 * top {
                biggest.sort { $0.bytes > $1.bytes }
                biggest.removeLast(biggest.count - 2 * top)
            }
        }
    }

    private static func lifetime(_ deadline: Deadline?, _ now: Deadline) -> Int {
        guard let deadline else { return 0 }
        let left = deadline.millisecondsSinceEpoch.subtractingReportingOverflow(
            now.millisecondsSinceEpoch)
        if left.overflow { return left.partialValue > 0 ? 1 : lifetimeNames.count - 1 }
        let place = lifetimeLimits.firstIndex { left.partialValue < $0 } ?? lifetimeLimits.count
        return place + 1
    }

    static func shape(_ value: FrozenValue) -> (type: String, elements: Int) {
        switch value {
        case .string, .integer: ("string", 1)
        case .hash(let hash): ("hash", hash.count)
        case .list(let list): ("list", list.count)
        case .set(let set): ("set", set.count)
        case .sortedSet(let set): ("zset", set.count)
        case .stream(let stream): ("stream", stream.facts.length)
        }
    }
}

/// Keys by what they begin with: `user:`, `user:1:`, ...
///
/// Where a level has too many branches (numbers between separators), the lightest are put together.
public struct PrefixTree: Sendable {
    /// A branch.
    public struct Branch: Sendable {
        /// What its keys begin with.
        public var prefix: [UInt8]
        /// Its keys.
        public var share = StoreOverview.Share()
        /// What its keys go on with.
        public var branches: [[UInt8]: Branch] = [:]
    }

    /// All keys.
    public private(set) var root = Branch(prefix: [])
    private static let depth = 3
    private static let mostBranches = 5000

    mutating func add(_ key: ByteView, _ share: StoreOverview.Share, _ separator: UInt8) {
        Self.add(key, 0, share, separator, to: &root, Self.depth)
    }

    private static func add(
        _ key: ByteView, _ start: Int, _ share: StoreOverview.Share, _ separator: UInt8,
        to branch: inout Branch, _ depth: Int
    ) {
        branch.share.add(share)
        if depth == 0 { return }
        guard let end = key.dropFirst(start).firstIndex(of: separator).map({ start + $0 + 1 })
        else { return }
        let prefix = key[0..<end].array
        if branch.branches[prefix] == nil && branch.branches.count >= mostBranches { return }
        add(
            key, end, share, separator,
            to: &branch.branches[prefix, default: Branch(prefix: prefix)], depth - 1)
    }
}
