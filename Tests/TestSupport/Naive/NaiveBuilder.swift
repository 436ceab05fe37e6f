/// Builds a naive entry from the parts that a snapshot's reader hands over.
import Bytes
import Records

/// A naive entry in the making.
final class NaiveBuilder: ValueSink {
    private var value: NaiveValue?
    private var fieldDeadlines: [[UInt8]: Int64] = [:]
    private var stream = NaiveStream()
    private var group: [UInt8] = []
    private var consumer: [UInt8] = []

    /// The entry; nil where nothing was added.
    func finish(deadline: Deadline?) -> NaiveEntry? {
        guard let value else { return nil }
        var entry = NaiveEntry(value: value, deadline: deadline?.millisecondsSinceEpoch)
        entry.fieldDeadlines = fieldDeadlines
        return entry
    }

    func string(_ bytes: ByteView) { value = .string(bytes.array) }

    func beginList(expecting count: Int) {}
    func element(_ element: ByteView) {
        guard case .list(var elements) = value ?? .list([]) else { return }
        elements.append(element.array)
        value = .list(elements)
    }

    func beginSet(expecting count: Int, isIntegers: Bool) {}
    func member(_ member: ByteView) -> Bool {
        guard case .set(var members) = value ?? .set([]) else { return false }
        let isNew = members.insert(member.array).inserted
        value = .set(members)
        return isNew
    }

    func beginSortedSet(expecting count: Int) {}
    func member(_ member: ByteView, score: Double) -> Bool {
        guard case .sortedSet(var members) = value ?? .sortedSet([:]) else { return false }
        let isNew = members.updateValue(score, forKey: member.array) == nil
        value = .sortedSet(members)
        return isNew
    }

    func beginHash(expecting count: Int) {}
    func field(_ field: ByteView, value text: ByteView, deadline: Deadline?) -> Bool {
        guard case .hash(var fields) = value ?? .hash([:]) else { return false }
        let isNew = fields.updateValue(text.array, forKey: field.array) == nil
        fieldDeadlines[field.array] = deadline?.millisecondsSinceEpoch
        value = .hash(fields)
        return isNew
    }

    func beginStream() { value = .stream(stream) }
    func entry(_ id: StreamID, fields: ByteViews) {
        stream.entries[id] = fields.arrays
        value = .stream(stream)
    }
    func streamFacts(_ facts: StreamFacts) {
        stream.last = facts.last
        stream.maximumDeleted = facts.maximumDeleted
        stream.entriesAdded = facts.entriesAdded
        value = .stream(stream)
    }
    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool {
        group = name.array
        guard stream.groups[group] == nil else { return false }
        stream.groups[group] = NaiveStream.Group(last: last, entriesRead: entriesRead)
        value = .stream(stream)
        return true
    }
    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool {
        consumer = name.array
        let isNew = stream.groups[group]?.consumers.insert(consumer).inserted ?? false
        value = .stream(stream)
        return isNew
    }
    func pending(_ id: StreamID, time: Int64, count: UInt64) {
        stream.groups[group]?.pending[id] = NaiveStream.Pending(
            consumer: consumer, time: time, count: count)
        value = .stream(stream)
    }
}
