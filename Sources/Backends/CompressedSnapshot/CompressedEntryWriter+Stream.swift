/// Streams in blocks.
///
///     stream    count, entries by rising id, last id, highest deleted id, entries added varint, groups, 0
///     id        milliseconds varint, sequence varint
///     entry     id, count of parts varint, parts: field, value, ...
///     group     1, name, last id, entries read zigzag, consumers, 0
///     consumer  1, name, seen zigzag (ms), active zigzag (ms, -1: never), count varint, pending by rising id
///     pending   id, delivered zigzag (ms), deliveries varint
///
/// Of a group all that is pending is held in memory while it is written: it comes by id and is wanted by consumer.
import Bytes
import Records

extension CompressedEntryWriter {
    func write(_ stream: any FrozenStream) throws {
        let facts = stream.facts
        out.append(varint: facts.length)
        try stream.forEachEntry { id, fields in
            append(id)
            out.append(varint: fields.count)
            for part in fields { try put(part) }
        }
        append(facts.last)
        append(facts.maximumDeleted)
        out.append(varint: facts.entriesAdded)
        try stream.forEachGroup { try write($0) }
        out.append(0)
    }

    private func append(_ id: StreamID) {
        out.append(varint: id.milliseconds)
        out.append(varint: id.sequence)
    }

    private func write(_ group: any FrozenStreamGroup) throws {
        out.append(1)
        try put(group.name)
        append(group.last)
        out.append(zigzag: group.entriesRead)
        var owned: [[UInt8]: [(id: StreamID, time: Int64, count: UInt64)]] = [:]
        try group.forEachPending {
            owned[$0.consumer.array, default: []].append(($0.id, $0.time, $0.count))
        }
        try group.forEachConsumer { consumer in
            out.append(1)
            try put(consumer.name)
            out.append(zigzag: consumer.seenTime)
            out.append(zigzag: consumer.activeTime)
            let pending = owned[consumer.name.array] ?? []
            out.append(varint: pending.count)
            for entry in pending {
                try settle()
                append(entry.id)
                out.append(zigzag: entry.time)
                out.append(varint: entry.count)
            }
        }
        out.append(0)
    }
}
