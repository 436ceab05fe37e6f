/// Streams out of blocks; CompressedEntryWriter+Stream.swift has their bytes.
import Bytes
import Records

extension CompressedEntryReader {
    private func id() throws -> StreamID { StreamID(try bytes.varint(), try bytes.varint()) }

    func readStream(_ sink: any ValueSink) throws {
        try sink.beginStream()
        var facts = StreamFacts(
            length: try bytes.count(), last: .minimum, first: .minimum, maximumDeleted: .minimum,
            entriesAdded: 0)
        var highest = StreamID.minimum
        for number in 0..<facts.length {
            let id = try readEntry(sink, above: highest)
            if number == 0 { facts.first = id }
            highest = id
        }
        facts.last = try id()
        facts.maximumDeleted = try id()
        facts.entriesAdded = try bytes.varint()
        if facts.last < highest {
            throw bytes.damaged("a stream whose last id is lower than that of its last entry")
        }
        try sink.streamFacts(facts)
        while try isThere() { try readGroup(sink) }
    }

    private func readEntry(_ sink: any ValueSink, above last: StreamID) throws -> StreamID {
        let id = try id()
        if id <= last { throw bytes.damaged("an entry whose id is not above the one before") }
        let count = try bytes.count()
        if count == 0 || count % 2 != 0 {
            throw bytes.damaged("an entry needs fields, each with its value")
        }
        parts.removeAll(keepingUpTo: 1 << 20)
        places.removeAll(keepingCapacity: true)
        for _ in 0..<count {
            let start = parts.count
            parts.append(try bytes.bytes(second))
            places.append(start..<parts.count)
        }
        let all = parts.view
        try places.map { all[$0] }.withByteViews { try sink.entry(id, fields: $0) }
        return id
    }

    private func readGroup(_ sink: any ValueSink) throws {
        let name = try bytes.bytes(second)
        if try !sink.beginGroup(name, last: try id(), entriesRead: try bytes.zigzag()) {
            throw twice("a group")
        }
        while try isThere() {
            let name = try bytes.bytes(second)
            let isNew = try sink.consumer(
                name, seenTime: try bytes.zigzag(), activeTime: try bytes.zigzag())
            if !isNew { throw twice("a consumer") }
            var last: StreamID?
            let pending = try bytes.count()
            for _ in 0..<pending {
                try bytes.settle()
                let id = try id()
                if let last, id <= last {
                    throw bytes.damaged("a pending id that is not above the one before")
                }
                last = id
                try sink.pending(id, time: try bytes.zigzag(), count: try bytes.varint())
            }
        }
    }
}
