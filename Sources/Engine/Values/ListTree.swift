/// A long list: chunks of elements (ListChunk.swift), in a tree that counts them.
///
/// INVARIANT 1: no chunk is empty; its place has the number of its elements.
/// INVARIANT 2: the tree's `bytes` cover the header, the nodes and the chunks.
import Bytes
import Records

/// A chunk in the tree.
struct ListChunkPlace: TreeElement {
    /// The chunk's address.
    var address: UInt
    /// Elements in it.
    var count: Int

    init(_ chunk: ListChunk, count: Int) {
        address = unsafe UInt(bitPattern: chunk.raw)
        self.count = count
    }

    var weight: Int { count }
    static var leafCapacity: Int { 32 }
}

/// The address of a long list's header.
@safe
struct ListTree {
    let raw: UnsafeMutableRawPointer

    // SAFETY: whoever has the address has it from an entry of its kind, and the entry owns the header.
    init(raw: UnsafeMutableRawPointer) { unsafe self.raw = raw }

    static let headerBytes = 32

    @inline(__always)
    var tree: OrderedTree<ListChunkPlace> { unsafe OrderedTree(raw: raw) }

    /// An empty list.
    static func make(_ heap: Heap) -> ListTree {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: headerBytes, alignment: 8)
        let tree = unsafe OrderedTree<ListChunkPlace>.begin(at: raw, heap)
        tree.account(headerBytes, heap)
        return unsafe ListTree(raw: raw)
    }

    /// Frees everything; any thread, once.
    func freeEverything() {
        tree.freeNodes { place in unsafe ListChunk(place).raw.deallocate() }
        unsafe raw.deallocate()
    }

    /// A copy that shares nothing with this one.
    func deepCopy(_ heap: Heap) -> ListTree {
        let copy = ListTree.make(heap)
        tree.forEach { place in
            let chunk = ListChunk(place).copy(heap)
            copy.tree.account(chunk.allocatedBytes, heap)
            var end = copy.tree.endPath()
            copy.tree.insert(ListChunkPlace(chunk, count: place.count), at: &end, heap)
        }
        return copy
    }

    // MARK: Changing; the header is the live side's own

    /// Adds an element at an end.
    func push(_ element: ByteView, _ end: ListEnd, _ scratch: ByteWriter, _ heap: Heap) {
        let atRight = end == .right
        var path = atRight ? tree.endPath() : tree.startPath()
        let hasChunk = atRight ? tree.previous(&path) : !tree.isEmpty
        if hasChunk, pushInto(&path, element, atRight, scratch, heap) { return }
        let isOrdinary = element.count <= ListChunk.ordinaryCapacity - 16
        let stride = element.count
        let bytes = stride > 0 ? stride : 2
        let chunk = ListChunk.make(
            capacity: isOrdinary ? ListChunk.ordinaryCapacity : bytes, stride: stride, heap)
        _ = chunk.push(element, bytes: bytes, atRight: atRight, scratch)
        tree.account(chunk.allocatedBytes, heap)
        path = atRight ? tree.endPath() : tree.startPath()
        tree.insert(ListChunkPlace(chunk, count: 1), at: &path, heap)
    }

    private func pushInto(
        _ path: inout TreePath, _ element: ByteView, _ atRight: Bool, _ scratch: ByteWriter,
        _ heap: Heap
    ) -> Bool {
        let place = tree.element(path)
        var chunk = ListChunk(place)
        guard let bytes = chunk.bytes(for: element) else {
            // Another length than all the others: framed from here on, where that fits.
            return frame(&path, place, with: element, atRight, scratch, heap)
        }
        if chunk.capacity - chunk.run.bytes.count < bytes { return false }
        chunk = own(chunk, heap)
        guard chunk.push(element, bytes: bytes, atRight: atRight, scratch) else { return false }
        tree.set(ListChunkPlace(chunk, count: place.count + 1), at: &path, heap)
        return true
    }

    private func frame(
        _ path: inout TreePath, _ place: ListChunkPlace, with element: ByteView, _ atRight: Bool,
        _ scratch: ByteWriter, _ heap: Heap
    ) -> Bool {
        let old = ListChunk(place)
        let bytes = old.run.bytes.count + place.count * 2 * ListRun.lengthBytes(old.stride)
        let more = ListRun.framedBytes(element)
        if bytes + more > ListChunk.ordinaryCapacity { return false }
        let chunk = ListChunk.make(
            capacity: ListChunk.ordinaryCapacity, stride: 0, heap)
        scratch.removeAll()
        old.run.forEach { ListRun.append($0, to: scratch) }
        chunk.fill(scratch.view)
        tree.account(chunk.allocatedBytes, heap)
        _ = chunk.push(element, bytes: more, atRight: atRight, scratch)
        retire(old, heap)
        tree.set(ListChunkPlace(chunk, count: place.count + 1), at: &path, heap)
        return true
    }

    /// Drops `count` elements, at most all, from an end.
    func drop(_ count: Int, _ end: ListEnd, _ heap: Heap) {
        let atRight = end == .right
        var left = min(count, tree.weight)
        while left > 0 {
            var path = atRight ? tree.endPath() : tree.startPath()
            if atRight { _ = tree.previous(&path) }
            let place = tree.element(path)
            if place.count <= left {
                left -= place.count
                retire(ListChunk(place), heap)
                tree.remove(at: path, heap)
                continue
            }
            let chunk = own(ListChunk(place), heap)
            chunk.drop(left, atRight: atRight)
            tree.set(ListChunkPlace(chunk, count: place.count - left), at: &path, heap)
            left = 0
        }
    }

    /// Replaces the element of this index.
    func set(_ index: Int, _ element: ByteView, _ heap: Heap) {
        var (path, offset) = tree.path(rank: index)
        let place = tree.element(path)
        let chunk = ListChunk(place)
        if chunk.stride > 0 && chunk.stride == element.count {
            let mine = own(chunk, heap)
            mine.overwrite(offset, with: element)
            tree.set(ListChunkPlace(mine, count: place.count), at: &path, heap)
            return
        }
        var elements = self.elements(of: place)
        elements[offset] = element
        rebuild(&path, elements, heap)
    }

    /// Puts `element` before the one of this index (0 ..< count).
    func insert(_ element: ByteView, before index: Int, _ heap: Heap) {
        var (path, offset) = tree.path(rank: index)
        var elements = self.elements(of: tree.element(path))
        elements.insert(element, at: offset)
        rebuild(&path, elements, heap)
    }

    /// Removes up to `limit` elements equal to `element`, from an end; answers how many.
    func removeAll(_ element: ByteView, limit: Int, from end: ListEnd, _ heap: Heap) -> Int {
        var removed = 0
        // Items before the chunk looked at next (or, from the right, behind it).
        var passed = 0
        while passed < tree.weight && removed < limit {
            let rank = end == .left ? passed : tree.weight - 1 - passed
            var (path, _) = tree.path(rank: rank)
            let elements = self.elements(of: tree.element(path))
            var matches = elements.indices.filter { elements[$0] == element }
            if matches.count > limit - removed {
                let wanted = limit - removed
                matches = end == .left ? Array(matches.prefix(wanted)) : matches.suffix(wanted)
            }
            removed += matches.count
            passed += elements.count - matches.count
            if matches.isEmpty { continue }
            if matches.count == elements.count {
                retire(ListChunk(tree.element(path)), heap)
                tree.remove(at: path, heap)
                continue
            }
            var kept: [ByteView] = []
            var next = matches[...]
            for (index, each) in elements.enumerated() {
                if next.first == index { next = next.dropFirst() } else { kept.append(each) }
            }
            rebuild(&path, kept, heap)
        }
        return removed
    }

    private func elements(of place: ListChunkPlace) -> [ByteView] {
        var elements: [ByteView] = []
        elements.reserveCapacity(place.count + 1)
        ListChunk(place).run.forEach { elements.append($0) }
        return elements
    }

    /// Gives the path's chunk these elements (some of them its own), in as many chunks as it takes.
    private func rebuild(_ path: inout TreePath, _ elements: [ByteView], _ heap: Heap) {
        let old = ListChunk(tree.element(path))
        var pieces = [elements[...]]
        if elements.count > 1
            && elements.reduce(0, { $0 + ListRun.framedBytes($1) }) > ListChunk.ordinaryCapacity
        {
            pieces = split(elements)
        }
        for (index, piece) in pieces.enumerated() {
            let chunk = build(piece, heap)
            let place = ListChunkPlace(chunk, count: piece.count)
            if index == 0 {
                tree.set(place, at: &path, heap)
            } else {
                path.places[0] += 1
                tree.insert(place, at: &path, heap)
            }
        }
        retire(old, heap)
    }

    /// Two halves by bytes; an element that fills a chunk stands alone.
    private func split(_ elements: [ByteView]) -> [ArraySlice<ByteView>] {
        var pieces: [ArraySlice<ByteView>] = []
        let total = elements.reduce(0) { $0 + ListRun.framedBytes($1) }
        let target = min(ListChunk.ordinaryCapacity, total / 2 + 1)
        var start = 0
        var bytes = 0
        for (index, element) in elements.enumerated() {
            let more = ListRun.framedBytes(element)
            if index > start && bytes + more > target {
                pieces.append(elements[start..<index])
                start = index
                bytes = 0
            }
            bytes += more
        }
        pieces.append(elements[start...])
        return pieces
    }

    private func build(_ elements: ArraySlice<ByteView>, _ heap: Heap) -> ListChunk {
        let first = elements.first?.count ?? 0
        let isUniform = first > 0 && elements.allSatisfy { $0.count == first }
        let bytes = ByteWriter(capacity: ListChunk.ordinaryCapacity)
        for element in elements {
            if isUniform { bytes.append(element) } else { ListRun.append(element, to: bytes) }
        }
        let chunk = ListChunk.make(
            capacity: bytes.count, stride: isUniform ? first : 0, heap)
        chunk.fill(bytes.view)
        tree.account(chunk.allocatedBytes, heap)
        return chunk
    }

    /// A chunk that may be written: this one, or its copy where a view sees it.
    private func own(_ chunk: ListChunk, _ heap: Heap) -> ListChunk {
        if !heap.hasViews || chunk.birth > heap.newestView { return chunk }
        let copy = chunk.copy(heap)
        let bytes = chunk.allocatedBytes
        heap.copiedBytes += bytes
        heap.liveBytes += bytes
        unsafe heap.retire(.node(chunk.raw), bytes: bytes, isPrivate: false)
        return copy
    }

    private func retire(_ chunk: ListChunk, _ heap: Heap) {
        let bytes = chunk.allocatedBytes
        tree.bytes -= bytes
        unsafe heap.retire(
            .node(chunk.raw), bytes: bytes, isPrivate: chunk.birth > heap.newestView)
    }
}
