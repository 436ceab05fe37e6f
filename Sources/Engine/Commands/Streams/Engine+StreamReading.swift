/// How XREAD and XREADGROUP hand out entries, and what a group remembers of it.
import Bytes
import RESP
import Records

extension Engine {
    /// Hands out what a reader of the stream at `position` is to get now, its name before; false where that is
    /// nothing, which only the history of a consumer may be.
    func serve(
        _ request: StreamReadRequest, _ key: ByteView, _ place: StreamReadRequest.Place,
        at position: Position, _ session: Session, _ reply: ReplyWriter
    ) -> Bool {
        let stream = StreamValue(position.entry).tree
        let isHistory: Bool
        var least = StreamID.minimum
        switch place {
        case .after(let id):
            isHistory = request.reader != nil
            least = id
        case .new:
            isHistory = false
            if let reader = request.reader {
                least = stream.group(reader.group, heap)?.last ?? .maximum
            }
        }
        if !isHistory {
            var cursor = stream.cursor(reversed: true)
            guard stream.length > 0, let top = cursor.next(), top.id > least else { return false }
        }
        deliver(request, key, place, at: position, session, reply)
        return true
    }

    /// Hands out what there is, perhaps nothing.
    func deliver(
        _ request: StreamReadRequest, _ key: ByteView, _ place: StreamReadRequest.Place,
        at position: Position, _ session: Session, _ reply: ReplyWriter
    ) {
        stampAccess(position.entry)
        reply.streamName(key)
        guard let reader = request.reader else {
            guard case .after(let id) = place, let start = id.next else {
                reply.array(0)
                return
            }
            let stream = StreamValue(position.entry).tree
            reply.entries(stream.cursor(from: start), limit: request.count)
            return
        }
        changeStream(at: position, session) { stream in
            _ = stream.changeGroup(reader.group, heap) { group in
                self.seen(reader.consumer, in: group, reader.group, key, session)
                switch place {
                case .new: self.deliverNew(request, reader, key, stream, group, session, reply)
                case .after(let id):
                    self.deliverHistory(
                        id, request, reader, key, stream, group, session, reply)
                }
            }
        }
    }

    /// The consumer is there; it is made where it is absent.
    func seen(
        _ consumer: ByteView, in group: ConsumerGroup, _ name: ByteView, _ key: ByteView,
        _ session: Session
    ) {
        if group.consumer(consumer, heap) == nil {
            group.createConsumer(consumer, now: milliseconds, heap)
            notify(.stream, "xgroup-createconsumer", key, session.database)
            record(.createConsumer(group: name, name: consumer), of: key, session)
        } else {
            group.changeConsumer(consumer, heap) { $0.seen = milliseconds }
        }
    }

    private func deliverNew(
        _ request: StreamReadRequest, _ reader: StreamReadRequest.Reader, _ key: ByteView,
        _ stream: StreamTree, _ group: ConsumerGroup, _ session: Session, _ reply: ReplyWriter
    ) {
        guard let start = group.last.next else {
            reply.array(0)
            return
        }
        let time = milliseconds
        let before = (group.last, group.entriesRead)
        reply.entries(stream.cursor(from: start), limit: request.count) { id in
            group.entriesRead = stream.entriesRead(after: id, before: group.entriesRead)
            group.last = id
            if request.isAcknowledged { return }
            group.deliver(id, time: time, count: 1, to: reader.consumer, heap)
            record(
                .claim(
                    group: reader.group, consumer: reader.consumer, id: id, time: time, count: 1,
                    last: id), of: key, session)
        }
        if group.last == before.0 { return }
        group.changeConsumer(reader.consumer, heap) { $0.active = time }
        // The claims bring the last id along, but not what was read.
        if request.isAcknowledged || group.entriesRead != before.1 {
            record(
                .setGroup(
                    name: reader.group, last: group.last, entriesRead: group.entriesRead),
                of: key, session)
        }
    }

    private func deliverHistory(
        _ least: StreamID, _ request: StreamReadRequest, _ reader: StreamReadRequest.Reader,
        _ key: ByteView, _ stream: StreamTree, _ group: ConsumerGroup, _ session: Session,
        _ reply: ReplyWriter
    ) {
        let start = reply.bytes.count
        let time = milliseconds
        var count = 0
        var after = least
        while request.count < 0 || count < request.count {
            // A look for each: delivering again changes what is walked.
            var next: StreamID?
            group.consumer(reader.consumer, heap)?.forEachID(after: after) {
                next = $0
                return false
            }
            guard let id = next, let pending = group.find(id) else { break }
            after = id
            count += 1
            guard let entry = stream.find(id) else {
                reply.array(2)
                reply.bulk(id)
                reply.nullArray()
                continue
            }
            reply.entry(entry)
            let times = pending.count &+ 1
            group.deliver(id, time: time, count: times, to: reader.consumer, heap)
            record(
                .claim(
                    group: reader.group, consumer: reader.consumer, id: id, time: time,
                    count: times, last: group.last), of: key, session)
        }
        reply.array(count, before: start)
    }
}
