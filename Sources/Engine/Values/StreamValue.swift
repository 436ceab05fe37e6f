/// Streams as the rest of the keyspace knows them: freed, copied, frozen.
import Bytes
import Records

/// The stream of one entry; valid until the next write.
struct StreamValue {
    let entry: Entry

    init(_ entry: Entry) { self.entry = entry }

    /// The header.
    var tree: StreamTree { unsafe StreamTree(raw: entry.nested.raw) }

    /// Bytes of a header.
    static func headerBytes(_ kind: EntryKind) -> Int {
        switch kind {
        case .streamGroup: ConsumerGroup.headerBytes
        case .streamConsumer: GroupConsumer.headerBytes
        default: StreamTree.headerBytes
        }
    }

    // SAFETY: the kind is that of the entry whose header `raw` is, here and below.
    /// Frees a header and everything below; any thread, once.
    static func freeEverything(_ raw: UnsafeMutableRawPointer, _ kind: EntryKind) {
        switch kind {
        case .streamGroup: unsafe ConsumerGroup(raw: raw).freeEverything()
        case .streamConsumer: unsafe GroupConsumer(raw: raw).freeEverything()
        default: unsafe StreamTree(raw: raw).freeEverything()
        }
    }

    /// A copy that shares nothing. Consumers are copied with their group, whose elements know their names.
    static func deepCopy(
        _ raw: UnsafeMutableRawPointer, _ kind: EntryKind, _ heap: Heap
    ) -> UnsafeMutableRawPointer {
        switch kind {
        case .stream: return unsafe StreamTree(raw: raw).deepCopy(heap).raw
        case .streamGroup: return unsafe ConsumerGroup(raw: raw).deepCopy(heap).raw
        default: preconditionFailure("a consumer is copied with its group")
        }
    }
}

extension StreamValue: FrozenStream {
    /// Its figures.
    var facts: StreamFacts { tree.facts }

    /// Hands every entry to `visit`, by rising id.
    func forEachEntry(_ visit: (_ id: StreamID, _ fields: ByteViews) throws -> Void) throws {
        let fields = StreamFields()
        var cursor = tree.cursor()
        while let entry = cursor.next() {
            try fields.with(entry) { try visit(entry.id, $0) }
        }
    }

    /// Hands every group to `visit`, by rising name.
    func forEachGroup(_ visit: (_ group: any FrozenStreamGroup) throws -> Void) throws {
        for (name, group) in tree.sortedGroups() {
            try visit(FrozenConsumerGroup(name: name, group: group))
        }
    }
}

/// A group of a frozen stream.
struct FrozenConsumerGroup: FrozenStreamGroup {
    let name: ByteView
    let group: ConsumerGroup

    var last: StreamID { group.last }
    var entriesRead: Int64 { group.entriesRead }
    var pendingCount: Int { group.pending.weight }

    func forEachPending(_ visit: (_ pending: StreamPending) throws -> Void) throws {
        try group.pending.forEach { (place) throws in
            try visit(
                StreamPending(
                    id: place.id, consumer: place.owner.text, time: place.time, count: place.count))
        }
    }

    func forEachConsumer(_ visit: (_ consumer: StreamConsumer) throws -> Void) throws {
        for (name, consumer) in group.sortedConsumers() {
            try visit(
                StreamConsumer(
                    name: name, seenTime: consumer.seen, activeTime: consumer.active,
                    pendingCount: consumer.pendingCount))
        }
    }
}
