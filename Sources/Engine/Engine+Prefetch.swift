/// Memory latency hidden behind a pipeline: before a batch of requests executes, the cache lines that
/// their keys lead to are asked for, all at once.
///
/// A key of a large keyspace costs three misses in a row (segment, slot, entry), each some 80 ns. Three
/// passes over the batch turn 3 x n waits into about 3. At a pipeline of 64 this was worth more than everything
/// else that executing a command costs.
import Bytes

/// Requests of one connection that will execute one after the other.
public final class PrefetchBatch {
    /// Requests looked at together; their lines fit the first cache.
    public static let capacity = 32

    private var segments: [Segment?] = Array(repeating: nil, count: capacity)
    private var hashes: [UInt64] = Array(repeating: 0, count: capacity)
    private var slots: [Int] = Array(repeating: -1, count: capacity)
    private var count = 0

    /// An empty batch.
    public init() {}

    /// Forgets the requests.
    @inline(__always)
    public func removeAll() { count = 0 }

    /// Adds the key that a request names first; the first pass.
    @inline(__always)
    public func add(_ key: ByteView, _ engine: Engine, database: Int) {
        guard count < PrefetchBatch.capacity else { return }
        let hash = engine.keyspace.heap.sip.hash(key)
        let segment = engine.keyspace.tables[database].segment(hash)
        segment.prefetchHead()
        hashes[count] = hash
        segments[count] = segment
        count += 1
    }

    /// The second and third pass; then the requests may execute.
    @inline(__always)
    public func finish() {
        for index in 0..<count {
            if let segment = segments[index] { slots[index] = segment.prefetchSlot(hashes[index]) }
        }
        for index in 0..<count where slots[index] >= 0 {
            segments[index]?.prefetchEntry(slots[index])
        }
    }
}
