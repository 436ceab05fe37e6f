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
    /// A hash.
    case hash([[UInt8]: [UInt8]])
}

/// A key's value and deadline.
public struct NaiveEntry: Hashable {
    /// The value.
    public var value: NaiveValue
    /// Milliseconds since 1970; nil: never.
    public var deadline: Int64?

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
        }
        entry.value = .hash(fields)
        put(key, entry, database)
    }

    private func removeFields(_ key: [UInt8], _ database: Int, _ names: [[UInt8]]) {
        guard var entry = databases[database][key], case .hash(var fields) = entry.value else {
            return
        }
        for name in names { fields[name] = nil }
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
        default: preconditionFailure("a change that the naive dataset doesn't know")
        }
    }
}

/// Replays a log onto a naive dataset.
public final class NaiveTarget: ReplayTarget {
    /// The dataset.
    public let dataset = NaiveDataset()
    private var database = 0
    private var queued: [[[UInt8]]]?
    /// Commands that were executed.
    public private(set) var executed = 0

    /// A target over an empty dataset.
    public init() {}

    /// Keys present.
    public var keyCount: Int { dataset.keyCount }

    /// Forgets an open transaction.
    public func discardOpenTransaction() { queued = nil }

    /// Executes one command.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        let command = arguments.arrays
        let name = String(decoding: command[0], as: UTF8.self).uppercased()
        switch name {
        case "MULTI":
            queued = []
            return .applied
        case "EXEC":
            let all = queued ?? []
            queued = nil
            for command in all { _ = execute(command) }
            return .applied
        default:
            if queued != nil {
                queued?.append(command)
                return .applied
            }
            return execute(command)
        }
    }

    private func execute(_ command: [[UInt8]]) -> ReplayOutcome {
        executed += 1
        let name = String(decoding: command[0], as: UTF8.self).uppercased()
        let rest = Array(command.dropFirst())
        guard Self.isWellFormed(name, rest) else { return .failed("ERR wrong arguments") }
        return rest.withByteViews { arguments in run(name, arguments) }
    }

    /// Arguments a command needs, and which of them are numbers below a bound.
    private static let shapes: [String: (count: Int, isPaired: Bool, numbers: [Int: Int64])] = [
        "SELECT": (1, false, [0: 16]), "SET": (2, false, [:]), "MSET": (2, true, [:]),
        "APPEND": (2, false, [:]), "SETRANGE": (3, false, [1: 1 << 20]), "DEL": (1, false, [:]),
        "PEXPIREAT": (2, false, [1: .max]), "PERSIST": (1, false, [:]), "RENAME": (2, false, [:]),
        "COPY": (5, false, [3: 16]), "MOVE": (2, false, [1: 16]),
        "SWAPDB": (2, false, [0: 16, 1: 16]),
        "HSET": (3, false, [:]), "HMSET": (3, false, [:]), "HDEL": (2, false, [:]),
    ]

    private static func isWellFormed(_ name: String, _ arguments: [[UInt8]]) -> Bool {
        guard let shape = shapes[name] else { return true }
        if arguments.count < shape.count { return false }
        if shape.isPaired && arguments.count % 2 != 0 { return false }
        if name.hasPrefix("H") && name.hasSuffix("SET") && arguments.count % 2 == 0 { return false }
        return shape.numbers.allSatisfy { index, bound in
            let number = arguments[index].withByteView { Decimal.parse($0) } ?? -1
            return number >= 0 && number < bound
        }
    }

    private func run(_ name: String, _ arguments: ByteViews) -> ReplayOutcome {
        func number(_ index: Int) -> Int { Int(Decimal.parse(arguments[index]) ?? -1) }
        func change(_ mutation: Mutation) -> ReplayOutcome {
            dataset.apply(mutation, database: database)
            return .applied
        }
        switch name {
        case "SELECT":
            database = number(0)
            return .applied
        case "SET": return set(arguments)
        case "MSET": return change(.setMany(pairs: arguments))
        case "APPEND": return change(.append(key: arguments[0], suffix: arguments[1]))
        case "SETRANGE":
            return change(.setRange(key: arguments[0], offset: number(1), bytes: arguments[2]))
        case "DEL": return change(.deleteMany(keys: arguments))
        case "PEXPIREAT":
            let time = Deadline(millisecondsSinceEpoch: Int64(number(1)))
            return change(.expire(key: arguments[0], deadline: time))
        case "PERSIST": return change(.persist(key: arguments[0]))
        case "RENAME": return change(.rename(key: arguments[0], newKey: arguments[1]))
        case "COPY":
            return change(
                .copy(key: arguments[0], destination: arguments[1], database: number(3)))
        case "MOVE": return change(.move(key: arguments[0], database: number(1)))
        case "SWAPDB": return change(.swapDatabases(number(0), number(1)))
        case "FLUSHDB": return change(.flushDatabase)
        case "FLUSHALL": return change(.flushAll)
        case "HSET", "HMSET":
            return change(.hashSet(key: arguments[0], pairs: arguments.dropFirst(1)))
        case "HDEL":
            return change(.hashDelete(key: arguments[0], fields: arguments.dropFirst(1)))
        default: return .unknownCommand(name)
        }
    }

    private func set(_ arguments: ByteViews) -> ReplayOutcome {
        let (key, value) = (arguments[0], arguments[1])
        if arguments.count == 3 {
            dataset.apply(.setKeepingDeadline(key: key, value: value), database: database)
        } else {
            let time = arguments.count == 4 ? Decimal.parse(arguments[3]) : nil
            let deadline = time.map { Deadline(millisecondsSinceEpoch: $0) }
            dataset.apply(.set(key: key, value: value, deadline: deadline), database: database)
        }
        return .applied
    }
}

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
                    let hash = NaiveFrozenHash(fields: fields)
                    try visit(
                        FrozenEntry(key: views[0], deadline: deadline, value: .hash(hash)))
                }
            }
        }
    }
}

private struct NaiveFrozenHash: FrozenHash {
    let fields: [[UInt8]: [UInt8]]

    var count: Int { fields.count }

    var hasDeadlines: Bool { false }

    func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
        let sorted = fields.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (field, value) in sorted {
            try [field, value].withByteViews { try visit($0[0], $0[1], nil) }
        }
    }
}
