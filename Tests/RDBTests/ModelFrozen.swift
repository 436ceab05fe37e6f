/// Model values as the frozen values that writers take, and random ones.
import Bytes
import RDB
import Records
import TestSupport

/// A model value as a frozen one.
enum ModelFrozen {
    /// Lends the frozen form of a value.
    static func lend<R>(_ value: ModelValue, _ body: (FrozenValue) throws -> R) rethrows -> R {
        switch value {
        case .string(let bytes):
            try bytes.withByteView { view in
                try body(Decimal.parse(view).map { .integer($0) } ?? .string(view))
            }
        case .list(let elements): try body(.list(ModelList(elements: elements)))
        case .set(let members): try body(.set(ModelSet(members)))
        case .sortedSet(let members): try body(.sortedSet(ModelSortedSet(members)))
        case .hash(let fields): try body(.hash(ModelHash(fields: fields)))
        case .stream(let stream): try body(.stream(ModelFrozenStream(stream: stream)))
        }
    }

    /// What DUMP would answer.
    static func payload(
        _ value: ModelValue, version: Int = RDBVersion.written,
        limits: RDBPackingLimits = RDBPackingLimits()
    ) throws -> [UInt8] {
        let output = ByteWriter()
        try lend(value) { try DumpPayload.append($0, to: output, version: version, limits: limits) }
        return output.array
    }
}

private struct ModelList: FrozenList {
    let elements: [[UInt8]]
    var count: Int { elements.count }
    func forEachElement(_ visit: (ByteView) throws -> Void) throws {
        for element in elements { try element.withByteView { try visit($0) } }
    }
}

private struct ModelSet: FrozenSet {
    let members: [[UInt8]]
    let isIntegers: Bool
    var count: Int { members.count }

    init(_ set: Set<[UInt8]>) {
        let integers = set.compactMap { member in member.withByteView { Decimal.parse($0) } }
        isIntegers = integers.count == set.count
        members = isIntegers ? integers.sorted().map { Decimal.text($0) } : Array(set)
    }

    func forEachMember(_ visit: (ByteView) throws -> Void) throws {
        for member in members { try member.withByteView { try visit($0) } }
    }
}

private struct ModelSortedSet: FrozenSortedSet {
    let members: [([UInt8], Double)]
    var count: Int { members.count }

    init(_ set: [[UInt8]: Double]) {
        members = set.map { ($0.key, $0.value) }.sorted { left, right in
            left.1 != right.1 ? left.1 < right.1 : left.0.lexicographicallyPrecedes(right.0)
        }
    }

    func forEachMember(_ visit: (ByteView, Double) throws -> Void) throws {
        for (member, score) in members { try member.withByteView { try visit($0, score) } }
    }
}

private struct ModelHash: FrozenHash {
    let fields: [[UInt8]: ModelField]
    var count: Int { fields.count }
    var hasDeadlines: Bool { fields.values.contains { $0.deadline != nil } }

    func forEachField(
        _ visit: (ByteView, ByteView, Deadline?) throws -> Void
    ) throws {
        for (name, field) in fields {
            let deadline = field.deadline.map { Deadline(millisecondsSinceEpoch: $0) }
            try name.withByteView { name in
                try field.value.withByteView { try visit(name, $0, deadline) }
            }
        }
    }
}

private struct ModelFrozenStream: FrozenStream {
    let stream: ModelStream
    var facts: StreamFacts { stream.facts }

    func forEachEntry(_ visit: (StreamID, ByteViews) throws -> Void) throws {
        for entry in stream.entries {
            try entry.fields.withByteViews { try visit(entry.id, $0) }
        }
    }

    func forEachGroup(_ visit: (any FrozenStreamGroup) throws -> Void) throws {
        for (name, group) in stream.groups { try visit(ModelFrozenGroup(name, group)) }
    }
}

private final class ModelFrozenGroup: FrozenStreamGroup {
    private let nameBytes = ByteWriter(capacity: 64)
    private let group: ModelGroup

    init(_ name: [UInt8], _ group: ModelGroup) {
        nameBytes.append(name)
        self.group = group
    }

    var name: ByteView { nameBytes.view }
    var last: StreamID { group.last }
    var entriesRead: Int64 { group.entriesRead }
    var pendingCount: Int { group.consumers.values.reduce(0) { $0 + $1.pending.count } }

    func forEachPending(_ visit: (StreamPending) throws -> Void) throws {
        let all = group.consumers.flatMap { name, consumer in
            consumer.pending.map { (id: $0.key, name: name, delivery: $0.value) }
        }
        for one in all.sorted(by: { $0.id < $1.id }) {
            try one.name.withByteView { name in
                try visit(
                    StreamPending(
                        id: one.id, consumer: name, time: one.delivery.time,
                        count: one.delivery.count))
            }
        }
    }

    func forEachConsumer(_ visit: (StreamConsumer) throws -> Void) throws {
        for (name, consumer) in group.consumers {
            try name.withByteView { name in
                try visit(
                    StreamConsumer(
                        name: name, seenTime: consumer.seenTime, activeTime: consumer.activeTime,
                        pendingCount: consumer.pending.count))
            }
        }
    }
}

