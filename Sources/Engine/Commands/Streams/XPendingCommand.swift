/// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
///
/// What was delivered and not acknowledged: how much, from where to where and by consumer; or entry by entry, with
/// the milliseconds since and the number of deliveries. O(n) for n entries looked at. Errors: NOGROUP, numbers, ids,
/// WRONGTYPE.
import Bytes
import RESP
import Records

enum XPendingCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xpending", arity: -3, [.readonly], keys: [.read], group: .stream, since: "5.0.0",
            summary:
                "Return information and entries from a stream consumer group pending entries list, that are messages fetched but never acknowledged.",
            complexity:
                "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
            syntax: "key group [[IDLE min-idle-time] start end count [consumer]]",
            tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let query = arguments.count == 3 ? nil : try Query(arguments)
            guard let stream = try engine.readStream(arguments[1], session),
                let group = stream.group(arguments[2], engine.heap)
            else { throw .noGroup(arguments[1], arguments[2]) }
            if let query {
                list(query, group, engine, reply)
            } else {
                summarize(group, reply)
            }
        }
    }

    private struct Query {
        var start = StreamID.minimum
        var end = StreamID.maximum
        var count = 0
        var idle: Int64 = 0
        var consumer: ByteView?

        init(_ arguments: ByteViews) throws(CommandError) {
            if arguments.count < 6 || arguments.count > 9 { throw .syntax }
            var place = 3
            if arguments[3].equalsIgnoringCase("idle") {
                guard let number = Decimal.parse(arguments[4]) else { throw .notAnInteger }
                if arguments.count < 8 { throw .syntax }
                idle = number
                place = 5
            }
            guard let number = Decimal.parse(arguments[place + 2]) else { throw .notAnInteger }
            count = Int(max(0, number))
            start = try StreamIDText.start(arguments[place])
            end = try StreamIDText.end(arguments[place + 1])
            if place + 3 < arguments.count { consumer = arguments[place + 3] }
        }
    }

    private static func summarize(_ group: ConsumerGroup, _ reply: ReplyWriter) {
        reply.array(4)
        reply.integer(group.pending.weight)
        if group.pending.weight == 0 {
            reply.null()
            reply.null()
            reply.nullArray()
            return
        }
        let pending = group.pending
        var end = pending.endPath()
        _ = pending.previous(&end)
        reply.bulk(pending.element(pending.startPath()).id)
        reply.bulk(pending.element(end).id)
        let consumers = group.sortedConsumers().filter { $0.consumer.pendingCount > 0 }
        reply.array(consumers.count)
        for (name, consumer) in consumers {
            reply.array(2)
            reply.bulk(name)
            reply.bulk(decimal: Int64(consumer.pendingCount))
        }
    }

    private static func list(
        _ query: Query, _ group: ConsumerGroup, _ engine: Engine, _ reply: ReplyWriter
    ) {
        let start = reply.bytes.count
        var count = 0
        func show(_ place: PendingPlace) -> Bool {
            if count >= query.count { return false }
            let (elapsed, isOver) = engine.milliseconds.subtractingReportingOverflow(place.time)
            let idle = isOver ? 0 : elapsed
            if query.idle != 0 && idle < query.idle { return true }
            count += 1
            reply.array(4)
            reply.bulk(place.id)
            reply.bulk(place.owner.text)
            reply.integer(Int(max(0, idle)))
            reply.integer(Int(truncatingIfNeeded: place.count))
            return true
        }
        if let name = query.consumer {
            // The ids before the start are skipped by the tree; 0-0 is no entry's.
            let after = query.start.previous ?? .minimum
            group.consumer(name, engine.heap)?.forEachID(after: after) { id in
                if query.end < id { return false }
                return group.find(id).map(show) ?? true
            }
        } else {
            group.forEachPending(from: query.start, to: query.end, show)
        }
        reply.array(count, before: start)
    }
}
