/// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count]
///     [FORCE] [JUSTID] [LASTID lastid]
///
/// Pending entries become those of another consumer, if they have been idle for so long; entries that are not in the
/// stream any more stop being pending. O(log n) an entry. Replies the entries, with JUSTID only their ids. Errors:
/// NOGROUP, options, WRONGTYPE.
import Bytes
import RESP
import Records

enum XClaimCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xclaim", arity: -6, [.write, .fast], keys: [KeySpec(["RW", "update"])],
            group: .stream, since: "5.0.0",
            summary:
                "Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to the specified consumer.",
            complexity:
                "O(log N) with N being the number of messages in the PEL of the consumer group.",
            syntax:
                "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
            tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateStreamRead(key, session),
                StreamValue(position.entry).tree.group(arguments[2], engine.heap) != nil
            else { throw .noGroup(key, arguments[2]) }
            let request = try Request(
                arguments, now: engine.milliseconds, keepsTime: session.isReplay)
            engine.changeStream(at: position, session) { stream in
                _ = stream.changeGroup(request.group, engine.heap) { group in
                    claim(request, key, stream, group, engine, session, reply)
                }
            }
        }
    }

    private struct Request {
        let group: ByteView
        let consumer: ByteView
        var idle: Int64
        var ids: [StreamID] = []
        var time: Int64
        var count: UInt64?
        var isForced = false
        var wantsIDs = false
        var last = StreamID.minimum

        init(
            _ arguments: ByteViews, now: Int64, keepsTime: Bool
        ) throws(CommandError) {
            group = arguments[2]
            consumer = arguments[3]
            guard let number = Decimal.parse(arguments[4]) else {
                throw CommandError("ERR Invalid min-idle-time argument for XCLAIM")
            }
            idle = max(0, number)
            time = now
            var place = 5
            while place < arguments.count, let id = try? StreamIDText.strict(arguments[place]) {
                // Text that is no id is an option, and wrong only as one.
                ids.append(id)
                place += 1
            }
            while place < arguments.count {
                place += try option(arguments, place, now: now)
            }
            // A log is replayed as it stands, whatever the clock says now.
            if time < 0 || time > now && !keepsTime { time = now }
        }

        /// Reads the option at `place`; answers how many words it has.
        private mutating func option(
            _ arguments: ByteViews, _ place: Int, now: Int64
        ) throws(CommandError) -> Int {
            let word = arguments[place]
            if word.equalsIgnoringCase("force") {
                isForced = true
                return 1
            }
            if word.equalsIgnoringCase("justid") {
                wantsIDs = true
                return 1
            }
            guard place + 1 < arguments.count else { throw Self.unknown(word) }
            let text = arguments[place + 1]
            if word.equalsIgnoringCase("idle") {
                time = now.subtractingReportingOverflow(try Self.number(text, "IDLE")).partialValue
                if time == -1 { time = now }
            } else if word.equalsIgnoringCase("time") {
                time = try Self.number(text, "TIME")
            } else if word.equalsIgnoringCase("retrycount") {
                let number = try Self.number(text, "RETRYCOUNT")
                count = number < 0 ? nil : UInt64(number)
            } else if word.equalsIgnoringCase("lastid") {
                last = try StreamIDText.strict(text)
            } else {
                throw Self.unknown(word)
            }
            return 2
        }

        private static func number(
            _ text: ByteView, _ option: StaticString
        ) throws(CommandError) -> Int64 {
            guard let number = Decimal.parse(text) else {
                throw CommandError("ERR Invalid \(option) option argument for XCLAIM")
            }
            return number
        }

        private static func unknown(_ word: ByteView) -> CommandError {
            CommandError(
                bytes: Array("ERR Unrecognized XCLAIM option '".utf8) + CommandError.shown(word)
                    + [UInt8(ascii: "'")])
        }
    }

    private static func claim(
        _ request: Request, _ key: ByteView, _ stream: StreamTree, _ group: ConsumerGroup,
        _ engine: Engine, _ session: Session, _ reply: ReplyWriter
    ) {
        if request.last > group.last {
            group.last = request.last
            engine.record(
                .setGroup(
                    name: request.group, last: group.last, entriesRead: group.entriesRead),
                of: key, session)
        }
        let start = reply.bytes.count
        var claimed = 0
        for id in request.ids {
            let old = group.find(id)
            guard let entry = stream.find(id) else {
                // What isn't in the stream any more can't be dealt with.
                if old != nil { engine.dropPending(id, request.group, group, key, session) }
                continue
            }
            if old == nil && !request.isForced { continue }
            if let old, request.idle > 0, engine.idle(since: old.time) < request.idle { continue }
            let count = request.count ?? (old?.count ?? 1) &+ (request.wantsIDs ? 0 : 1)
            engine.hand(
                id, to: request.consumer, (request.time, count), request.group, group, key, session)
            if request.wantsIDs { reply.bulk(id) } else { reply.entry(entry) }
            claimed += 1
        }
        reply.array(claimed, before: start)
    }
}

extension Engine {
    /// Milliseconds since a delivery.
    func idle(since time: Int64) -> Int64 {
        let (elapsed, isOver) = milliseconds.subtractingReportingOverflow(time)
        return isOver ? 0 : elapsed
    }

    /// The entry is the consumer's now, which is made where it is absent; recorded. `group` is the live side's.
    func hand(
        _ id: StreamID, to consumer: ByteView, _ delivery: (time: Int64, count: UInt64),
        _ name: ByteView, _ group: ConsumerGroup, _ key: ByteView, _ session: Session
    ) {
        seen(consumer, in: group, name, key, session)
        group.deliver(id, time: delivery.time, count: delivery.count, to: consumer, heap)
        group.changeConsumer(consumer, heap) { $0.active = milliseconds }
        record(
            .claim(
                group: name, consumer: consumer, id: id, time: delivery.time,
                count: delivery.count, last: group.last), of: key, session)
    }

    /// The entry, which is not in the stream any more, stops being pending; recorded.
    func dropPending(
        _ id: StreamID, _ name: ByteView, _ group: ConsumerGroup, _ key: ByteView,
        _ session: Session
    ) {
        if group.acknowledge(id, heap) {
            record(.acknowledge(group: name, ids: [id]), of: key, session)
        }
    }
}
