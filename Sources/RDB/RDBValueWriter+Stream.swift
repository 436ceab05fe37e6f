/// Streams, as version 1 of their layout (15), 2 (19), or 3 (21); the drawing stands at the reader.
///
/// A node is cut where it has `streamNodeEntries` entries or would pass `streamNodeBytes`; its first entry's
/// fields become the node's own, and entries with the same fields leave them out.
import Bytes
import Records

extension RDBValueWriter {
    func writeStream(_ stream: any FrozenStream) throws {
        var nodes = 0
        var cut = NodeCut()
        try stream.forEachEntry { _, fields in
            if cut.begins(fields, limits) { nodes += 1 }
        }
        output.append(count: nodes)
        try writeNodes(stream)
        writeFacts(stream.facts)
        var groups = 0
        try stream.forEachGroup { _ in groups += 1 }
        output.append(count: groups)
        try stream.forEachGroup { try writeGroup($0) }
    }

    /// Decides where nodes begin, the same in every walk over the same entries.
    private struct NodeCut {
        private var entries = 0
        private var bytes = 0

        /// Counts an entry; answers whether it begins a node.
        mutating func begins(_ fields: ByteViews, _ limits: RDBPackingLimits) -> Bool {
            let size = fields.reduce(0) { $0 + $1.count }
            if entries > 0 && entries < limits.streamNodeEntries
                && bytes + size <= limits.streamNodeBytes
            {
                entries += 1
                bytes += size
                return false
            }
            entries = 1
            bytes = size
            return true
        }
    }

    /// The entries of one node, until it is written.
    private struct PendingEntry {
        let id: StreamID
        let fields: [[UInt8]]
    }

    private func writeNodes(_ stream: any FrozenStream) throws {
        var cut = NodeCut()
        var node: [PendingEntry] = []
        try stream.forEachEntry { id, fields in
            if cut.begins(fields, limits) && !node.isEmpty {
                try writeNode(node)
                node.removeAll(keepingCapacity: true)
            }
            node.append(PendingEntry(id: id, fields: fields.arrays))
        }
        if !node.isEmpty { try writeNode(node) }
    }

    private func writeNode(_ entries: [PendingEntry]) throws {
        guard let first = entries.first else { return }
        let names = stride(from: 0, to: first.fields.count, by: 2).map { first.fields[$0] }
        output.append(length: 16)
        output.append(milliseconds: first.id.milliseconds, sequence: first.id.sequence)
        pack.append(Int64(entries.count))
        pack.append(0 as Int64)
        pack.append(Int64(names.count))
        for name in names { name.withByteView { pack.append($0) } }
        pack.append(0 as Int64)
        for entry in entries { append(entry, names, first.id) }
        try writePack()
    }

    private func append(_ entry: PendingEntry, _ names: [[UInt8]], _ master: StreamID) {
        let fields = entry.fields
        let isSame =
            fields.count == 2 * names.count
            && names.indices.allSatisfy { fields[2 * $0] == names[$0] }
        pack.append(isSame ? 2 : 0 as Int64)
        pack.append(Int64(bitPattern: entry.id.milliseconds &- master.milliseconds))
        pack.append(Int64(bitPattern: entry.id.sequence &- master.sequence))
        if isSame {
            for index in names.indices { fields[2 * index + 1].withByteView { pack.append($0) } }
            pack.append(Int64(names.count + 3))
        } else {
            pack.append(Int64(fields.count / 2))
            for text in fields { text.withByteView { pack.append($0) } }
            pack.append(Int64(fields.count + 4))
        }
    }

    private func append(_ id: StreamID) {
        output.append(length: id.milliseconds)
        output.append(length: id.sequence)
    }

    private func writeFacts(_ facts: StreamFacts) {
        output.append(count: facts.length)
        append(facts.last)
        if version < RDBVersion.written { return }
        append(facts.first)
        append(facts.maximumDeleted)
        output.append(length: facts.entriesAdded)
    }

    private func writeGroup(_ group: any FrozenStreamGroup) throws {
        output.append(blob: group.name)
        append(group.last)
        if version >= RDBVersion.written {
            output.append(length: UInt64(bitPattern: group.entriesRead))
        }
        output.append(count: group.pendingCount)
        /// Whose entries are pending: the consumers list theirs behind.
        var owned: [[UInt8]: [StreamID]] = [:]
        try group.forEachPending { pending in
            output.append(milliseconds: pending.id.milliseconds, sequence: pending.id.sequence)
            output.append(littleEndian: pending.time)
            output.append(length: pending.count)
            owned[pending.consumer.array, default: []].append(pending.id)
            try output.settle()
        }
        var consumers = 0
        try group.forEachConsumer { _ in consumers += 1 }
        output.append(count: consumers)
        try group.forEachConsumer { consumer in
            output.append(blob: consumer.name)
            output.append(littleEndian: consumer.seenTime)
            if version >= 11 { output.append(littleEndian: consumer.activeTime) }
            let ids = owned[consumer.name.array] ?? []
            output.append(count: ids.count)
            for id in ids {
                output.append(milliseconds: id.milliseconds, sequence: id.sequence)
                try output.settle()
            }
        }
    }
}
