/// The `compressed` format: blocks of keys, deflated on all cores, each checked by itself; FORMAT.md has every byte.
///
///     start  H  B B B ... N  B B B ... N  I  F  end
///
///     H  head: server, sequence, time           N  names of the keys of the blocks before it
///     B  block: some 256 KB of keys and values  I  index: place and head of every frame
///                                               F  foot: the head again, counts, digest
///
/// Made for backups: small, fast both ways, and a damaged block loses its own keys only, which are known by name,
/// since the names stand in another place (`salvage`). Memory: the crew's ring of pieces, some 1 MB each, and the index.
import Bytes
import Digest
import Persistence
import Records

/// Reads and writes compressed snapshots; see the file's header.
public struct CompressedSnapshot: SnapshotFormat {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "compressed", abilities: [.snapshots],
        summary: "deflated blocks with checksums, on all cores: backups")
    /// `.hfz`.
    public static let fileExtension = "hfz"
    /// The version that is written and read.
    static let version = 1

    private let level: Int

    /// The format with `compressed-level` as it is.
    public init(_ settings: BackendSettings) { level = settings.compressionLevel }

    /// Writes the file.
    public func write(
        _ walk: SnapshotWalk, _ header: SnapshotHeader, to output: SnapshotOutput
    ) throws {
        let head = ByteWriter()
        CompressedFacts.append(header, to: head)
        CompressedStart.append(version: Self.version, to: output.buffer)
        let crew = WorkCrew(isBackground: true)
        let frames = CompressedFrameWriter(
            to: output, level: level, mark: CRC32C.checksum(head.view), crew: crew)
        try write(.head, head.view, frames)
        try CompressedEntryWriter(frames, walk).writeAll()
        try frames.finish()
        let index = output.position
        try writeIndex(frames)
        try frames.finish()
        let foot = output.position
        CompressedFacts.append(walk.report, to: head)
        try write(.foot, head.view, frames)
        try frames.finish()
        CompressedEnd(index: index, foot: foot).append(to: output.buffer)
    }

    private func write(
        _ kind: CompressedFrameKind, _ bytes: ByteView, _ frames: CompressedFrameWriter,
        items: Int = 0
    ) throws {
        let piece = try frames.piece()
        piece.raw.append(bytes)
        var frame = CompressedFrame(kind)
        frame.items = UInt32(items)
        frames.submit(piece, frame)
    }

    private func writeIndex(_ frames: CompressedFrameWriter) throws {
        let record = CompressedFrame.size + 8
        let all = ByteWriter()
        all.append(frames.index.view)
        let most = CompressedLimits.block / record * record
        var rest = all.view
        while !rest.isEmpty {
            let part = rest[0..<min(most, rest.count)]
            try write(.index, part, frames, items: part.count / record)
            rest = rest.dropFirst(part.count)
        }
    }

    /// Reads the file.
    public func read(
        _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> SnapshotContents {
        do {
            let reader = try CompressedFrameReader(input, WorkCrew(isBackground: false))
            let blocks = CompressedBlockReader(reader, input)
            target.beginLoading()
            while let piece = try reader.nextBlock() { try blocks.read(piece, into: target) }
            if let key = target.endLoading() {
                let name = key.withByteView { $0.text }
                throw input.damaged("the key '\(name)' is there twice", at: CompressedStart.size)
            }
            return try Self.contents(reader, blocks.counts)
        } catch let damage as CompressedDamage {
            throw input.damaged("The snapshot is damaged: \(damage.message)", at: damage.offset)
        }
    }

    /// Compares the counts with the foot's.
    static func contents(
        _ reader: CompressedFrameReader, _ counts: DatasetCounts
    ) throws -> SnapshotContents {
        let found = try reader.foot.withByteView {
            try CompressedFacts.readFoot(CompressedBytes($0, at: reader.footOffset))
        }
        let expected = ByteWriter()
        CompressedFacts.append(counts, to: expected)
        if found.counts != expected.array {
            throw CompressedDamage(
                "the foot counts other keys than there are (\(counts.keys))", reader.footOffset)
        }
        var contents = SnapshotContents()
        contents.header = reader.header
        contents.keys = counts.keys
        contents.digest = found.digest
        return contents
    }
}

/// Reads blocks one after the other, values that go on over several included; one thread.
final class CompressedBlockReader {
    private let reader: CompressedFrameReader
    private let input: SnapshotInput
    private let entries = CompressedEntryReader()
    /// Keys read.
    private(set) var counts = DatasetCounts()

    init(_ reader: CompressedFrameReader, _ input: SnapshotInput) {
        self.reader = reader
        self.input = input
    }

    /// Reads the block, and those that the value of its last key goes on in.
    func read(_ piece: CompressedPiece, into target: any ReplayTarget) throws {
        let frame = piece.frame
        if frame.continues {
            throw CompressedDamage("it goes on with a key that wasn't begun", piece.offset)
        }
        let database = Int(frame.database)
        guard database < target.databaseCount else {
            throw CompressedDamage(
                "keys of database \(database), of \(target.databaseCount) there are ('databases')",
                piece.offset)
        }
        _ = begin(piece)
        for _ in 0..<frame.items {
            let found = try entries.read(into: target, database: database)
            counts.add(found.type, database: database, hasDeadline: found.hasDeadline)
        }
        guard entries.bytes.isComplete else {
            throw entries.bytes.damaged("it holds more than its keys")
        }
    }

    private func begin(_ piece: CompressedPiece) -> ByteView {
        let view = piece.raw.view
        let database = piece.frame.database
        entries.bytes.begin(
            view, at: piece.offset, more: input.size - piece.offset,
            next: piece.frame.goesOn ? { [unowned self] in try next(database) } : nil)
        return view
    }

    private func next(_ database: UInt32) throws -> ByteView {
        guard let piece = try reader.nextBlock() else {
            throw entries.bytes.damaged("its last key goes on nowhere")
        }
        guard piece.frame.continues, piece.frame.items == 0, piece.frame.database == database,
            piece.raw.count > 0
        else { throw CompressedDamage("it doesn't go on with the key before", piece.offset) }
        return begin(piece)
    }
}
