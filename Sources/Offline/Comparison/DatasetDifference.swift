/// Which keys of two datasets differ, and how; and the commands that turn one into the other.
///
/// Keys are compared by the digest that each has (`Sources/Digest/FORMAT.md`), so that equal means what it means for
/// snapshots: value, deadlines, a stream's groups. Memory: both datasets, and 48 bytes a key.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// The difference of two views; see the file's header.
public struct DatasetDifference {
    /// What is with a key.
    public enum Kind: String, Sendable {
        /// Only the first has it.
        case removed
        /// Only the second has it.
        case added
        /// Both have it, with other contents.
        case changed
    }

    /// One key that differs.
    public struct Difference: Sendable {
        /// What is with it.
        public let kind: Kind
        /// Its content in the first.
        public let old: EntryContent?
        /// Its content in the second.
        public let new: EntryContent?
        /// In what they differ, where both have it: first what the first has, then the second.
        public let ways: [String]
        /// The database.
        public var database: Int { (old ?? new)?.database ?? 0 }
        /// The key.
        public var key: [UInt8] { (old ?? new)?.key ?? [] }
    }

    private struct Name: Hashable {
        let database: Int
        let key: [UInt8]
    }

    /// Keys of each kind.
    public private(set) var counts: [Kind: Int] = [:]
    /// Keys that are equal.
    public private(set) var equal = 0
    private var kinds: [Name: Kind] = [:]
    private let first: any FrozenDataset
    private let second: any FrozenDataset

    /// Compares two views; what has expired counts as well.
    public init(_ first: any FrozenDataset, _ second: any FrozenDataset) throws {
        self.first = first
        self.second = second
        var digests: [Name: Hash256] = [:]
        try Self.forEach(first) { digests[$0] = $1 }
        var (kinds, equal): ([Name: Kind], Int) = ([:], 0)
        try Self.forEach(second) { name, digest in
            switch digests.removeValue(forKey: name) {
            case nil: kinds[name] = .added
            case digest?: equal += 1
            default: kinds[name] = .changed
            }
        }
        for name in digests.keys { kinds[name] = .removed }
        (self.kinds, self.equal) = (kinds, equal)
        for kind in kinds.values { counts[kind, default: 0] += 1 }
    }

    private static func forEach(
        _ view: any FrozenDataset, _ visit: (Name, Hash256) -> Void
    ) throws {
        for database in 0..<view.databaseCount where view.keyCount(database: database) > 0 {
            let sink = DigestSink(at: .distantPast)
            var last = Hash256.zero
            sink.onKey = { sum, _ in last = sum }
            try view.forEachEntry(database: database) { entry in
                try sink.add(entry, database: database)
                visit(Name(database: database, key: entry.key.array), last)
            }
        }
    }

    /// Whether there is none.
    public var isEmpty: Bool { kinds.isEmpty }

    /// The keys that differ, by database and key; contents of `limit` at most are copied.
    public func differences(limit: Int = .max) throws -> [Difference] {
        let names = kinds.keys.sorted {
            $0.database != $1.database
                ? $0.database < $1.database : $0.key.lexicographicallyPrecedes($1.key)
        }.prefix(limit)
        let wanted = Set(names)
        let old = try Self.contents(first, wanted)
        let new = try Self.contents(second, wanted)
        return names.map { name in
            let (left, right) = (old[name], new[name])
            let ways = left.flatMap { left in right.map { left.parts.differences(from: $0.parts) } }
            return Difference(
                kind: kinds[name] ?? .changed, old: left?.content, new: right?.content,
                ways: ways ?? [])
        }
    }

    private static func contents(
        _ view: any FrozenDataset, _ wanted: Set<Name>
    ) throws -> [Name: (content: EntryContent, parts: EntryParts)] {
        var found: [Name: (content: EntryContent, parts: EntryParts)] = [:]
        for database in Set(wanted.map(\.database)) where database < view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                let name = Name(database: database, key: entry.key.array)
                if wanted.contains(name) {
                    let content = try EntryContent(entry, database: database)
                    found[name] = (content, try EntryParts(entry))
                }
            }
        }
        return found
    }

    /// Writes the commands that turn the first into the second; `settle` is called between them.
    public func writeCommands(to out: ByteWriter, settle: () throws -> Void) throws {
        let script = CommandScript(to: out)
        for (name, kind) in kinds where kind != .added {
            name.key.withByteView { script.delete($0, database: name.database) }
            try settle()
        }
        for database in 0..<second.databaseCount where second.keyCount(database: database) > 0 {
            try second.forEachEntry(database: database) { entry in
                let kind = kinds[Name(database: database, key: entry.key.array)]
                guard kind == .added || kind == .changed else { return }
                try script.make(entry, database: database, emitted: settle)
                try settle()
            }
        }
    }
}
