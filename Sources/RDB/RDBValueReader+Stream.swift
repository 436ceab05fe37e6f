/// Streams: nodes of entries, figures, groups.
///
///     nodes: count, (16-byte id, listpack)*
///     figures: length, last id; version 2: first id, highest deleted id, entries ever added
///     groups: count, (name, last id, version 2: entries read, pending, consumers)*
///     pending: count, (16-byte id, time, deliveries)*
///     consumers: count, (name, time seen, version 3: time active, count, 16-byte ids)*
///
///     a node's listpack: live, deleted, fields, (field)*, 0, entry*
///     an entry: flags, ms and sequence after the node's id, then by flag 2 the node's fields' values, or
///     a count, fields and values; at last how many pieces it had, the count itself left out
///
/// The group lists its pending entries without owners and each consumer those it owns by id; both must
/// agree to the entry, and an entry is handed out with its owner.
import Bytes
import Records

extension RDBValueReader {
    private static let deletedFlag: Int64 = 1
    private static let sameFieldsFlag: Int64 = 2
    /// A node's field names count as often as entries use them; so much more than the blob is allowed.
    private static let freeRepetition = 64 << 20
    private static let repetitionRatio = 256

    func readStream(_ sink: any ValueSink, version: Int) throws -> Int {
        try sink.beginStream()
        var walk = EntryWalk()
        for _ in 0..<(try input.readCount()) {
            input.mark()
            let id = try input.readText()
            let blob = try input.readText()
            try readNode(input.view(id), input.view(blob), &walk, sink)
        }
        input.mark()
        try sink.streamFacts(try readFacts(walk, version))
        for _ in 0..<(try input.readCount()) { try readGroup(sink, version) }
        return 1
    }

    /// What was seen of the entries so far.
    private struct EntryWalk {
        var length = 0
        var first = StreamID.minimum
        var last = StreamID.minimum
    }

    private func readNode(
        _ key: ByteView, _ blob: ByteView, _ walk: inout EntryWalk, _ sink: any ValueSink
    ) throws {
        guard key.count == 16 else { throw RDBError.corrupt("a stream's node has no id") }
        var node = NodeReader(
            listpack: try ListpackReader(blob),
            master: StreamID(key.bigEndian64(0), key.bigEndian64(8)))
        let live = try node.count()
        let deleted = try node.count()
        let fields = try readMasterFields(&node)
        let (entries, overflow) = live.addingReportingOverflow(deleted)
        if overflow { throw RDBError.corrupt("a stream's node counts beyond all bounds") }
        var deletedFound = 0
        var repeated = 0
        for _ in 0..<entries {
            let flags = try node.integer()
            let id = try node.id()
            collector.removeAll()
            if flags & Self.sameFieldsFlag != 0 {
                let names = masterFields.views
                for name in names {
                    collector.append(name)
                    collector.append(try node.element())
                    repeated += name.count
                }
                guard repeated - Self.freeRepetition < blob.count * Self.repetitionRatio else {
                    throw RDBError(.tooLarge, "a stream's node repeats its fields too often")
                }
                try node.checkPieces(fields + 3)
            } else {
                let count = try node.count()
                guard count <= blob.count else { throw NodeReader.wrongCount }
                for _ in 0..<(2 * count) { collector.append(try node.element()) }
                try node.checkPieces(2 * count + 4)
            }
            if flags & Self.deletedFlag != 0 {
                deletedFound += 1
            } else {
                try handEntry(id, &walk, sink)
            }
        }
        guard deletedFound == deleted, try node.listpack.next() == nil else {
            throw RDBError.corrupt("a stream's node doesn't hold what it counts")
        }
    }

    /// Reads the node's own fields, to be used by its entries; answers how many.
    private func readMasterFields(_ node: inout NodeReader) throws -> Int {
        masterFields.removeAll()
        let fields = try node.count()
        for _ in 0..<fields { masterFields.append(try node.element()) }
        guard try node.integer() == 0 else {
            throw RDBError.corrupt("a stream's node doesn't end its fields")
        }
        masterFields.resolve()
        return fields
    }

    private func handEntry(
        _ id: StreamID, _ walk: inout EntryWalk, _ sink: any ValueSink
    ) throws {
        guard id > walk.last else { throw RDBError.corrupt("a stream's ids don't rise") }
        collector.resolve()
        guard !collector.views.isEmpty else {
            throw RDBError.corrupt("a stream's entry has no fields")
        }
        try hand(collector.views.reduce(16) { $0 + $1.count })
        try collector.views.withByteViews { try sink.entry(id, fields: $0) }
        if walk.length == 0 { walk.first = id }
        walk.last = id
        walk.length += 1
    }

    private func readID() throws -> StreamID {
        StreamID(try input.readLength(), try input.readLength())
    }

