/// A stream as dictionaries, and as backends read it.
import Bytes
import Records

/// A stream.
public struct NaiveStream: Hashable, FrozenStream {
    /// A consumer group.
    public struct Group: Hashable {
        var last: StreamID
        var entriesRead: Int64
        var consumers: Set<[UInt8]> = []
        var pending: [StreamID: Pending] = [:]
    }

    /// A delivery that was not acknowledged.
    public struct Pending: Hashable {
        var consumer: [UInt8]
        var time: Int64
        var count: UInt64
    }

    var entries: [StreamID: [[UInt8]]] = [:]
    var last = StreamID.minimum
    var maximumDeleted = StreamID.minimum
    var entriesAdded: UInt64 = 0
    var groups: [[UInt8]: Group] = [:]

    mutating func apply(_ change: StreamChange) {
        switch change {
        case .add(let id, let fields):
            entries[id] = fields.arrays
            last = max(last, id)
            entriesAdded += 1
        case .delete(let ids):
            for id in ids where entries[id] != nil {
                entries[id] = nil
                maximumDeleted = max(maximumDeleted, id)
            }
        case .trimOldest(_, let length):
            for id in entries.keys.sorted().dropLast(length) { entries[id] = nil }
        case .setID(let last, let added, let deleted):
            self.last = last
            entriesAdded = added
            maximumDeleted = deleted
        default: applyToGroup(change)
        }
    }

    private mutating func applyToGroup(_ change: StreamChange) {
        switch change {
        case .createGroup(let name, let last, let read):
            groups[name.array] = Group(last: last, entriesRead: read)
        case .setGroup(let name, let last, let read):
            groups[name.array]?.last = last
            groups[name.array]?.entriesRead = read
        case .destroyGroup(let name): groups[name.array] = nil
        case .createConsumer(let group, let name):
            groups[group.array]?.consumers.insert(name.array)
        case .deleteConsumer(let group, let name):
            guard var changed = groups[group.array] else { return }
            changed.consumers.remove(name.array)
            changed.pending = changed.pending.filter { $0.value.consumer != name.array }
            groups[group.array] = changed
        case .acknowledge(let group, let ids):
            for id in ids { groups[group.array]?.pending[id] = nil }
        case .claim(let group, let consumer, let id, let time, let count, let last):
            groups[group.array]?.consumers.insert(consumer.array)
            groups[group.array]?.pending[id] = Pending(
                consumer: consumer.array, time: time, count: count)
            if let old = groups[group.array]?.last { groups[group.array]?.last = max(old, last) }
        default: preconditionFailure("a change that the naive stream doesn't know")
        }
    }

    // MARK: FrozenStream

    /// Its figures.
    public var facts: StreamFacts {
        StreamFacts(
            length: entries.count, last: last, first: entries.keys.min() ?? .minimum,
            maximumDeleted: maximumDeleted, entriesAdded: entriesAdded)
    }

    /// Hands the entries on.
    public func forEachEntry(_ visit: (StreamID, ByteViews) throws -> Void) throws {
        for (id, fields) in entries.sorted(by: { $0.key < $1.key }) {
            try fields.withByteViews { try visit(id, $0) }
        }
    }

    /// Hands the groups on.
    public func forEachGroup(_ visit: (any FrozenStreamGroup) throws -> Void) throws {
        for (name, group) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            try name.withByteView { (view) throws in try visit(Frozen(name: view, group: group)) }
        }
    }

    private struct Frozen: FrozenStreamGroup {
        let name: ByteView
        let group: Group

        var last: StreamID { group.last }
        var entriesRead: Int64 { group.entriesRead }
        var pendingCount: Int { group.pending.count }

        func forEachPending(_ visit: (StreamPending) throws -> Void) throws {
            for (id, pending) in group.pending.sorted(by: { $0.key < $1.key }) {
                try pending.consumer.withByteView { (view) throws in
                    try visit(
                        StreamPending(
                            id: id, consumer: view, time: pending.time, count: pending.count))
                }
            }
        }

        func forEachConsumer(_ visit: (StreamConsumer) throws -> Void) throws {
            for name in group.consumers.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let count = group.pending.values.count { $0.consumer == name }
                try name.withByteView { (view) throws in
                    try visit(
                        StreamConsumer(name: view, seenTime: 0, activeTime: -1, pendingCount: count)
                    )
                }
            }
        }
    }
}
