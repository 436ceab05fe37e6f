/// The parts of a stream in memory that are no entries: figures, groups, consumers, what is pending.
import Bytes
import Records

/// Gathers a stream's parts; one thread.
final class GatheredStream {
    struct Pending {
        let id: StreamID
        let consumer: Int
        let time: Int64
        let count: UInt64
    }

    struct Consumer {
        let name: [UInt8]
        let seenTime: Int64
        let activeTime: Int64
        var pendingCount = 0
    }

    struct Group {
        let name: [UInt8]
        let last: StreamID
        let entriesRead: Int64
        var consumers: [Consumer] = []
        var names: Set<[UInt8]> = []
        var pending: [Pending] = []
    }

    static let noFacts = StreamFacts(
        length: 0, last: .minimum, first: .minimum, maximumDeleted: .minimum, entriesAdded: 0)

    private(set) var isUsed = false
    var entries: [(id: StreamID, parts: Range<Int>)] = []
    var facts = noFacts
    private(set) var groups: [Group] = []

    func begin() { isUsed = true }

    func reset() {
        isUsed = false
        entries = []
        facts = Self.noFacts
        groups = []
    }

    func beginGroup(_ name: [UInt8], last: StreamID, entriesRead: Int64) -> Bool {
        if groups.contains(where: { $0.name == name }) { return false }
        groups.append(Group(name: name, last: last, entriesRead: entriesRead))
        return true
    }

    func consumer(_ name: [UInt8], seenTime: Int64, activeTime: Int64) -> Bool {
        let group = groups.count - 1
        if !groups[group].names.insert(name).inserted { return false }
        groups[group].consumers.append(
            Consumer(name: name, seenTime: seenTime, activeTime: activeTime))
        return true
    }

    func pending(_ id: StreamID, time: Int64, count: UInt64) {
        let group = groups.count - 1
        let consumer = groups[group].consumers.count - 1
        groups[group].consumers[consumer].pendingCount += 1
        groups[group].pending.append(
            Pending(id: id, consumer: consumer, time: time, count: count))
    }
}

/// A gathered group as a frozen one.
struct GatheredGroupView: FrozenStreamGroup {
    let name: ByteView
    let group: GatheredStream.Group
    var last: StreamID { group.last }
    var entriesRead: Int64 { group.entriesRead }
    var pendingCount: Int { group.pending.count }

    func forEachPending(_ visit: (StreamPending) throws -> Void) throws {
        for pending in group.pending.sorted(by: { $0.id < $1.id }) {
            try group.consumers[pending.consumer].name.withByteView { (consumer) throws in
                try visit(
                    StreamPending(
                        id: pending.id, consumer: consumer, time: pending.time,
                        count: pending.count))
            }
        }
    }

    func forEachConsumer(_ visit: (StreamConsumer) throws -> Void) throws {
        for consumer in group.consumers {
            try consumer.name.withByteView { (name) throws in
                try visit(
                    StreamConsumer(
                        name: name, seenTime: consumer.seenTime, activeTime: consumer.activeTime,
                        pendingCount: consumer.pendingCount))
            }
        }
    }
}