    private func readFacts(_ walk: EntryWalk, _ version: Int) throws -> StreamFacts {
        var facts = StreamFacts(
            length: try input.readCount(), last: try readID(), first: walk.first,
            maximumDeleted: .minimum, entriesAdded: UInt64(walk.length))
        if version >= 2 {
            _ = try readID()  // The first entry's id, which is known better by now.
            facts.maximumDeleted = try readID()
            facts.entriesAdded = try input.readLength()
        }
        guard facts.length == walk.length, facts.last >= walk.last else {
            throw RDBError.corrupt("a stream's length or last id is wrong")
        }
        return facts
    }
}

/// Reads what a node's listpack holds, in the terms of streams.
private struct NodeReader {
    var listpack: ListpackReader
    let master: StreamID

    static let wrongCount = RDBError.corrupt("a stream's node has a wrong count")

    mutating func element() throws(RDBError) -> PackedElement {
        guard let element = try listpack.next() else {
            throw .corrupt("a stream's node ends too early")
        }
        return element
    }

    mutating func integer() throws(RDBError) -> Int64 {
        guard let value = try element().asInteger else {
            throw .corrupt("a stream's node has a text where a number belongs")
        }
        return value
    }

    mutating func count() throws(RDBError) -> Int {
        let value = try integer()
        guard value >= 0 else { throw Self.wrongCount }
        return Int(value)
    }

    /// The id of an entry: differences to the node's, which may wrap in the sequence.
    mutating func id() throws(RDBError) -> StreamID {
        let milliseconds = master.milliseconds &+ UInt64(bitPattern: try integer())
        return StreamID(milliseconds, master.sequence &+ UInt64(bitPattern: try integer()))
    }

    mutating func checkPieces(_ pieces: Int) throws(RDBError) {
        guard try count() == pieces else { throw Self.wrongCount }
    }
}

/// Groups.
extension RDBValueReader {
    /// A pending entry of a group, before its owner is known.
    private struct Delivery {
        let id: StreamID
        let time: Int64
        let count: UInt64
        var isOwned = false
    }

    private func readGroup(_ sink: any ValueSink, _ version: Int) throws {
        input.mark()
        let name = try input.readText()
        let last = try readID()
        let entriesRead = version >= 2 ? Int64(bitPattern: try input.readLength()) : -1
        try hand(name.count)
        guard try sink.beginGroup(input.view(name), last: last, entriesRead: entriesRead) else {
            throw RDBError.corrupt("a stream has two groups of one name")
        }
        var deliveries = try readDeliveries()
        var owned = 0
        for _ in 0..<(try input.readCount()) {
            input.mark()
            let name = try input.readText()
            let seen = try input.readTime()
            let active = version >= 3 ? try input.readTime() : seen
            try hand(name.count)
            guard try sink.consumer(input.view(name), seenTime: seen, activeTime: active) else {
                throw RDBError.corrupt("a group has two consumers of one name")
            }
            owned += try readOwned(&deliveries, sink)
        }
        guard owned == deliveries.count else {
            throw RDBError.corrupt("a pending entry belongs to no consumer")
        }
    }

    /// The group's pending entries, by rising id.
    private func readDeliveries() throws -> [Delivery] {
        var deliveries: [Delivery] = []
        var isSorted = true
        for _ in 0..<(try input.readCount()) {
            input.mark()
            let (milliseconds, sequence) = try input.readStreamID()
            let id = StreamID(milliseconds, sequence)
            let delivery = Delivery(
                id: id, time: try input.readTime(), count: try input.readLength())
            if let last = deliveries.last, last.id >= id { isSorted = false }
            deliveries.append(delivery)
        }
        if isSorted { return deliveries }
        deliveries.sort { $0.id < $1.id }
        for (one, other) in zip(deliveries, deliveries.dropFirst()) where one.id == other.id {
            throw RDBError.corrupt("an entry is pending twice in a group")
        }
        return deliveries
    }

    /// Hands out the pending entries of one consumer; answers how many.
    private func readOwned(
        _ deliveries: inout [Delivery], _ sink: any ValueSink
    ) throws -> Int {
        let count = try input.readCount()
        for _ in 0..<count {
            input.mark()
            let (milliseconds, sequence) = try input.readStreamID()
            let id = StreamID(milliseconds, sequence)
            var low = 0
            var high = deliveries.count
            while low < high {
                let middle = (low + high) / 2
                if deliveries[middle].id < id { low = middle + 1 } else { high = middle }
            }
            guard low < deliveries.count, deliveries[low].id == id, !deliveries[low].isOwned
            else {
                throw RDBError.corrupt("a consumer owns what is not pending, or not its own")
            }
            deliveries[low].isOwned = true
            try sink.pending(id, time: deliveries[low].time, count: deliveries[low].count)
        }
        return count
    }
}
