/// How a table changes shape: copies under a view, splits, merges, and its end.
///
/// All of it runs on the engine's thread, in bounded pieces: a root copy is the largest (8 bytes for
/// about 10,000 keys).
import Bytes
import Records

extension Table {
    // MARK: Copy on write

    /// Copies what views see of the path to `hash`; answers the segment, private now.
    @inline(never)
    func privateSegment(_ hash: UInt64, _ heap: Heap) -> Segment {
        let chunk = privateChunk(hash, heap)
        let segment = chunk.segment(hash)
        if segment.birth > heap.newestView { return segment }
        let copy = segment.copy(birth: heap.current)
        for place in chunk.places(hash, depth: segment.depth) { chunk.set(place, copy) }
        unsafe retireNode(segment.raw, Segment.bytes, heap)
        return copy
    }

    private func privateChunk(_ hash: UInt64, _ heap: Heap) -> Chunk {
        if root.birth <= heap.newestView {
            let old = root
            root = old.copy(bits: rootBits, birth: heap.current)
            unsafe retireNode(old.raw, Root.bytes(rootBits), heap)
        }
        let chunk = chunk(hash)
        if chunk.birth > heap.newestView { return chunk }
        let copy = chunk.copy(birth: heap.current)
        setChunk(copy, hash)
        unsafe retireNode(chunk.raw, chunk.bytes, heap)
        return copy
    }

    /// A node was copied: its bytes are the view's now, the copy's the live side's.
    private func retireNode(_ raw: UnsafeMutableRawPointer, _ count: Int, _ heap: Heap) {
        heap.copiedBytes += count
        heap.liveBytes += count
        unsafe heap.retire(.node(raw), bytes: count, isPrivate: false)
    }

    private func setChunk(_ chunk: Chunk, _ hash: UInt64) {
        let span = 1 << (rootBits - chunk.prefixBits)
        let start = top(hash, chunk.prefixBits) * span
        for place in start..<(start + span) { root.set(place, chunk) }
    }

    // MARK: Splitting

    /// Makes room where `hash` goes: splits the full segment, after its chunk where that is full.
    @inline(never)
    func split(_ segment: Segment, _ hash: UInt64, _ heap: Heap) {
        precondition(segment.depth < 60, "more equal hashes than a segment holds")
        while true {
            let chunk = chunk(hash)
            if segment.depth - chunk.prefixBits < chunk.directoryBits {
                splitSegment(segment, in: chunk, hash, heap)
                return
            }
            if chunk.directoryBits < Chunk.maximumBits {
                doubleDirectory(chunk, hash, heap)
            } else {
                splitChunk(chunk, hash, heap)
            }
        }
    }

