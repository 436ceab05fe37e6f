/// A list, whichever way it is stored: packed in its entry, or in chunks.
///
///     packed   count u16 little-endian, then a framed run (ListRun.swift); up to 1 KB
///
/// Reading is here; `ListWriter` changes.
import Bytes
import Records

/// The elements of one list entry; valid until the next write.
struct ListValue: FrozenList {
    let entry: Entry

    init(_ entry: Entry) { self.entry = entry }

    /// Bytes of a packed value beyond which a list goes to chunks.
    static let maximumPackedBytes = 1024

    var isPacked: Bool { entry.kind == .packedList }

    /// The run of a packed list.
    var packedRun: ListRun { ListRun(bytes: entry.value.dropFirst(2), stride: 0) }

    /// The tree of a list in chunks.
    var tree: OrderedTree<ListChunkPlace> { unsafe ListTree(raw: entry.nested.raw).tree }

    /// Elements in the list.
    var count: Int {
        isPacked ? Int(entry.value[0]) | Int(entry.value[1]) << 8 : entry.nested.count
    }

    /// The element of this index (0 ..< count).
    func element(at index: Int) -> ByteView {
        if isPacked {
            let run = packedRun
            return run.element(at: run.offset(of: index, count: count)).element
        }
        let (path, offset) = tree.path(rank: index)
        let place = tree.element(path)
        let run = ListChunk(place).run
        return run.element(at: run.offset(of: offset, count: place.count)).element
    }

    /// The element at an end of a list that has one.
    @inline(__always)
    func element(at end: ListEnd) -> ByteView {
        let run: ListRun
        if isPacked {
            run = packedRun
        } else if end == .left {
            run = ListChunk(tree.element(tree.startPath())).run
        } else {
            var path = tree.endPath()
            _ = tree.previous(&path)
            run = ListChunk(tree.element(path)).run
        }
        return end == .left
            ? run.element(at: 0).element : run.element(before: run.bytes.count).element
    }

    /// Hands `limit` elements from `start` on to `visit`, until it answers false.
    func forEach(from start: Int, limit: Int, _ visit: (ByteView) throws -> Bool) rethrows {
        var left = min(limit, count - start)
        if left <= 0 { return }
        if isPacked {
            let run = packedRun
            let offset = run.offset(of: start, count: count)
            _ = try Self.walk(run, from: offset, &left, visit)
            return
        }
        var (path, skipped) = tree.path(rank: start)
        repeat {
            let place = tree.element(path)
            let run = ListChunk(place).run
            let offset = skipped == 0 ? 0 : run.offset(of: skipped, count: place.count)
            skipped = 0
            if try !Self.walk(run, from: offset, &left, visit) { return }
        } while left > 0 && tree.next(&path)
    }

    private static func walk(
        _ run: ListRun, from start: Int, _ left: inout Int, _ visit: (ByteView) throws -> Bool
    ) rethrows -> Bool {
        var offset = start
        while left > 0 && offset < run.bytes.count {
            let (element, next) = run.element(at: offset)
            offset = next
            left -= 1
            if try !visit(element) { return false }
        }
        return true
    }

    /// Hands the elements to `visit` from the last to the first, until it answers false.
    func forEachBackwards(_ visit: (ByteView) -> Bool) {
        if isPacked {
            _ = Self.walkBackwards(packedRun, visit)
            return
        }
        var path = tree.endPath()
        while tree.previous(&path) {
            // From here on the path names whole chunks.
            if !Self.walkBackwards(ListChunk(tree.element(path)).run, visit) { return }
        }
    }

    private static func walkBackwards(_ run: ListRun, _ visit: (ByteView) -> Bool) -> Bool {
        var offset = run.bytes.count
        while offset > 0 {
            let (element, start) = run.element(before: offset)
            offset = start
            if !visit(element) { return false }
        }
        return true
    }

    /// Hands every element to `visit`, from the head to the tail.
    func forEachElement(_ visit: (ByteView) throws -> Void) throws {
        try forEach(from: 0, limit: .max) {
            try visit($0)
            return true
        }
    }
}

/// Writes one list at a writable place of a database's table.
struct ListWriter {
    private let engine: Engine
    let table: Table
    let position: Position

    @inline(__always)
    init(_ position: Position, in table: Table, _ engine: Engine) {
        self.engine = engine
        self.table = table
        self.position = table.writable(position, engine.heap)
    }

    @inline(__always)
    private var heap: Heap { engine.keyspace.heap }

    @inline(__always)
    private var scratch: ByteWriter { engine.scratch }

    private var limits: CollectionLimits {
        @inline(__always) _read { yield engine.settings.limits }
    }

    /// What the list holds now.
    var value: ListValue { ListValue(position.entry) }

    /// Elements in the list now.
    var count: Int { value.count }

    /// Adds an element at an end; it must not lie in the list itself.
    func push(_ element: ByteView, _ end: ListEnd) {
        if value.isPacked {
            if pushPacked(element, end) { return }
            unpack()
        }
        change { $0.push(element, end, scratch, heap) }
        noteSize()
    }

    private func pushPacked(_ element: ByteView, _ end: ListEnd) -> Bool {
        let old = position.entry
        let more = ListRun.framedBytes(element)
        let size = old.value.count
        if size + more > ListValue.maximumPackedBytes || exceedsListpack(count + 1, size + more) {
            return false
        }
        scratch.removeAll()
        appendCount(count + 1)
        if end == .left {
            ListRun.append(element, to: scratch)
            scratch.append(old.value.dropFirst(2))
        } else {
            scratch.append(old.value.dropFirst(2))
            ListRun.append(element, to: scratch)
        }
        replacePacked()
        return true
    }

