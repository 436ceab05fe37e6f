/// The digest of a file on all cores: each thread of the crew inflates a block and digests its keys.
///
/// Values that go on over several blocks are digested by the caller's thread, since they come in order; their blocks
/// are inflated by the crew like all others.
///
/// INVARIANT 1: a thread of the crew uses the target of its own number, and the caller uses them when no piece
/// is with the crew.
import Bytes
import Digest
import Persistence

/// What the threads of a crew digest into.
private final class CompressedDigestThreads: @unchecked Sendable {
    // BECAUSE: invariant 1.
    let targets: [DigestTarget]
    private let entries: [CompressedEntryReader]

    init(_ crew: WorkCrew) {
        targets = (0..<crew.size).map { _ in DigestTarget() }
        entries = (0..<crew.size).map { _ in CompressedEntryReader() }
    }

    func digest(_ piece: CompressedPiece, _ thread: Int) {
        piece.inflate()
        if piece.damage != nil || piece.frame.flags != 0 { return }
        let entries = entries[thread]
        entries.bytes.begin(piece.raw.view, at: piece.offset, more: 0, next: nil)
        do {
            for _ in 0..<piece.frame.items {
                _ = try entries.read(
                    into: targets[thread], database: Int(piece.frame.database))
            }
            if !entries.bytes.isComplete {
                throw entries.bytes.damaged("it holds more than its keys")
            }
            piece.isDone = true
        } catch {
            piece.damage =
                error as? CompressedDamage ?? CompressedDamage("\(error)", piece.offset)
        }
    }
}

extension CompressedSnapshot {
    /// Reads the file for its digest, on all cores.
    public func digest(
        _ input: SnapshotInput, isCancelled: @escaping () -> Bool
    ) throws -> (contents: SnapshotContents, report: DigestReport) {
        do {
            let crew = WorkCrew(isBackground: true)
            let threads = CompressedDigestThreads(crew)
            let reader = try CompressedFrameReader(input, crew) { threads.digest($0, $1) }
            let blocks = CompressedBlockReader(reader, input)
            let target = DigestTarget(isCancelled: isCancelled)
            while let piece = try reader.nextBlock() {
                if isCancelled() { throw SnapshotOutput.cancelled }
                if !piece.isDone { try blocks.read(piece, into: target) }
            }
            var report = target.report
            for other in threads.targets { report.merge(other.report) }
            return (try Self.contents(reader, report.counts), report)
        } catch let damage as CompressedDamage {
            throw input.damaged("The snapshot is damaged: \(damage.message)", at: damage.offset)
        }
    }
}
