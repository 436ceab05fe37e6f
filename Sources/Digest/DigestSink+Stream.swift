/// Streams: entries in order, then the figures, then the sum of the groups.
///
/// Times at which a consumer was there are left out: a log of Redis's commands holds neither, and a read that gets
/// nothing changes them without leaving a record, so they would differ after every restart.
import Bytes
import Records

/// What was taken in of a stream.
struct StreamState {
    var facts = StreamFacts(
        length: 0, last: .minimum, first: .minimum, maximumDeleted: .minimum, entriesAdded: 0)
    /// Groups that are complete, and the sum of their digests.
    var groups = 0
    var groupSum = Hash256.zero
    /// Whether a group is being taken in, and what of it.
    var isInGroup = false
    var consumers = 0
    var consumerSum = Hash256.zero
    var pending = 0
    var pendingSum = Hash256.zero
    /// The consumer whose pending entries come.
    var consumer: [UInt8] = []
}

extension DigestSink {
    /// The value is a stream; its entries follow.
    public func beginStream() {
        if isOut { return }
        begin(.stream)
        stream = StreamState()
    }

    /// An entry, of a higher id than the last.
    public func entry(_ id: StreamID, fields: ByteViews) throws(DigestError) {
        if isOut { return }
        try step()
        entry.append(id)
        entry.append(fields.count)
        for field in fields { entry.append(field) }
        entry.settle()
        items += 1
    }

    /// The figures of the stream.
    public func streamFacts(_ facts: StreamFacts) {
        if isOut { return }
        stream.facts = facts
    }

    /// A consumer group; its consumers follow.
    public func beginGroup(
        _ name: ByteView, last: StreamID, entriesRead: Int64
    ) throws(DigestError) -> Bool {
        if isOut { return true }
        try step()
        endGroup()
        stream.isInGroup = true
        group.begin(.group)
        group.append(name)
        group.append(last)
        group.append(UInt64(bitPattern: entriesRead))
        return true
    }

    /// A consumer of the group; what is pending for it follows.
    public func consumer(
        _ name: ByteView, seenTime: Int64, activeTime: Int64
    ) throws(DigestError) -> Bool {
        if isOut { return true }
        try step()
        stream.consumer = name.array
        addConsumer(name)
        return true
    }

    /// An entry that is pending for the consumer.
    public func pending(_ id: StreamID, time: Int64, count: UInt64) throws(DigestError) {
        if isOut { return }
        try stream.consumer.withByteView { (name) throws(DigestError) in
            try addPending(StreamPending(id: id, consumer: name, time: time, count: count))
        }
    }

    /// A consumer of the group, in no order with what is pending for it.
    public func addConsumer(_ name: ByteView) {
        if isOut { return }
        element.begin(.consumer)
        element.append(name)
        stream.consumerSum &+= element.finish()
        stream.consumers += 1
    }

    /// An entry that is pending in the group.
    public func addPending(_ pending: StreamPending) throws(DigestError) {
        if isOut { return }
        try step()
        element.begin(.pending)
        element.append(pending.id)
        element.append(pending.consumer)
        element.append(UInt64(bitPattern: pending.time))
        element.append(pending.count)
        stream.pendingSum &+= element.finish()
        stream.pending += 1
    }

    private func endGroup() {
        guard stream.isInGroup else { return }
        group.append(stream.consumers)
        group.append(stream.consumerSum)
        group.append(stream.pending)
        group.append(stream.pendingSum)
        stream.groupSum &+= group.finish()
        stream.groups += 1
        stream.isInGroup = false
        (stream.consumers, stream.consumerSum) = (0, .zero)
        (stream.pending, stream.pendingSum) = (0, .zero)
    }

    func endStream() {
        endGroup()
        entry.append(items)
        entry.append(stream.facts.last)
        entry.append(stream.facts.maximumDeleted)
        entry.append(stream.facts.entriesAdded)
        entry.append(stream.groups)
        entry.append(stream.groupSum)
    }
}
