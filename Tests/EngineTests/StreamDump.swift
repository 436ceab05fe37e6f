/// Everything a frozen view says of its streams, to compare; and the bytes of streams, counted anew.
import Bytes
import Records
import TestSupport
import Testing

@testable import Engine

/// The streams of a view, by key.
struct StreamDump: Equatable {
    struct Pending: Equatable {
        let id: StreamID
        let consumer: [UInt8]
        let time: Int64
        let count: UInt64
    }

    struct Group: Equatable {
        let last: StreamID
        let entriesRead: Int64
        let pending: [Pending]
        let consumers: [[UInt8]: Int]
    }

    struct Stream: Equatable {
        let facts: StreamFacts
        var entries: [StreamID: [[UInt8]]] = [:]
        var order: [StreamID] = []
        var groups: [[UInt8]: Group] = [:]
    }

    private(set) var streams: [[UInt8]: Stream] = [:]

    init(_ view: some FrozenDataset) throws {
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                guard case .stream(let stream) = entry.value else { return }
                streams[entry.key.array] = try Self.dump(stream)
            }
        }
    }

    static func dump(_ stream: any FrozenStream) throws -> Stream {
        var found = Stream(facts: stream.facts)
        try stream.forEachEntry { id, fields in
            found.entries[id] = fields.arrays
            found.order.append(id)
        }
        #expect(found.order == found.order.sorted())
        #expect(found.facts.length == found.order.count)
        #expect(found.facts.first == found.order.first ?? .minimum)
        try stream.forEachGroup { group in
            var pending: [Pending] = []
            try group.forEachPending {
                pending.append(
                    Pending(
                        id: $0.id, consumer: $0.consumer.array, time: $0.time, count: $0.count))
            }
            var consumers: [[UInt8]: Int] = [:]
            try group.forEachConsumer { consumers[$0.name.array] = $0.pendingCount }
            #expect(group.pendingCount == pending.count)
            #expect(consumers.values.reduce(0, +) == pending.count)
            found.groups[group.name.array] = Group(
                last: group.last, entriesRead: group.entriesRead, pending: pending,
                consumers: consumers)
        }
        return found
    }
}

/// Counts the bytes of a keyspace of streams and strings, and checks every account on the way.
enum StreamWalk {
    static func bytes(_ keyspace: Keyspace) -> Int {
        (0..<keyspace.databaseCount).reduce(0) {
            $0 + Table.headerBytes + bytes(of: keyspace.tables[$1])
        }
    }

    /// A table without its header.
    private static func bytes(of table: Table) -> Int {
        var sum = Root.bytes(table.rootBits)
        forEachChunk(root: table.root, bits: table.rootBits) { chunk in
            sum += chunk.bytes
            forEachSegment(of: chunk) { segment in
                sum += Segment.bytes
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    sum += bytes(of: segment.entry(slot))
                }
            }
        }
        return sum
    }

    private static func bytes(of entry: Entry) -> Int {
        guard entry.kind.isNested else { return entry.allocatedBytes }
        let raw = unsafe entry.nested.raw
        var sum = entry.kind.headerBytes
        switch entry.kind {
        case .stream:
            let stream = unsafe StreamTree(raw: raw)
            sum += nodes(stream.tree)
            stream.tree.forEach { sum += StreamNode($0).allocatedBytes }
            if stream.hasGroups { sum += bytes(of: stream.groups) }
        case .streamGroup:
            let group = unsafe ConsumerGroup(raw: raw)
            sum += nodes(group.pending)
            if let consumers = group.table { sum += bytes(of: consumers) }
        case .streamConsumer:
            let consumer = unsafe GroupConsumer(raw: raw)
            sum += nodes(consumer.tree) + consumer.name.allocatedBytes
        default: Issue.record("no other nested value is made here")
        }
        #expect(entry.nested.bytes == sum, "\(entry.kind)")
        return entry.allocatedBytes + sum
    }

    private static func nodes<Element>(_ tree: OrderedTree<Element>) -> Int {
        func count(_ node: TreeNode) -> Int {
            var sum = OrderedTree<Element>.bytes(level: node.level)
            if node.level > 0 { for place in 0..<node.count { sum += count(node.child(place)) } }
            return sum
        }
        return count(tree.root)
    }
}
