/// XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]
/// XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]
///
/// Hands out the entries behind an id (`$`: the last one) of some streams, or waits for some. A group remembers what
/// it was given: with `>` its consumer gets what nobody got yet, with an id what is pending for it already.
/// O(n) for n entries. Replies the streams that have something; nil where none has. Errors: options, ids, NOGROUP,
/// WRONGTYPE.
import Bytes
import RESP
import Records

enum XReadCommand {
    private static let complexity =
        "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data."
    private static let groupComplexity =
        "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data."

    static var xread: CommandSpec {
        CommandSpec(
            "xread", arity: -4, [.readonly, .blocking, .movablekeys],
            keys: [.behind("STREAMS", ["RO", "access"], from: 1, limit: 2)], group: .stream,
            since: "5.0.0",
            summary:
                "Return never seen elements in multiple streams, with IDs greater than the ones reported by the caller for each stream. Can block.",
            complexity: complexity,
            syntax:
                "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, ofGroup: false)
        }
    }

    static var xreadgroup: CommandSpec {
        CommandSpec(
            "xreadgroup", arity: -7, [.write, .blocking, .movablekeys],
            keys: [.behind("STREAMS", ["RO", "access"], from: 4, limit: 2)], group: .stream,
            since: "5.0.0",
            summary:
                "Return new entries from a stream using a consumer group, or access the history of the pending entries for a given consumer. Can block.",
            complexity: groupComplexity,
            syntax:
                "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            try run(engine, session, arguments, reply, ofGroup: true)
        }
    }

    private static func run(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter,
        ofGroup: Bool
    ) throws(CommandError) {
        let request = try StreamReadRequest(arguments, ofGroup: ofGroup)
        var places: [StreamReadRequest.Place] = []
        for index in 0..<request.keys.count {
            let stream = try engine.locateStreamRead(request.keys[index], session).map {
                StreamValue($0.entry).tree
            }
            places.append(try request.place(index, stream, engine))
        }
        let start = reply.bytes.count
        var served = 0
        for index in 0..<places.count {
            guard let position = try engine.locateStreamRead(request.keys[index], session) else {
                continue
            }
            let isServed = engine.serve(
                request, request.keys[index], places[index], at: position, session, reply)
            if isServed { served += 1 }
        }
        if served > 0 {
            reply.streams(served, before: start)
        } else if let timeout = request.timeout, engine.mayBlock(session) {
            wait(engine, session, arguments, places, timeout, ofGroup)
        } else {
            reply.nullArray()
        }
    }

    private static func wait(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews,
        _ places: [StreamReadRequest.Place], _ timeout: Int64, _ ofGroup: Bool
    ) {
        guard let keys = try? StreamReadRequest(arguments, ofGroup: ofGroup).keys else {
            // They were read a moment ago: they can be read.
            return
        }
        engine.block(session, on: Array(keys), timeout: timeout, arguments) {
            (engine, session, arguments, reply) throws(CommandError) in
            let request = try StreamReadRequest(arguments, ofGroup: ofGroup)
            return try serveWaiting(engine, session, request, places, reply)
        } giveUp: {
            $0.nullArray()
        }
    }

    /// Serves a client that waits from the stream that has become ready, and from no other.
    private static func serveWaiting(
        _ engine: Engine, _ session: Session, _ request: StreamReadRequest,
        _ places: [StreamReadRequest.Place], _ reply: ReplyWriter
    ) throws(CommandError) -> Bool {
        guard let ready = engine.blocked.serving else { return false }
        let index = ready.key.withByteView { key in
            (0..<request.keys.count).first { request.keys[$0] == key }
        }
        guard let index else { return false }
        let key = request.keys[index]
        let position = engine.locate(key, session)
        guard let position, position.entry.kind == .stream else {
            if request.reader == nil { return false }
            throw CommandError("UNBLOCKED the stream key no longer exists")
        }
        let stream = StreamValue(position.entry).tree
        var place = places[index]
        if let reader = request.reader {
            guard let group = stream.group(reader.group, engine.heap) else {
                throw CommandError(
                    "NOGROUP the consumer group this client was blocked on no longer exists")
            }
            if stream.last <= group.last { return false }
            place = .new
        } else if case .after(let id) = place, stream.last <= id {
            return false
        }
        let start = reply.bytes.count
        engine.deliver(request, key, place, at: position, session, reply)
        reply.streams(1, before: start)
        return true
    }
}

extension ReplyWriter {
    /// The head of the reply of XREAD, whose streams were written from `start` on.
    func streams(_ count: Int, before start: Int) {
        let head = Array((version == 3 ? "%\(count)\r\n" : "*\(count)\r\n").utf8)
        head.withByteView { bytes.insert($0, at: start) }
    }

    /// A stream's name in such a reply, before its entries.
    func streamName(_ key: ByteView) {
        if version != 3 { array(2) }
        bulk(key)
    }
}
