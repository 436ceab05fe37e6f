/// How a stream changes: entries are added behind the last, marked as deleted, or trimmed with their nodes.
///
/// The header is the live side's own; a node that a view may see is copied once. Where nodes end, which of them
/// a trim takes whole and which it leaves is Redis's rule for rule, so that an approximate trim takes the same.
import Bytes
import Records

/// Until when the oldest entries go.
enum StreamTrim {
    /// At most so many entries are left.
    case length(Int)
    /// No entry is older.
    case id(StreamID)
}

extension StreamTree {
    // MARK: Adding

    /// Adds an entry whose id is above the last one's.
    func append(
        _ id: StreamID, _ fields: ByteViews, _ limits: CollectionLimits, _ scratch: ByteWriter,
        _ heap: Heap
    ) {
        var path = tree.endPath()
        if tree.previous(&path), add(id, fields, &path, limits, scratch, heap) {
            finishAppend(id)
            return
        }
        // A new node, whose master entry has the names of its first entry.
        let names = fields.count / 2
        ListPack.begin(scratch)
        for number in [1, 0, names] { ListPack.append(Int64(number), to: scratch) }
        for index in 0..<names { ListPack.append(fields[index * 2], to: scratch) }
        ListPack.append(0, to: scratch)
        for number in [StreamEntry.uniform, 0, 0] { ListPack.append(number, to: scratch) }
        for index in 0..<names { ListPack.append(fields[index * 2 + 1], to: scratch) }
        ListPack.append(Int64(names + 3), to: scratch)
        ListPack.finish(scratch, elements: names * 2 + 8)
        let node = StreamNode.make(
            scratch.view, capacity: scratch.count + StreamNode.slack, heap)
        tree.account(node.allocatedBytes, heap)
        path = tree.endPath()
        tree.insert(StreamNodePlace(id, node, count: 1), at: &path, heap)
        finishAppend(id)
    }

    private func finishAppend(_ id: StreamID) {
        last = id
        if length == 1 { first = id }
        entriesAdded &+= 1
    }

    /// Adds the entry to the node at `path`; false where it is full.
    private func add(
        _ id: StreamID, _ fields: ByteViews, _ path: inout TreePath, _ limits: CollectionLimits,
        _ scratch: ByteWriter, _ heap: Heap
    ) -> Bool {
        let place = tree.element(path)
        let old = StreamNode(place)
        let pack = old.pack(place.id)
        var size = 0
        for field in fields { size += field.count }
        let configured = limits.streamNodeBytes
        let most =
            configured <= 0 || configured > StreamNode.maximumBytes
            ? StreamNode.maximumBytes : configured
        let isFull =
            pack.bytes.count + size >= most
            || limits.streamNodeEntries > 0
                && pack.live + pack.deleted >= limits.streamNodeEntries
        if isFull {
            close(old, &path, heap)
            return false
        }
        let isUniform = Self.hasNames(fields, of: pack)
        scratch.removeAll()
        ListPack.append(isUniform ? StreamEntry.uniform : 0, to: scratch)
        let ms = id.milliseconds &- place.id.milliseconds
        let seq = id.sequence &- place.id.sequence
        ListPack.append(Int64(bitPattern: ms), to: scratch)
        ListPack.append(Int64(bitPattern: seq), to: scratch)
        if !isUniform { ListPack.append(Int64(fields.count / 2), to: scratch) }
        for index in 0..<fields.count where !isUniform || index & 1 == 1 {
            ListPack.append(fields[index], to: scratch)
        }
        let pieces = isUniform ? fields.count / 2 + 3 : fields.count + 4
        ListPack.append(Int64(pieces), to: scratch)
        let need = pack.bytes.count + scratch.count + StreamNode.slack
        let node = own(old, room: need, most: most, heap)
        node.append(scratch.view, elements: pieces + 1, live: pack.live + 1, scratch)
        tree.set(StreamNodePlace(place.id, node, count: place.count + 1), at: &path, heap)
        return true
    }

    private static func hasNames(_ fields: ByteViews, of pack: StreamPack) -> Bool {
        guard pack.nameCount == fields.count / 2 else { return false }
        var place = pack.namesAt
        for index in 0..<pack.nameCount {
            guard let (name, next) = ListPack.element(pack.bytes, at: place),
                name.isSpelled(fields[index * 2])
            else { return false }
            place = next
        }
        return true
    }

    /// The node with room for a pack of `room` bytes, the live side's own; the tree still names the old one.
    private func own(_ node: StreamNode, room: Int, most: Int, _ heap: Heap) -> StreamNode {
        let isPrivate = node.birth > heap.newestView
        if isPrivate && node.capacity >= room { return node }
        let doubled = node.capacity < room ? node.capacity * 2 : node.capacity
        let capacity = max(room, min(doubled, most + StreamNode.slack))
        return replace(node, capacity: capacity, heap)
    }

