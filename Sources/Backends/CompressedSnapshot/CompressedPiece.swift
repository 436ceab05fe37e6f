/// A frame on its way through the crew: its head, its bytes before and after compression, and zlib's state.
///
/// A ring of pieces is all the memory that writing and reading take: each holds about 0.3 MB before and 0.3 MB
/// after compression, and 0.3 MB of zlib's to write.
///
/// INVARIANT 1: a piece belongs to the caller, or, between `hand` and the end of `wait`, to a thread of the crew.
import Bytes
import Persistence

/// One frame in the making or in the reading; see the file's header.
final class CompressedPiece: @unchecked Sendable {
    // BECAUSE: invariant 1.
    var frame = CompressedFrame(.block)
    /// Where the frame begins in the file.
    var offset = 0
    let raw = ByteWriter(capacity: CompressedLimits.spill + 4096)
    let stored = ByteWriter(capacity: CompressedLimits.block)
    private var deflater: Deflater?
    private lazy var inflater = Inflater()
    /// What the crew is doing with it.
    private var work: HandedWork?
    /// What the crew found wrong with it.
    var damage: CompressedDamage?
    /// Whether the crew did all there is to do with its keys.
    var isDone = false

    /// The ring for a crew: enough that no thread waits for another's piece.
    static func ring(_ crew: WorkCrew) -> [CompressedPiece] {
        (0..<(2 * crew.size + 2)).map { _ in CompressedPiece() }
    }

    /// Forgets what it held.
    func clear() {
        raw.removeAll(keepingUpTo: 1 << 20)
        stored.removeAll(keepingUpTo: 1 << 20)
        damage = nil
        isDone = false
    }

    func hand(to crew: WorkCrew, _ body: @escaping @Sendable (CompressedPiece, Int) -> Void) {
        work = crew.hand { body(self, $0) }
    }

    /// Takes it back from the crew.
    func wait() {
        work?.wait()
        work = nil
    }

    func deflate(level: Int) {
        let deflater = deflater ?? Deflater(level: level)
        self.deflater = deflater
        deflater.deflate(raw.view, to: stored)
        frame.raw = UInt32(raw.count)
        frame.stored = UInt32(stored.count)
        frame.checksum = CRC32C.checksum(stored.view)
    }

    /// Whether the stored bytes are those that were written.
    func check() {
        if CRC32C.checksum(stored.view) != frame.checksum {
            damage = CompressedDamage("its checksum is wrong", offset)
        }
    }

    func inflate() {
        check()
        if damage == nil, !inflater.inflate(stored.view, size: Int(frame.raw), to: raw) {
            damage = CompressedDamage("it doesn't inflate to what its head says", offset)
        }
    }
}

/// What is wrong with a frame, and where it begins in the file.
struct CompressedDamage: Error {
    let message: String
    let offset: Int

    init(_ message: String, _ offset: Int) {
        self.message = message
        self.offset = offset
    }
}
