/// Walks over a live table: SCAN's cursor, random elements, expiry.
///
/// A cursor is a place in the space of hashes: everything below it was handed out. Segments split and
/// merge at such places only, so an element that is present throughout is handed out whatever happens
/// in between, and none twice.
import Bytes
import Records

extension Table {
    /// Hands out whole segments from `cursor` on until `limit` entries were seen; answers where to go on, 0
    /// at the end.
    func scan(from cursor: UInt64, limit: Int, _ heap: Heap, _ visit: (Entry) -> Void) -> UInt64 {
        // The low 16 bits are never part of a boundary (a depth of 48 would need 2^48 segments).
        var place = cursor << 16
        var seen = 0
        while true {
            let segment = segment(place)
            // A merge since the last call: what lies below the cursor was handed out already.
            let isPartial = segment.prefix < place
            for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                let entry = segment.entry(slot)
                if isPartial && heap.sip.hash(entry.key) < place { continue }
                visit(entry)
                seen += 1
            }
            let depth = segment.depth
            if depth == 0 { return 0 }
            let (next, isOver) = segment.prefix.addingReportingOverflow(
                1 << UInt64(64 - depth))
            if isOver { return 0 }
            place = next
            if seen >= limit { return place >> 16 }
        }
    }

    /// Hands every entry to `visit`; the table must not change meanwhile.
    func forEachEntry<E: Error>(_ visit: (Entry) throws(E) -> Void) throws(E) {
        try forEachChunk(root: root, bits: rootBits) { (chunk) throws(E) in
            try forEachSegment(of: chunk) { (segment) throws(E) in
                for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                    try visit(segment.entry(slot))
                }
            }
        }
    }

    /// An entry, each as likely as any other; nil in an empty table.
    ///
    /// A segment is drawn by a random hash, so a shallow one twice as often as its deeper neighbour; rejecting
    /// in that proportion, and empty slots, makes it fair.
    func randomEntry(using random: inout some RandomNumberGenerator) -> Entry? {
        if count == 0 { return nil }
        for _ in 0..<4096 {
            let hash = random.next()
            let chunk = chunk(hash)
            let segment = chunk.segment(hash)
            let draw = random.next()
            let slot = Int(truncatingIfNeeded: draw) & 63
            guard segment.isOccupied(slot) else { continue }
            // The depth that no segment exceeds, so that none is accepted with more than certainty.
            let deepest = rootBits == 0 ? chunk.directoryBits : rootBits + Chunk.maximumBits
            let excess = UInt64(min(6, max(0, deepest - segment.depth)))
            if (draw >> 6) & ((1 << excess) - 1) == 0 { return segment.entry(slot) }
        }
        return firstEntry(from: random.next())
    }

    /// The first entry at or behind a hash, round the end; for sparse tables.
    private func firstEntry(from hash: UInt64) -> Entry? {
        var place = hash
        for _ in 0...(1 << (rootBits + Chunk.maximumBits)) {
            let segment = segment(place)
            for slot in 0..<Segment.capacity where segment.isOccupied(slot) {
                return segment.entry(slot)
            }
            let depth = segment.depth
            if depth == 0 { return nil }
            place = segment.prefix &+ (1 << UInt64(64 - depth))
        }
        return nil
    }
}
