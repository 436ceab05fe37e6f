/// Takes frames out of a file in order, while the crew inflates those that come.
///
/// What is checked: each head and each frame's bytes by their checksums; that the frames are this file's (mark), all
/// there and in order (number); that the index lists them as they were found; that the foot repeats the head;
/// that the file ends where it says. So no bit of the file can change without being found.
///
/// Calls to the disk are made by the caller's thread, in the order of the file.
import Bytes
import Persistence

/// Reads frames; one thread.
final class CompressedFrameReader {
    private let input: SnapshotInput
    private let crew: WorkCrew
    private var free: [CompressedPiece]
    /// Handed to the crew, not taken yet; the oldest first.
    private var under: [CompressedPiece] = []
    private var current: CompressedPiece?
    private let work: @Sendable (CompressedPiece, Int) -> Void
    private var offset = CompressedStart.size
    private var count: UInt32 = 0
    private var mark: UInt32?
    private var hasIndex = false
    private var hasFoot = false
    private var end = CompressedEnd(index: 0, foot: 0)
    private let window = ByteWriter(capacity: 64)
    /// What the index has to say.
    private let index = ByteWriter()
    private var indexed = 0
    /// The head's bytes.
    private var head: [UInt8] = []
    /// What stands in the foot behind the head.
    private(set) var foot: [UInt8] = []
    /// Where the foot begins.
    var footOffset: Int { end.foot }
    /// What the head says.
    private(set) var header: SnapshotHeader

    /// Reads the beginning and the head.
    ///
    /// - Parameter work: done by the crew with every block, instead of inflating it.
    init(
        _ input: SnapshotInput, _ crew: WorkCrew,
        _ work: @escaping @Sendable (CompressedPiece, Int) -> Void = { piece, _ in piece.inflate() }
    ) throws {
        self.input = input
        self.crew = crew
        self.work = work
        free = CompressedPiece.ring(crew)
        header = SnapshotContents().header
        try checkStart()
        try fill()
        guard let first = try next(), first.frame.kind == .head else {
            throw CompressedDamage("the file doesn't begin with its head", CompressedStart.size)
        }
        let bytes = CompressedBytes(first.raw.view, at: first.offset)
        header = try CompressedFacts.readHead(bytes)
        head = first.raw.array
        if CRC32C.checksum(head) != first.frame.mark {
            throw CompressedDamage("its mark isn't that of the head", first.offset)
        }
    }

    deinit {
        for piece in under { piece.wait() }
    }

    private func read(_ size: Int, at offset: Int, into out: ByteWriter) throws {
        var done = 0
        while done < size {
            let got = try input.read(size - done, at: offset + done, into: out)
            if got == 0 { throw CompressedDamage("the file ends here", offset + done) }
            done += got
        }
    }

    private func checkStart() throws {
        window.removeAll()
        try read(CompressedStart.size, at: 0, into: window)
        let version = Int(window.view.fixed32(at: 8))
        guard window.view[0..<8].array == CompressedStart.magic else {
            throw CompressedDamage("it doesn't begin as one of the compressed format", 0)
        }
        guard CRC32C.checksum(window.view[0..<12]) == window.view.fixed32(at: 12) else {
            throw CompressedDamage("the checksum of the file's beginning is wrong", 0)
        }
        if version != CompressedSnapshot.version {
            throw input.damaged(
                "This snapshot has version \(version), and this server reads up to "
                    + "\(CompressedSnapshot.version)", at: 8, code: .unsupportedVersion,
                remedy: "Use the version of Holdfast that wrote it, or a later one")
        }
    }

    // MARK: Frames

    /// The next block; nil where all were read, and the index, the foot and the end with them.
    func nextBlock() throws -> CompressedPiece? {
        while let piece = try next() {
            switch piece.frame.kind {
            case .block: return piece
            case .names: continue
            case .index: try checkIndex(piece)
            case .foot: try checkFoot(piece)
            case .head: throw CompressedDamage("there are two heads", piece.offset)
            }
        }
        return nil
    }

    private func next() throws -> CompressedPiece? {
        if let piece = current {
            piece.clear()
            free.append(piece)
            current = nil
        }
        try fill()
        if under.isEmpty { return nil }
        let piece = under.removeFirst()
        current = piece
        piece.wait()
        if let damage = piece.damage { throw damage }
        return piece
    }

    private func fill() throws {
        while !hasFoot, let piece = free.last {
            free.removeLast()
            under.append(piece)
            try take(piece)
            let work = work
            switch piece.frame.kind {
            case .block: piece.hand(to: crew, work)
            case .names: piece.hand(to: crew) { piece, _ in piece.check() }
            case .head, .index, .foot: piece.hand(to: crew) { piece, _ in piece.inflate() }
            }
        }
    }

    private func take(_ piece: CompressedPiece) throws {
        window.removeAll()
        try read(CompressedFrame.size, at: offset, into: window)
        guard let frame = CompressedFrame(window.view), frame.isWithinBounds else {
            throw CompressedDamage("the head of a block is damaged", offset)
        }
        let mark = mark ?? frame.mark
        self.mark = mark
        guard frame.mark == mark, frame.number == count else {
            throw CompressedDamage("a block that doesn't belong here", offset)
        }
        try checkOrder(frame)
        piece.frame = frame
        piece.offset = offset
        guard Int(frame.stored) <= input.size - offset - CompressedFrame.size else {
            throw CompressedDamage("the file ends inside a block", offset)
        }
        try read(Int(frame.stored), at: offset + CompressedFrame.size, into: piece.stored)
        if !hasIndex {
            index.append(littleEndian: UInt64(offset))
            index.append(window.view)
        }
        count &+= 1
        offset += CompressedFrame.size + Int(frame.stored)
    }

    private func checkOrder(_ frame: CompressedFrame) throws {
        switch frame.kind {
        case .head where count == 0: return
        case .block where count > 0 && !hasIndex, .names where count > 0 && !hasIndex: return
        case .index where count > 0:
            if !hasIndex { end.index = offset }
            hasIndex = true
        case .foot where hasIndex:
            end.foot = offset
            hasFoot = true
        default: throw CompressedDamage("a block of a kind that doesn't belong here", offset)
        }
    }

    private func checkIndex(_ piece: CompressedPiece) throws {
        let size = piece.raw.count
        guard size <= index.count - indexed,
            piece.raw.view == index.view[indexed..<(indexed + size)]
        else { throw CompressedDamage("the index lists other blocks than there are", piece.offset) }
        indexed += size
    }

    private func checkFoot(_ piece: CompressedPiece) throws {
        guard indexed == index.count else {
            throw CompressedDamage("the index lists fewer blocks than there are", piece.offset)
        }
        guard piece.raw.count >= head.count, piece.raw.view[0..<head.count].array == head else {
            throw CompressedDamage("the foot doesn't repeat the head", piece.offset)
        }
        foot = piece.raw.view.dropFirst(head.count).array
        window.removeAll()
        try read(CompressedEnd.size, at: offset, into: window)
        guard CompressedEnd(window.view) == end else {
            throw CompressedDamage("the file's end is damaged", offset)
        }
        if offset + CompressedEnd.size != input.size {
            throw CompressedDamage("bytes behind the end", offset + CompressedEnd.size)
        }
    }
}
