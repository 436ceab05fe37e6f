/// Puts frames into the file in order, while the crew deflates them.
///
/// A frame is written when its piece is needed again, or at the end: never earlier because it happens to be
/// ready, so the calls to the disk are the same in every run. They are made by the caller's thread.
///
/// The index is kept in memory while writing, 48 bytes a frame: about 0.02 % of the data.
import Bytes
import Persistence

/// Writes frames; one thread.
final class CompressedFrameWriter {
    private let output: SnapshotOutput
    private let level: Int
    private let crew: WorkCrew
    private var free: [CompressedPiece]
    /// Handed to the crew, not written yet; the oldest first.
    private var under: [CompressedPiece] = []
    private var count: UInt32 = 0
    private let mark: UInt32
    /// Offset and head of every frame that was written.
    let index = ByteWriter()

    init(to output: SnapshotOutput, level: Int, mark: UInt32, crew: WorkCrew) {
        self.output = output
        self.level = level
        self.mark = mark
        self.crew = crew
        free = CompressedPiece.ring(crew)
    }

    deinit {
        for piece in under { piece.wait() }
    }

    /// An empty piece to fill; `submit` takes it back.
    func piece() throws -> CompressedPiece {
        if free.isEmpty { try write() }
        let piece = free.removeLast()
        piece.clear()
        return piece
    }

    /// The piece's raw bytes become the next frame.
    func submit(_ piece: CompressedPiece, _ frame: CompressedFrame) {
        piece.frame = frame
        piece.frame.mark = mark
        piece.frame.number = count
        count += 1
        let level = level
        piece.hand(to: crew) { piece, _ in piece.deflate(level: level) }
        under.append(piece)
    }

    /// The number of the frame that comes next.
    var nextNumber: UInt32 { count }

    private func write() throws {
        let piece = under.removeFirst()
        piece.wait()
        index.append(littleEndian: UInt64(output.position))
        piece.frame.append(to: index)
        piece.frame.append(to: output.buffer)
        output.buffer.append(piece.stored.view)
        try output.settle()
        free.append(piece)
    }

    /// Writes everything that was submitted.
    func finish() throws {
        while !under.isEmpty { try write() }
    }
}
