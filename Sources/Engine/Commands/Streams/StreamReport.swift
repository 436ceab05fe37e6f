/// What XINFO shows: maps of Redis's names, those of 7.0 and what 7.2 added about a consumer's activity.
import Bytes
import RESP
import Records

struct StreamReport {
    private let reply: ReplyWriter
    private let engine: Engine

    init(_ reply: ReplyWriter, _ engine: Engine) {
        self.reply = reply
        self.engine = engine
    }

    /// XINFO STREAM.
    func stream(_ stream: StreamTree) {
        reply.map(10)
        figures(stream)
        field("groups", stream.groupCount)
        name("first-entry")
        edge(stream.cursor())
        name("last-entry")
        edge(stream.cursor(reversed: true))
    }

    /// XINFO STREAM FULL, at most `limit` of everything.
    func everything(_ stream: StreamTree, limit: Int) {
        reply.map(9)
        figures(stream)
        name("entries")
        reply.entries(stream.cursor(), limit: limit)
        name("groups")
        let groups = stream.sortedGroups()
        reply.array(groups.count)
        for (text, group) in groups {
            reply.map(7)
            field("name", text)
            field("last-delivered-id", group.last)
            progress(group, stream)
            field("pel-count", group.pending.weight)
            name("pending")
            pending(of: group, limit: limit)
            name("consumers")
            let consumers = group.sortedConsumers()
            reply.array(consumers.count)
            for (text, consumer) in consumers {
                reply.map(5)
                field("name", text)
                field("seen-time", Int(consumer.seen))
                field("active-time", Int(consumer.active))
                field("pel-count", consumer.pendingCount)
                name("pending")
                pending(of: consumer, in: group, limit: limit)
            }
        }
    }

    /// XINFO GROUPS.
    func groups(_ stream: StreamTree) {
        let groups = stream.sortedGroups()
        reply.array(groups.count)
        for (text, group) in groups {
            reply.map(6)
            field("name", text)
            field("consumers", group.consumerCount)
            field("pending", group.pending.weight)
            field("last-delivered-id", group.last)
            progress(group, stream)
        }
    }

    /// XINFO CONSUMERS.
    func consumers(_ group: ConsumerGroup) {
        let consumers = group.sortedConsumers()
        reply.array(consumers.count)
        for (text, consumer) in consumers {
            reply.map(4)
            field("name", text)
            field("pending", consumer.pendingCount)
            field("idle", Int(max(0, engine.idle(since: consumer.seen))))
            let isActive = consumer.active >= 0
            field("inactive", isActive ? Int(max(0, engine.idle(since: consumer.active))) : -1)
        }
    }

    // MARK: Parts

    private func figures(_ stream: StreamTree) {
        let nodes = stream.radixNodes
        field("length", stream.length)
        field("radix-tree-keys", nodes.keys)
        field("radix-tree-nodes", nodes.nodes)
        field("last-generated-id", stream.last)
        field("max-deleted-entry-id", stream.maximumDeleted)
        field("entries-added", Int(truncatingIfNeeded: stream.entriesAdded))
        field("recorded-first-entry-id", stream.first)
    }

    private func edge(_ cursor: StreamCursor) {
        var cursor = cursor
        if let entry = cursor.next() { reply.entry(entry) } else { reply.null() }
    }

    private func progress(_ group: ConsumerGroup, _ stream: StreamTree) {
        field("entries-read", group.entriesRead < 0 ? nil : group.entriesRead)
        field("lag", stream.lag(of: group))
    }

    private func pending(of group: ConsumerGroup, limit: Int) {
        reply.array(min(limit, group.pending.weight))
        var left = limit
        group.forEachPending { place in
            if left == 0 { return false }
            left -= 1
            reply.array(4)
            reply.bulk(place.id)
            reply.bulk(place.owner.text)
            reply.integer(Int(place.time))
            reply.integer(Int(truncatingIfNeeded: place.count))
            return true
        }
    }

    private func pending(of consumer: GroupConsumer, in group: ConsumerGroup, limit: Int) {
        reply.array(min(limit, consumer.pendingCount))
        var left = limit
        consumer.forEachID(after: .minimum) { id in
            guard left > 0, let place = group.find(id) else { return false }
            left -= 1
            reply.array(3)
            reply.bulk(id)
            reply.integer(Int(place.time))
            reply.integer(Int(truncatingIfNeeded: place.count))
            return true
        }
    }

    private func name(_ name: StaticString) { reply.bulk(ByteView(name)) }

    private func field(_ name: StaticString, _ value: Int) {
        self.name(name)
        reply.integer(value)
    }

    private func field(_ name: StaticString, _ value: Int64?) {
        self.name(name)
        if let value { reply.integer(Int(value)) } else { reply.null() }
    }

    private func field(_ name: StaticString, _ value: StreamID) {
        self.name(name)
        reply.bulk(value)
    }

    private func field(_ name: StaticString, _ value: ByteView) {
        self.name(name)
        reply.bulk(value)
    }
}
