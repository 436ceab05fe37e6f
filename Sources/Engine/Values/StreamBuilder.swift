/// Builds a stream beside the databases from the parts that a dump has: nodes, figures, groups, consumers, what is
/// pending. Every part is checked; one that is wrong changes nothing and is answered with false.
import Bytes
import Records

extension ValueBuilder {
    /// The stream, which begins empty.
    private func withStream<R>(_ body: (StreamTree) -> R) -> R {
        let position =
            position
            ?? {
                let header = StreamTree.make(heap)
                let nested = unsafe Nested(raw: header.raw)
                table.bytes += nested.bytes
                return insert(kind: .stream, nested: nested)
            }()
        return table.changeNested(position, heap) { unsafe body(StreamTree(raw: $0.raw)) }
    }

    /// The value is a stream, perhaps an empty one.
    func stream() { withStream { _ in } }

    /// Adds a node behind the last one; `pack` is a listpack of entries.
    func streamNode(_ id: StreamID, _ pack: ByteView) -> Bool {
        guard pack.count <= StreamNode.maximumBytes + 4096,
            let node = StreamPack(pack, id: id), node.isSound(), node.live > 0
        else { return false }
        return withStream { stream in
            if let last = stream.lastNode, last.pack.lastID >= id { return false }
            stream.append(id, pack, live: node.live, heap)
            return true
        }
    }

    /// Sets the figures, which must fit the nodes.
    func streamFacts(_ facts: StreamFacts) -> Bool {
        withStream { stream in
            guard facts.length == stream.length else { return false }
            stream.settleFirst()
            stream.last = facts.last
            stream.maximumDeleted = facts.maximumDeleted
            stream.entriesAdded = facts.entriesAdded
            return true
        }
    }

    /// A group begins.
    func streamGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool {
        withStream { stream in
            if stream.group(name, heap) != nil { return false }
            stream.createGroup(name, last: last, entriesRead: entriesRead, heap)
            return true
        }
    }

    /// A consumer of a group begins.
    func streamConsumer(
        _ name: ByteView, of group: ByteView, seen: Int64, active: Int64
    ) -> Bool {
        withStream { stream in
            stream.changeGroup(group, heap) { group in
                if group.consumer(name, heap) != nil { return false }
                group.createConsumer(name, now: seen, heap)
                group.changeConsumer(name, heap) { $0.active = active }
                return true
            } ?? false
        }
    }

    /// An entry is pending for a consumer of a group.
    func streamPending(
        _ id: StreamID, of group: ByteView, _ consumer: ByteView, time: Int64, count: UInt64
    ) -> Bool {
        withStream { stream in
            stream.changeGroup(group, heap) { group in
                if group.consumer(consumer, heap) == nil || group.find(id) != nil { return false }
                group.deliver(id, time: time, count: count, to: consumer, heap)
                return true
            } ?? false
        }
    }
}

extension StreamTree {
    /// The place of the last node.
    var lastNode: StreamNodePlace? {
        var path = tree.endPath()
        return tree.previous(&path) ? tree.element(path) : nil
    }

    /// Puts a node behind the last one.
    func append(_ id: StreamID, _ pack: ByteView, live: Int, _ heap: Heap) {
        let node = StreamNode.make(pack, capacity: pack.count + StreamNode.slack, heap)
        tree.account(node.allocatedBytes, heap)
        var path = tree.endPath()
        tree.insert(StreamNodePlace(id, node, count: live), at: &path, heap)
    }
}

extension StreamValue {
    /// Hands every node to `visit`: its id and its listpack, as a dump has them.
    func forEachNode<E: Error>(
        _ visit: (_ id: StreamID, _ pack: ByteView) throws(E) -> Void
    ) throws(E) {
        try tree.tree.forEach { (place) throws(E) in
            try visit(place.id, StreamNode(place).bytes)
        }
    }
}
