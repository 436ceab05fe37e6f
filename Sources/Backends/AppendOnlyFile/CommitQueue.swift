/// The bytes that are not durable yet, in the order of the log; what a failed disk is rewritten from.
///
///     | sealed chunk | sealed chunk | open chunk |
///       <- a sync in flight covers ->  ^ written ^ closed
///
/// Chunks are dropped whole when a sync (or a base) has covered them, and their memory is used again.
///
/// INVARIANT 1: the chunks hold every group whose last sequence is above `durable`, without a gap.
/// INVARIANT 2: what is written is a prefix; a chunk behind an unwritten byte has nothing written.
/// Threads: the engine's.
import Bytes
import Persistence

/// Groups on their way to the platter.
final class CommitQueue {
    /// Builds groups in the open chunk.
    let writer: GroupWriter
    private(set) var sealed: [LogChunk] = []
    private var sealedBytes = 0
    private var spare: [ByteWriter] = []

    init(writer: GroupWriter) { self.writer = writer }

    /// Bytes of closed groups that are kept.
    var keptBytes: Int { sealedBytes + writer.chunk.closedCount }

    /// Sequence up to which everything was written.
    private(set) var writtenSequence: UInt64 = 0

    /// Nothing is kept and everything up to `sequence` is on disk.
    func startAfter(_ sequence: UInt64) { writtenSequence = sequence }

    /// Writes what hasn't been written, in order, each chunk in one call.
    func flush(to file: LogFile) throws(PersistenceError) {
        for chunk in sealed { try write(chunk, to: file) }
        try write(writer.chunk, to: file)
    }

    private func write(_ chunk: LogChunk, to file: LogFile) throws(PersistenceError) {
        if chunk.writtenCount == chunk.closedCount { return }
        try file.append(chunk.bytes.view[chunk.writtenCount..<chunk.closedCount])
        chunk.writtenCount = chunk.closedCount
        writtenSequence = chunk.lastSequence
    }

    /// Seals the open chunk, so that it is dropped as soon as what it holds is durable.
    ///
    /// Inside a unit it stays open and is dropped one sync later.
    func seal() {
        if writer.hasOpenUnit { return }
        writer.closeGroup()
        if writer.chunk.bytes.count == 0 { return }
        let chunk = writer.replaceChunk(with: spare.popLast() ?? ByteWriter(capacity: 1 << 16))
        sealed.append(chunk)
        sealedBytes += chunk.closedCount
    }

    /// Drops the sealed chunks that hold nothing above `durable`.
    func drop(through durable: UInt64) {
        var count = 0
        while count < sealed.count && sealed[count].lastSequence <= durable {
            let chunk = sealed[count]
            sealedBytes -= chunk.closedCount
            if spare.count < 4 {
                chunk.bytes.removeAll(keepingUpTo: 1 << 20)
                spare.append(chunk.bytes)
            }
            count += 1
        }
        if count > 0 { sealed.removeFirst(count) }
    }

    /// A copy of all closed groups, for a new file.
    ///
    /// - Returns: the bytes, and the database in force before them (-1: they select it themselves).
    func copyForNewFile() -> (bytes: [UInt8], startDatabase: Int, lastSequence: UInt64) {
        seal()
        let out = ByteWriter(capacity: sealedBytes + 64)
        for chunk in sealed { out.append(chunk.bytes.view[0..<chunk.closedCount]) }
        let last = sealed.last?.lastSequence ?? writtenSequence
        return (out.array, sealed.first?.startDatabase ?? -1, last)
    }

    /// The copy is on the platter.
    func markWritten(through sequence: UInt64) {
        for chunk in sealed where chunk.lastSequence <= sequence {
            chunk.writtenCount = chunk.closedCount
        }
        writtenSequence = max(writtenSequence, sequence)
    }
}
