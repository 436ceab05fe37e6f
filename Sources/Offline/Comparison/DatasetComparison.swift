/// Two datasets compared: equal by their digests, or else which keys differ.
///
///     1. both are digested; equal roots end it
///     2. of the 65,536 buckets, those that differ are found
///     3. another walk over each keeps the digests of keys in those buckets: which are here only, there only, changed
///
/// Memory: a key's name and 32 bytes for every key in a bucket that differs, at most `mostKeys` of them; beyond that
/// the list is incomplete, and says so.
import Bytes
import Digest
import Records

/// What a comparison found; see the file's header.
public struct DatasetComparison {
    /// Keys of one dataset that are looked at one by one.
    static let mostKeys = 2_000_000

    /// The digests of both.
    public private(set) var roots: (left: Hash256, right: Hash256) = (.zero, .zero)
    /// Keys that only the first has.
    public private(set) var onlyLeft: [DatasetKey] = []
    /// Keys that only the second has.
    public private(set) var onlyRight: [DatasetKey] = []
    /// Keys that both have, with different values or deadlines.
    public private(set) var changed: [DatasetKey] = []
    /// Whether there may be others that differ.
    public private(set) var isPartial = false

    /// Whether both hold the same.
    public var isSame: Bool { roots.left == roots.right }
    /// Keys that were found to differ.
    public var count: Int { onlyLeft.count + onlyRight.count + changed.count }

    /// Compares two sources.
    ///
    /// - Throws: what walking over them throws.
    public init(_ left: any EntrySource, _ right: any EntrySource) throws {
        if let one = try left.knownRoot, let other = try right.knownRoot, one == other {
            roots = (one, other)
            return
        }
        let first = try Self.digest(left)
        let second = try Self.digest(right)
        roots = (first.root, second.root)
        if isSame { return }
        let buckets = zip(
            first.level(DatasetDigest.finestLevel), second.level(DatasetDigest.finestLevel)
        ).map { $0 != $1 }
        try find(left, right, buckets)
    }

    private static func digest(_ source: any EntrySource) throws -> DatasetDigest {
        let sink = DigestSink(at: .distantPast)
        try source.forEachEntry { database, entry in try sink.add(entry, database: database) }
        return sink.digest
    }

    /// Hands the keys whose bucket differs to `visit`, with their digests.
    private static func walk(
        _ source: any EntrySource, _ buckets: [Bool],
        _ visit: (DatasetKey, Hash256) -> Void
    ) throws {
        let sink = DigestSink(at: .distantPast)
        var found: Hash256?
        sink.onKey = { sum, bucket in found = buckets[bucket] ? sum : nil }
        try source.forEachEntry { database, entry in
            found = nil
            try sink.add(entry, database: database)
            if let found { visit(DatasetKey(database, entry.key.array), found) }
        }
    }

    private mutating func find(
        _ left: any EntrySource, _ right: any EntrySource, _ buckets: [Bool]
    ) throws {
        var sums: [DatasetKey: Hash256] = [:]
        var isCut = false
        try Self.walk(left, buckets) { key, sum in
            if sums.count < Self.mostKeys { sums[key] = sum } else { isCut = true }
        }
        var (others, changes): ([DatasetKey], [DatasetKey]) = ([], [])
        try Self.walk(right, buckets) { key, sum in
            if let known = sums.removeValue(forKey: key) {
                if known != sum { changes.append(key) }
            } else if !isCut && others.count < Self.mostKeys {
                others.append(key)
            } else {
                isCut = true
            }
        }
        onlyLeft = sums.keys.sorted()
        onlyRight = others.sorted()
        changed = changes.sorted()
        isPartial = isCut
    }

    /// How the first `limit` keys that both have differ, in words.
    public func explanations(
        _ left: any EntrySource, _ right: any EntrySource, limit: Int
    ) throws -> [(key: DatasetKey, how: [String])] {
        let keys = Set(changed.prefix(limit))
        var parts: [DatasetKey: EntryParts] = [:]
        try left.forEachEntry(of: keys) { database, entry in
            parts[DatasetKey(database, entry.key.array)] = try EntryParts(entry)
        }
        var found: [(key: DatasetKey, how: [String])] = []
        try right.forEachEntry(of: keys) { database, entry in
            let key = DatasetKey(database, entry.key.array)
            guard let known = parts[key] else { return }
            found.append((key, known.differences(from: try EntryParts(entry))))
        }
        return found.sorted { $0.key < $1.key }
    }
}