    private func splitSegment(_ segment: Segment, in chunk: Chunk, _ hash: UInt64, _ heap: Heap) {
        let depth = segment.depth + 1
        let bit: UInt64 = 1 << UInt64(64 - depth)
        let low = Segment.make(prefix: segment.prefix, depth: depth, birth: heap.current)
        let high = Segment.make(prefix: segment.prefix | bit, depth: depth, birth: heap.current)
        // All keys are read: 64 cache lines, asked for at once.
        for slot in 0..<Segment.capacity { segment.prefetchEntry(slot) }
        for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
            let entry = segment.entry(slot)
            let entryHash = heap.sip.hash(entry.key)
            let isOwned = segment.owned & (1 << UInt64(slot)) != 0
            (entryHash & bit == 0 ? low : high).insert(entry, hash: entryHash, isOwned: isOwned)
        }
        let places = chunk.places(hash, depth: segment.depth)
        let middle = places.lowerBound + places.count / 2
        for place in places { chunk.set(place, place < middle ? low : high) }
        unsafe segment.raw.deallocate()
        account(Segment.bytes, heap)
    }

    private func doubleDirectory(_ chunk: Chunk, _ hash: UInt64, _ heap: Heap) {
        let bits = chunk.directoryBits
        let wide = Chunk.make(
            prefixBits: chunk.prefixBits, directoryBits: bits + 1, birth: heap.current)
        wide.soonest = chunk.soonest
        for place in 0..<(1 << bits) {
            wide.set(place * 2, chunk.segment(at: place))
            wide.set(place * 2 + 1, chunk.segment(at: place))
        }
        setChunk(wide, hash)
        account(wide.bytes - chunk.bytes, heap)
        unsafe chunk.raw.deallocate()
    }

    private func splitChunk(_ chunk: Chunk, _ hash: UInt64, _ heap: Heap) {
        if chunk.prefixBits == rootBits { doubleRoot(heap) }
        let bits = chunk.directoryBits - 1
        let half = 1 << bits
        let prefixBits = chunk.prefixBits
        let span = 1 << (rootBits - prefixBits)
        let start = top(hash, prefixBits) * span
        for side in 0..<2 {
            let part = Chunk.make(
                prefixBits: prefixBits + 1, directoryBits: bits, birth: heap.current)
            part.soonest = chunk.soonest
            for place in 0..<half { part.set(place, chunk.segment(at: side * half + place)) }
            for place in 0..<(span / 2) { root.set(start + side * span / 2 + place, part) }
            account(part.bytes, heap)
        }
        account(-chunk.bytes, heap)
        unsafe chunk.raw.deallocate()
    }

    private func doubleRoot(_ heap: Heap) {
        let old = root
        let wide = Root.make(bits: rootBits + 1, birth: heap.current)
        for place in 0..<(1 << rootBits) {
            wide.set(place * 2, old.chunk(place))
            wide.set(place * 2 + 1, old.chunk(place))
        }
        account(Root.bytes(rootBits + 1) - Root.bytes(rootBits), heap)
        root = wide
        rootBits += 1
        unsafe old.raw.deallocate()
    }

    // MARK: Merging

    /// Joins a sparse segment with its buddy, so that a table that shrank gives its memory back.
    func mergeIfSparse(_ segment: Segment, _ hash: UInt64, _ heap: Heap) {
        let chunk = chunk(hash)
        let depth = segment.depth
        guard depth > chunk.prefixBits else { return }
        let bit: UInt64 = 1 << UInt64(64 - depth)
        let buddy = chunk.segment(hash ^ bit)
        guard buddy.depth == depth, buddy.count + segment.count <= 24 else { return }
        let merged = Segment.make(
            prefix: segment.prefix & ~bit, depth: depth - 1, birth: heap.current)
        let buddyIsPrivate = buddy.birth > heap.newestView
        for (part, isPrivate) in [(segment, true), (buddy, buddyIsPrivate)] {
            for slot in 0..<Segment.capacity where part.isOccupied(slot) {
                let entry = part.entry(slot)
                let isOwned = isPrivate && part.owned & (1 << UInt64(slot)) != 0
                merged.insert(entry, hash: heap.sip.hash(entry.key), isOwned: isOwned)
            }
        }
        for place in chunk.places(hash, depth: depth - 1) { chunk.set(place, merged) }
        account(Segment.bytes, heap)
        bytes -= 2 * Segment.bytes
        unsafe heap.retire(.node(segment.raw), bytes: Segment.bytes, isPrivate: true)
        unsafe heap.retire(.node(buddy.raw), bytes: Segment.bytes, isPrivate: buddyIsPrivate)
    }

    /// A copy that shares nothing with this table.
    func deepCopy(_ heap: Heap) -> Table {
        let copy = Table.make(heap)
        copyEntries(to: copy, heap)
        return copy
    }

    /// Puts deep copies of all entries into another table.
    func copyEntries(to copy: Table, _ heap: Heap) {
        forEachEntry { entry in
            let other: Entry
            if entry.kind.isNested {
                let nested = entry.nested.deepCopy(entry.kind, heap)
                other = Entry.make(
                    key: entry.key, kind: entry.kind, nested: nested, deadline: entry.deadline)
                copy.bytes += nested.bytes
            } else {
                other = Entry.make(
                    key: entry.key, kind: entry.kind, value: entry.value, deadline: entry.deadline)
            }
            copy.insert(other, hash: heap.sip.hash(entry.key), heap)
        }
    }

    // MARK: The end

    /// Frees header, nodes, entries, and the tables that entries lead to; any thread, once.
    func freeEverything() {
        freeContents()
        freeHeader()
    }

    /// The same without the header, which is part of another one.
    func freeContents() {
        forEachChunk(root: root, bits: rootBits) { chunk in
            forEachSegment(of: chunk) { segment in
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    let entry = segment.entry(slot)
                    if entry.kind.isNested { entry.nested.freeEverything(entry.kind) }
                    entry.free()
                }
                unsafe segment.raw.deallocate()
            }
            unsafe chunk.raw.deallocate()
        }
        unsafe root.raw.deallocate()
    }
}

/// Hands every chunk of a root to `visit` once; the chunk may be freed there.
func forEachChunk<E: Error>(
    root: Root, bits: Int, _ visit: (Chunk) throws(E) -> Void
) throws(E) {
    var place = 0
    while place < 1 << bits {
        let chunk = root.chunk(place)
        place += 1 << (bits - chunk.prefixBits)
        try visit(chunk)
    }
}

/// Hands every segment of a chunk to `visit` once, by rising prefix; the segment may be freed there.
func forEachSegment<E: Error>(
    of chunk: Chunk, _ visit: (Segment) throws(E) -> Void
) throws(E) {
    let bits = chunk.directoryBits
    let prefixBits = chunk.prefixBits
    var place = 0
    while place < 1 << bits {
        let segment = chunk.segment(at: place)
        place += 1 << (bits - (segment.depth - prefixBits))
        try visit(segment)
    }
}
