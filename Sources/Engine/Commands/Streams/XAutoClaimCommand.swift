/// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
///
/// Walks what is pending from an id on and hands what was idle for so long to a consumer; entries that are not in the
/// stream any more stop being pending. O(1) if the count is small: at most ten times as many entries are looked at.
/// Replies where to go on (0-0: the end was reached), the entries or their ids, and the ids that are gone. Errors:
/// NOGROUP, options, WRONGTYPE.
import Bytes
import RESP
import Records

enum XAutoClaimCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xautoclaim", arity: -6, [.write, .fast], keys: [KeySpec(["RW", "delete"])],
            group: .stream, since: "6.2.0",
            summary:
                "Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to the specified consumer.",
            complexity: "O(1) if COUNT is small.",
            syntax: "key group consumer min-idle-time start [COUNT count] [JUSTID]",
            tips: CommandTips.varies
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            if engine.locate(key, session) == nil { engine.noteMiss(key, session.database) }
            let request = try Request(arguments)
            guard let position = try engine.locateStream(key, session),
                StreamValue(position.entry).tree.group(request.group, engine.heap) != nil
            else { throw .noGroup(key, request.group) }
            if request.count > maximumMemory {
                throw CommandError(
                    "ERR Insufficient memory, failed allocating transient memory, COUNT too high.")
            }
            engine.changeStream(at: position, session) { stream in
                _ = stream.changeGroup(request.group, engine.heap) { group in
                    claim(request, key, stream, group, engine, session, reply)
                }
            }
        }
    }

    /// More than so many ids can't be counted in bytes.
    private static let maximumCount = Int64.max / 16
    /// More than so many don't fit into the memory of any machine, where Redis sets it aside at once.
    private static let maximumMemory = Int64(1) << 43
    private static let looksPerEntry: Int64 = 10

    private struct Request {
        let group: ByteView
        let consumer: ByteView
        let idle: Int64
        let start: StreamID
        var count: Int64 = 100
        var wantsIDs = false

        init(_ arguments: ByteViews) throws(CommandError) {
            group = arguments[2]
            consumer = arguments[3]
            guard let number = Decimal.parse(arguments[4]) else {
                throw CommandError("ERR Invalid min-idle-time argument for XAUTOCLAIM")
            }
            idle = max(0, number)
            start = try StreamIDText.start(arguments[5])
            var place = 6
            while place < arguments.count {
                if arguments[place].equalsIgnoringCase("count"), place + 1 < arguments.count {
                    guard let number = Decimal.parse(arguments[place + 1]), number > 0,
                        number <= maximumCount
                    else { throw CommandError("ERR COUNT must be > 0") }
                    count = number
                    place += 2
                } else if arguments[place].equalsIgnoringCase("justid") {
                    wantsIDs = true
                    place += 1
                } else {
                    throw .syntax
                }
            }
        }
    }

    private static func claim(
        _ request: Request, _ key: ByteView, _ stream: StreamTree, _ group: ConsumerGroup,
        _ engine: Engine, _ session: Session, _ reply: ReplyWriter
    ) {
        let start = reply.bytes.count
        var looks = request.count * looksPerEntry
        var left = request.count
        var next: StreamID? = request.start
        var claimed = 0
        var gone: [StreamID] = []
        while looks > 0, left > 0, let place = group.first(from: next) {
            looks -= 1
            next = place.id.next
            guard let entry = stream.find(place.id) else {
                engine.dropPending(place.id, request.group, group, key, session)
                gone.append(place.id)
                left -= 1
                continue
            }
            if request.idle > 0, engine.idle(since: place.time) < request.idle { continue }
            let count = place.count &+ (request.wantsIDs ? 0 : 1)
            engine.hand(
                place.id, to: request.consumer, (engine.milliseconds, count), request.group,
                group, key, session)
            if request.wantsIDs { reply.bulk(place.id) } else { reply.entry(entry) }
            claimed += 1
            left -= 1
        }
        reply.array(claimed, before: start)
        // The head and the cursor stand before the entries.
        let head = ReplyWriter(capacity: 64)
        head.array(3)
        head.bulk(group.first(from: next)?.id ?? .minimum)
        reply.bytes.insert(head.bytes.view, at: start)
        reply.array(gone.count)
        for id in gone { reply.bulk(id) }
    }
}

extension ConsumerGroup {
    /// What is pending first from `id` on (nil: from behind the highest id on).
    func first(from id: StreamID?) -> PendingPlace? {
        guard let id else { return nil }
        var found: PendingPlace?
        forEachPending(from: id) {
            found = $0
            return false
        }
        return found
    }
}
