/// Values as the tests compare them, and the sink that builds them; strict about what the reader promises.
import Bytes
import RDB
import Records

/// A value of any type.
enum ModelValue: Equatable {
    case string([UInt8])
    case list([[UInt8]])
    case set(Set<[UInt8]>)
    case sortedSet([[UInt8]: Double])
    case hash([[UInt8]: ModelField])
    case stream(ModelStream)

    static func text(_ words: String) -> ModelValue { .string(Array(words.utf8)) }
}

/// A hash's field.
struct ModelField: Equatable {
    var value: [UInt8]
    var deadline: Int64?
}

/// An entry of a stream.
struct ModelEntry: Equatable {
    var id: StreamID
    var fields: [[UInt8]]
}

/// A stream.
struct ModelStream: Equatable {
    var entries: [ModelEntry] = []
    var facts = StreamFacts(
        length: 0, last: .minimum, first: .minimum, maximumDeleted: .minimum, entriesAdded: 0)
    var groups: [[UInt8]: ModelGroup] = [:]
}

/// A consumer group.
struct ModelGroup: Equatable {
    var last: StreamID
    var entriesRead: Int64
    var consumers: [[UInt8]: ModelConsumer] = [:]
}

/// A consumer.
struct ModelConsumer: Equatable {
    var seenTime: Int64
    var activeTime: Int64
    var pending: [StreamID: ModelDelivery] = [:]
}

/// A pending entry.
struct ModelDelivery: Equatable {
    var time: Int64
    var count: UInt64
}

/// Builds a value.
final class ModelSink: ValueSink {
    private var plain: ModelValue?
    private var stream = ModelStream()
    private var isStream = false
    private var group: [UInt8] = []
    private var consumer: [UInt8] = []
    private(set) var isIntegers = false
    private(set) var wasInteger = false

    init() {}

    /// What was built.
    var value: ModelValue? { isStream ? .stream(stream) : plain }

    func string(_ value: ByteView) { plain = .string(value.array) }

    func integer(_ value: Int64) {
        wasInteger = true
        plain = .string(Decimal.text(value))
    }

    func beginList(expecting count: Int) { plain = .list([]) }

    func element(_ element: ByteView) {
        guard case .list(var elements) = plain else { return }
        plain = nil
        elements.append(element.array)
        plain = .list(elements)
    }

    func beginSet(expecting count: Int, isIntegers: Bool) {
        self.isIntegers = isIntegers
        plain = .set([])
    }

    func member(_ member: ByteView) -> Bool {
        guard case .set(var members) = plain else { return false }
        plain = nil
        defer { plain = .set(members) }
        return members.insert(member.array).inserted
    }

    func beginSortedSet(expecting count: Int) { plain = .sortedSet([:]) }

    func member(_ member: ByteView, score: Double) -> Bool {
        guard case .sortedSet(var members) = plain else { return false }
        plain = nil
        defer { plain = .sortedSet(members) }
        return members.updateValue(score, forKey: member.array) == nil
    }

    func beginHash(expecting count: Int) { plain = .hash([:]) }

    func field(_ field: ByteView, value content: ByteView, deadline: Deadline?) -> Bool {
        guard case .hash(var fields) = plain else { return false }
        plain = nil
        defer { plain = .hash(fields) }
        let field_ = ModelField(
            value: content.array, deadline: deadline?.millisecondsSinceEpoch)
        return fields.updateValue(field_, forKey: field.array) == nil
    }

    func beginStream() { isStream = true }

    func entry(_ id: StreamID, fields: ByteViews) {
        stream.entries.append(ModelEntry(id: id, fields: fields.arrays))
    }

    func streamFacts(_ facts: StreamFacts) {
        stream.facts = facts
    }

    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool {
        group = name.array
        return stream.groups.updateValue(
            ModelGroup(last: last, entriesRead: entriesRead), forKey: group) == nil
    }

    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool {
        consumer = name.array
        return stream.groups[group]?.consumers.updateValue(
            ModelConsumer(seenTime: seenTime, activeTime: activeTime), forKey: consumer) == nil
    }

    func pending(_ id: StreamID, time: Int64, count: UInt64) {
        stream.groups[group]?.consumers[consumer]?.pending[id] = ModelDelivery(
            time: time, count: count)
    }
}

/// Reading in one call.
enum ModelReading {
    /// The value of a DUMP payload.
    static func payload(_ bytes: [UInt8], limits: RDBLimits = RDBLimits()) throws -> ModelValue? {
        try bytes.withByteView { view in
            let sink = ModelSink()
            try DumpPayload(verifying: view).read(into: sink, limits: limits)
            return sink.value
        }
    }

    /// The value of a type byte and a body, without a frame.
    static func body(_ type: UInt8, _ bytes: [UInt8], limits: RDBLimits = RDBLimits()) throws
        -> ModelValue?
    {
        try bytes.withByteView { view in
            let sink = ModelSink()
            let reader = RDBValueReader(RDBInput(view, limits: limits))
            return try reader.read(type, into: sink) == .empty ? nil : sink.value
        }
    }
}