/// A frozen dataset of model values.
final class ModelDataset: FrozenDataset {
    struct Entry: Sendable {
        let key: [UInt8]
        let deadline: Int64?
        let make: @Sendable () -> ModelValue
    }

    let databases: [[Entry]]
    let frozenAt = Deadline(millisecondsSinceEpoch: 0)
    var databaseCount: Int { databases.count }

    init(_ databases: [[Entry]]) { self.databases = databases }

    func keyCount(database: Int) -> Int { databases[database].count }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        for entry in databases[database] {
            let deadline = entry.deadline.map { Deadline(millisecondsSinceEpoch: $0) }
            try entry.key.withByteView { key in
                try ModelFrozen.lend(entry.make()) { value in
                    try visit(FrozenEntry(key: key, deadline: deadline, value: value))
                }
            }
        }
    }
}

/// Random values that reach every layout.
struct ModelGenerator {
    var random: SeededGenerator
    /// Redis's ZADD turns -0 into 0 where it packs, so digests of what it made itself differ.
    var hasNegativeZero = true
    /// Only values of a few short elements.
    var isSmall = false

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    /// Texts short and long, compressible and not, integers of every width among them.
    mutating func text(longest: Int = 300) -> [UInt8] {
        let longest = isSmall ? min(longest, 40) : longest
        switch number(0...7) {
        case 0: return Decimal.text(Int64(truncatingIfNeeded: random.next()) >> number(0...63))
        case 1: return Array("\(number(-5000...5000))".utf8)
        case 2: return [UInt8](repeating: UInt8(number(0...255)), count: number(0...longest))
        case 3: return (0..<number(0...longest)).map { _ in UInt8(number(0...255)) }
        case 4: return Array("007".utf8)
        default: return Array("word-\(number(0...1_000_000))".utf8)
        }
    }

    mutating func score() -> Double {
        switch number(0...5) {
        case 0: return Double(number(-1000...1000))
        case 1: return .infinity
        case 2: return -.infinity
        case 3: return hasNegativeZero ? -0.0 : 0
        case 4: return .leastNonzeroMagnitude
        default: return Double.random(in: -1e300...1e300, using: &random)
        }
    }

    mutating func value(kind: Int? = nil) -> ModelValue {
        let count = [1, 2, 5, 40, 129, 200][number(0...(isSmall ? 2 : 5))]
        switch kind ?? number(0...7) {
        case 0: return .string(text(longest: 5000))
        case 1:
            let longest = number(0...3) == 0 ? 20_000 : 300
            return .list((0..<count).map { _ in text(longest: longest) })
        case 2: return .set(Set((0..<count).map { _ in text() }))
        case 3:
            let shift = number(0...60)
            return .set(
                Set(
                    (0..<count).map { _ in
                        Decimal.text(Int64(truncatingIfNeeded: random.next()) >> shift)
                    }))
        case 4:
            var members: [[UInt8]: Double] = [:]
            for _ in 0..<count { members[text()] = score() }
            return .sortedSet(members)
        case 5, 6:
            var fields: [[UInt8]: ModelField] = [:]
            for _ in 0..<count {
                fields[text(longest: 100)] = ModelField(value: text(longest: 100))
            }
            if kind == 6 || number(0...3) == 0 {
                for name in fields.keys where number(0...1) == 0 {
                    fields[name]?.deadline = Int64(number(1...1_000_000)) + 4_000_000_000_000
                }
            }
            return .hash(fields)
        default: return .stream(stream(count))
        }
    }

    private mutating func stream(_ count: Int) -> ModelStream {
        var stream = ModelStream()
        var id = StreamID(UInt64(number(1...1_000_000)), 0)
        for _ in 0..<count {
            let names = number(0...2) > 0 ? ["a", "b"] : ["a", "c", "d"]
            let fields = names.flatMap { [Array($0.utf8), text()] }
            stream.entries.append(ModelEntry(id: id, fields: fields))
            id =
                number(0...1) == 0
                ? StreamID(id.milliseconds, id.sequence + 1)
                : StreamID(id.milliseconds + UInt64(number(1...99999)), UInt64(number(0...9)))
        }
        let ids = stream.entries.map(\.id)
        stream.facts = StreamFacts(
            length: count, last: id, first: ids[0], maximumDeleted: StreamID(3, 4),
            entriesAdded: UInt64(count + 7))
        for number in 0..<number(0...2) {
            var group = ModelGroup(last: ids[count / 2], entriesRead: number == 0 ? -1 : 5)
            for index in 0..<3 {
                // Versions before 3 have one time for both.
                let time = Int64(1_700_000_000_000 + index)
                group.consumers[Array("consumer-\(index)".utf8)] = ModelConsumer(
                    seenTime: time, activeTime: time)
            }
            for (index, id) in ids.enumerated() where index % 2 == 0 {
                group.consumers[Array("consumer-\(index % 3)".utf8)]?.pending[id] = ModelDelivery(
                    time: 1_700_000_000_000, count: UInt64(index + 1))
            }
            stream.groups[Array("group-\(number)".utf8)] = group
        }
        return stream
    }
}
