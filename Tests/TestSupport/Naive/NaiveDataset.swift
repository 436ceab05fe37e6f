/// The simplest dataset that could be right: dictionaries. Replays logs and is what they are compared with.
///
/// It takes changes in two ways, as mutations (what the engine would record) and as commands (what a log
/// holds), written apart from each other: where an encoder misspells a mutation, the two differ.
///
/// The digest is kept as changes come: the sum of a hash for each key, so it costs a key's size a change.
import Bytes
import Persistence
import Records

/// What a key holds.
public enum NaiveValue: Hashable {
    /// A string.
    case string([UInt8])
    /// A hash; the deadlines of its fields stand in the entry.
    case hash([[UInt8]: [UInt8]])
    /// A list.
    case list([[UInt8]])
    /// A set.
    case set(Set<[UInt8]>)
    /// A sorted set.
    case sortedSet([[UInt8]: Double])
    /// A stream.
    case stream(NaiveStream)
}

/// A key's value and deadline.
public struct NaiveEntry: Hashable {
    /// The value.
    public var value: NaiveValue
    /// Milliseconds since 1970; nil: never.
    public var deadline: Int64?
    /// Deadlines of a hash's fields.
    public var fieldDeadlines: [[UInt8]: Int64] = [:]

    /// An entry.
    public init(value: NaiveValue, deadline: Int64? = nil) {
        self.value = value
        self.deadline = deadline
    }
}

/// A dataset of dictionaries.
public final class NaiveDataset {
    /// The databases.
    public private(set) var databases: [[[UInt8]: NaiveEntry]]
    /// Equal for equal contents.
    public private(set) var digest: UInt64 = 0

    /// An empty dataset.
    public init(databases: Int = 16) { self.databases = Array(repeating: [:], count: databases) }

    /// A copy.
    public init(_ other: NaiveDataset) {
        databases = other.databases
        digest = other.digest
    }

    /// Holds what another one holds.
    public func become(_ other: NaiveDataset) {
        databases = other.databases
        digest = other.digest
    }

    /// Keys in all databases.
    public var keyCount: Int { databases.reduce(0) { $0 + $1.count } }

    /// What a key holds.
    public func entry(_ key: [UInt8], _ database: Int = 0) -> NaiveEntry? {
        databases[database][key]
    }

    private static func hash(_ key: [UInt8], _ entry: NaiveEntry, _ database: Int) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(database)
        hasher.combine(key)
        hasher.combine(entry)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Gives a key a new entry, or none.
    public func put(_ key: [UInt8], _ entry: NaiveEntry?, _ database: Int) {
        if let old = databases[database][key] { digest &-= Self.hash(key, old, database) }
        if let entry { digest &+= Self.hash(key, entry, database) }
        databases[database][key] = entry
    }

    private func swap(_ first: Int, _ second: Int) {
        databases.swapAt(first, second)
        digest = 0
        for (number, entries) in databases.enumerated() {
            for (key, entry) in entries { digest &+= Self.hash(key, entry, number) }
        }
    }

    private func flush(_ database: Int) {
        for key in databases[database].keys { put(key, nil, database) }
    }

    private func string(_ key: [UInt8], _ database: Int) -> [UInt8] {
        if case .string(let bytes) = databases[database][key]?.value { return bytes }
        return []
    }

    private func setFields(_ key: [UInt8], _ database: Int, _ pairs: [[UInt8]]) {
        var entry = databases[database][key] ?? NaiveEntry(value: .hash([:]))
        guard case .hash(var fields) = entry.value else { return }
        for index in stride(from: 0, to: pairs.count, by: 2) {
            fields[pairs[index]] = pairs[index + 1]
            entry.fieldDeadlines[pairs[index]] = nil
        }
        entry.value = .hash(fields)
        put(key, entry, database)
    }

    private func removeFields(_ key: [UInt8], _ database: Int, _ names: [[UInt8]]) {
        guard var entry = databases[database][key], case .hash(var fields) = entry.value else {
            return
        }
        for name in names {
            fields[name] = nil
            entry.fieldDeadlines[name] = nil
        }
        entry.value = .hash(fields)
        put(key, fields.isEmpty ? nil : entry, database)
    }

    private func overwrite(_ key: [UInt8], _ database: Int, _ offset: Int, _ bytes: [UInt8]) {
        var content = string(key, database)
        let end = offset + bytes.count
        if content.count < end { content += [UInt8](repeating: 0, count: end - content.count) }
        content.replaceSubrange(offset..<end, with: bytes)
        put(
            key,
            NaiveEntry(value: .string(content), deadline: databases[database][key]?.deadline),
            database)
    }
}

extension NaiveDataset {
    /// Makes a change as the engine would have made it.
    public func apply(_ mutation: Mutation, database: Int) {
        switch mutation {
        case .set(let key, let value, let deadline):
            put(
                key.array,
                NaiveEntry(
                    value: .string(value.array), deadline: deadline?.millisecondsSinceEpoch),
                database)
        case .setKeepingDeadline(let key, let value):
            let deadline = databases[database][key.array]?.deadline
            put(
                key.array, NaiveEntry(value: .string(value.array), deadline: deadline), database)
        case .setMany(let pairs):
            let all = pairs.arrays
            for index in stride(from: 0, to: all.count, by: 2) {
                put(all[index], NaiveEntry(value: .string(all[index + 1])), database)
            }
        case .append(let key, let suffix):
            let content = string(key.array, database)
            overwrite(key.array, database, content.count, suffix.array)
        case .setRange(let key, let offset, let bytes):
            overwrite(key.array, database, offset, bytes.array)
        case .delete(let key): put(key.array, nil, database)
        case .deleteMany(let keys): for key in keys { put(key.array, nil, database) }
        case .hashSet(let key, let pairs): setFields(key.array, database, pairs.arrays)
        case .hashDelete(let key, let fields): removeFields(key.array, database, fields.arrays)
        default: applyToKeyspace(mutation, database)
        }
    }

    private func applyToKeyspace(_ mutation: Mutation, _ database: Int) {
        switch mutation {
        case .expire(let key, let deadline):
            guard var entry = databases[database][key.array] else { return }
            entry.deadline = deadline.millisecondsSinceEpoch
            put(key.array, entry, database)
        case .persist(let key):
            guard var entry = databases[database][key.array] else { return }
            entry.deadline = nil
            put(key.array, entry, database)
        case .rename(let key, let newKey):
            let entry = databases[database][key.array]
            put(key.array, nil, database)
            put(newKey.array, entry, database)
        case .copy(let key, let destination, let target):
            put(destination.array, databases[database][key.array], target)
        case .move(let key, let target):
            let entry = databases[database][key.array]
            put(key.array, nil, database)
            put(key.array, entry, target)
        case .swapDatabases(let first, let second): swap(first, second)
        case .flushDatabase: flush(database)
        case .flushAll: for number in databases.indices { flush(number) }
        default: applyToCollection(mutation, database)
        }
    }
}