    private func appendCount(_ count: Int) {
        scratch.append(UInt8(truncatingIfNeeded: count))
        scratch.append(UInt8(truncatingIfNeeded: count >> 8))
    }

    /// The scratch's bytes become the packed value.
    private func replacePacked() {
        let old = position.entry
        if position.isOwned(heap), old.value.count == scratch.view.count {
            old.overwriteValue(at: 0, with: scratch.view)
            return
        }
        let new = Entry.make(
            key: old.key, kind: .packedList, value: scratch.view, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.replace(position, with: new, heap)
    }

    /// Makes the packed list one in chunks.
    private func unpack() {
        let old = position.entry
        let list = ListTree.make(heap)
        // The writer's scratch is the chunks' too.
        ListValue(old).packedRun.forEach { list.push($0, .right, scratch, heap) }
        let nested = unsafe Nested(raw: list.raw)
        let new = Entry.make(key: old.key, kind: .chunkList, nested: nested, deadline: old.deadline)
        new.adoptMarks(of: old)
        table.bytes += nested.bytes
        table.replace(position, with: new, heap)
    }

    private func change(_ body: (ListTree) -> Void) {
        let nested = table.ownNested(position, heap)
        let before = nested.bytes
        unsafe body(ListTree(raw: nested.raw))
        table.bytes += nested.bytes - before
    }

    // MARK: Redis's names for encodings

    /// Whether a listpack of so many elements and bytes is beyond `list-max-listpack-size`.
    private func exceedsListpack(_ count: Int, _ bytes: Int) -> Bool {
        let size = limits.listPackSize
        if size >= 0 { return count > max(1, size) || bytes > 8192 }
        return bytes > 4096 << (min(5, -size) - 1)
    }

    /// Remembers that the list is more than a listpack would hold, or less than half of it again.
    private func noteSize() {
        let entry = position.entry
        if entry.kind != .chunkList { return }
        let tree = value.tree
        var bytes = 0
        if tree.height == 0 && tree.root.count <= 32 {
            tree.forEach { bytes += ListChunk($0).run.bytes.count }
        } else {
            bytes = .max
        }
        if !entry.isGrown {
            if exceedsListpack(count, bytes) { entry.isGrown = true }
        } else if bytes < .max, !exceedsListpack(count * 2, bytes * 2) {
            entry.isGrown = false
        }
    }

    // MARK: Other changes

    /// Drops `count` elements from an end; the list may be empty then, and the caller removes it.
    func drop(_ count: Int, _ end: ListEnd) {
        if !value.isPacked {
            change { $0.drop(count, end, heap) }
            if position.entry.isGrown { noteSize() }
            return
        }
        let total = self.count
        let left = max(0, total - count)
        let run = value.packedRun
        let index = end == .left ? total - left : left
        let cut = run.offset(of: index, count: total)
        scratch.removeAll()
        appendCount(left)
        scratch.append(end == .left ? run.bytes.dropFirst(cut) : run.bytes[0..<cut])
        replacePacked()
    }

    /// Replaces the element of this index (0 ..< count).
    func set(_ index: Int, _ element: ByteView) {
        if value.isPacked {
            let run = value.packedRun
            let start = run.offset(of: index, count: count)
            edit(start..<run.element(at: start).next, with: element, change: 0)
        } else {
            change { $0.set(index, element, heap) }
        }
    }

    /// Puts `element` before the one of this index (0 ... count).
    func insert(_ element: ByteView, before index: Int) {
        if index == count {
            push(element, .right)
        } else if value.isPacked {
            let start = value.packedRun.offset(of: index, count: count)
            edit(start..<start, with: element, change: 1)
        } else {
            change { $0.insert(element, before: index, heap) }
            noteSize()
        }
    }

    /// Replaces bytes of the packed run by an element.
    private func edit(_ range: Range<Int>, with element: ByteView, change: Int) {
        let run = value.packedRun
        let size = run.bytes.count - range.count + ListRun.framedBytes(element) + 2
        if size > 4 * ListValue.maximumPackedBytes {
            let before = run.offsetIndex(of: range.lowerBound)
            unpack()
            change == 0 ? set(before, element) : insert(element, before: before)
            return
        }
        scratch.removeAll()
        appendCount(count + change)
        scratch.append(run.bytes[0..<range.lowerBound])
        ListRun.append(element, to: scratch)
        scratch.append(run.bytes.dropFirst(range.upperBound))
        replacePacked()
    }

    /// Removes up to `limit` elements equal to `element`, from an end; answers how many.
    func removeAll(_ element: ByteView, limit: Int, from end: ListEnd) -> Int {
        if value.isPacked { return removePacked(element, limit, end) }
        var removed = 0
        change { removed = $0.removeAll(element, limit: limit, from: end, heap) }
        if removed > 0 && position.entry.isGrown { noteSize() }
        return removed
    }

    private func removePacked(_ element: ByteView, _ limit: Int, _ end: ListEnd) -> Int {
        let run = value.packedRun
        var matches = 0
        run.forEach { if $0 == element { matches += 1 } }
        let removed = min(limit, matches)
        if removed == 0 { return 0 }
        // Those at the other end stay.
        let skipped = end == .left ? 0 : matches - removed
        scratch.removeAll()
        appendCount(count - removed)
        var seen = 0
        run.forEach { each in
            if each == element {
                seen += 1
                if seen > skipped && seen <= skipped + removed { return }
            }
            ListRun.append(each, to: scratch)
        }
        replacePacked()
        return removed
    }
}

extension ListRun {
    /// How many elements lie before an offset.
    func offsetIndex(of offset: Int) -> Int {
        var index = 0
        var place = 0
        while place < offset {
            place = element(at: place).next
            index += 1
        }
        return index
    }
}