    /// A copy of the node with this capacity; the old one is let go.
    private func replace(_ node: StreamNode, capacity: Int, _ heap: Heap) -> StreamNode {
        let isPrivate = node.birth > heap.newestView
        let copy = StreamNode.make(node.bytes, capacity: capacity, heap)
        tree.account(copy.allocatedBytes, heap)
        if !isPrivate { heap.copiedBytes += copy.allocatedBytes }
        retire(node, isPrivate: isPrivate, heap)
        return copy
    }

    private func retire(_ node: StreamNode, isPrivate: Bool, _ heap: Heap) {
        let bytes = node.allocatedBytes
        tree.bytes -= bytes
        unsafe heap.retire(.node(node.raw), bytes: bytes, isPrivate: isPrivate)
    }

    /// Nothing more comes into the node: the room behind its pack is given back where that is worth it.
    private func close(_ node: StreamNode, _ path: inout TreePath, _ heap: Heap) {
        let capacity = node.bytes.count + StreamNode.slack
        let isPrivate = node.birth > heap.newestView
        guard isPrivate, node.capacity - capacity > 64 else { return }
        let place = tree.element(path)
        let closed = replace(node, capacity: capacity, heap)
        tree.set(StreamNodePlace(place.id, closed, count: place.count), at: &path, heap)
    }

    // MARK: Deleting

    /// Deletes the entry of this id; whether it was there. The caller says `settleFirst` when all are gone.
    func delete(_ id: StreamID, _ scratch: ByteWriter, _ heap: Heap) -> Bool {
        guard var path = path(to: id), let entry = find(id) else { return false }
        let place = tree.element(path)
        let old = StreamNode(place)
        if id > maximumDeleted { maximumDeleted = id }
        if place.count <= 1 {
            retire(old, isPrivate: old.birth > heap.newestView, heap)
            tree.remove(at: path, heap)
            return true
        }
        let pack = old.pack(place.id)
        let node = own(
            old, room: pack.bytes.count + StreamNode.growth, most: StreamNode.maximumBytes, heap)
        node.markDeleted(entry.range.lowerBound)
        node.setCounts(live: pack.live - 1, deleted: pack.deleted + 1, scratch)
        tree.set(StreamNodePlace(place.id, node, count: place.count - 1), at: &path, heap)
        return true
    }

    /// Finds out which entry is the first now.
    func settleFirst() {
        var cursor = cursor()
        first = length == 0 ? .minimum : cursor.next()?.id ?? .minimum
    }

    // MARK: Trimming

    /// Lets the oldest entries go; answers how many went.
    ///
    /// - Parameters:
    ///   - isApproximate: whole nodes only.
    ///   - limit: no more than so many entries at once; 0: any number.
    func trim(
        _ rule: StreamTrim, isApproximate: Bool, limit: Int, _ scratch: ByteWriter, _ heap: Heap
    ) -> Int {
        var gone = 0
        while !tree.isEmpty {
            if case .length(let most) = rule, length <= most { break }
            var path = tree.startPath()
            let place = tree.element(path)
            if limit > 0 && gone + place.count > limit { break }
            let isWhole =
                switch rule {
                case .length(let most): length - place.count >= most
                case .id(let least): place.pack.lastID < least
                }
            if isWhole {
                let node = StreamNode(place)
                retire(node, isPrivate: node.birth > heap.newestView, heap)
                tree.remove(at: path, heap)
                gone += place.count
                continue
            }
            if !isApproximate { gone += trimNode(rule, &path, scratch, heap) }
            break
        }
        if gone > 0 { settleFirst() }
        return gone
    }

    /// Marks the first entries of the node at `path` as deleted; answers how many.
    private func trimNode(
        _ rule: StreamTrim, _ path: inout TreePath, _ scratch: ByteWriter, _ heap: Heap
    ) -> Int {
        let place = tree.element(path)
        let pack = place.pack
        var left = length
        var marked: [Int] = []
        var offset = pack.entriesAt
        while let entry = pack.entry(at: offset) {
            switch rule {
            case .length(let most): if left <= most { offset = pack.end }
            case .id(let least): if entry.id >= least { offset = pack.end }
            }
            if offset == pack.end { break }
            if !entry.isDeleted {
                marked.append(entry.range.lowerBound)
                left -= 1
            }
            offset = entry.range.upperBound
        }
        if marked.isEmpty { return 0 }
        let node = own(
            StreamNode(place), room: pack.bytes.count + StreamNode.growth,
            most: StreamNode.maximumBytes, heap)
        for offset in marked { node.markDeleted(offset) }
        node.setCounts(
            live: pack.live - marked.count, deleted: pack.deleted + marked.count, scratch)
        tree.set(
            StreamNodePlace(place.id, node, count: place.count - marked.count), at: &path, heap)
        return marked.count
    }
}
