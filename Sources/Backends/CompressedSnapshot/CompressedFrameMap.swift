/// Where the frames of a damaged file are: by its index, or, where that is damaged too, by looking for heads of frames.
///
/// A head is found by its letters and its own checksum; it must bear the mark of the file's other frames, so the
/// frames of a snapshot that somebody keeps as a value inside this one aren't taken for its own.
import Bytes
import Persistence

/// The frames of a file that may be damaged.
struct CompressedFrameMap {
    /// A frame and where its head begins.
    struct Place {
        let offset: Int
        let frame: CompressedFrame
    }

    /// A run of bytes in which no frame was found, and the numbers of the frames that must have stood there.
    struct Gap {
        let offset: Int
        let length: Int
        let numbers: Range<UInt32>
    }

    /// By rising number.
    private(set) var places: [Place] = []
    private(set) var gaps: [Gap] = []
    /// Whether the index was read; else the frames were searched for.
    private(set) var isIndexed = false

    private let input: SnapshotInput

    init(_ input: SnapshotInput) throws {
        self.input = input
        isIndexed = try readIndex()
        if !isIndexed { try search() }
    }

    /// The bytes before compression of a frame; nil where they are damaged.
    static func load(
        _ place: Place, _ input: SnapshotInput, into piece: CompressedPiece
    ) throws(PersistenceError) -> CompressedDamage? {
        piece.clear()
        piece.frame = place.frame
        piece.offset = place.offset
        let size = Int(place.frame.stored)
        let got = try readAll(
            size, at: place.offset + CompressedFrame.size, input, into: piece.stored)
        if got < size { return CompressedDamage("the file ends inside it", place.offset) }
        guard place.frame.isWithinBounds else {
            return CompressedDamage("its head declares more than it can hold", place.offset)
        }
        piece.inflate()
        return piece.damage
    }

    /// Appends up to `size` bytes; fewer where the file ends.
    static func readAll(
        _ size: Int, at offset: Int, _ input: SnapshotInput, into out: ByteWriter
    ) throws(PersistenceError) -> Int {
        let most = max(0, min(size, input.size - offset))
        var done = 0
        while done < most {
            let got = try input.read(most - done, at: offset + done, into: out)
            if got == 0 { break }
            done += got
        }
        return done
    }

    /// The head of a frame at an offset; nil where there is none.
    static func frame(
        at offset: Int, _ input: SnapshotInput
    ) throws(PersistenceError) -> CompressedFrame? {
        let window = ByteWriter(capacity: 64)
        guard offset >= CompressedStart.size,
            try readAll(CompressedFrame.size, at: offset, input, into: window)
                == CompressedFrame.size
        else { return nil }
        return CompressedFrame(window.view)
    }

    // MARK: By the index

    private mutating func readIndex() throws -> Bool {
        let window = ByteWriter(capacity: 64)
        _ = try Self.readAll(
            CompressedEnd.size, at: max(0, input.size - CompressedEnd.size), input, into: window)
        guard let end = CompressedEnd(window.view) else { return false }
        let piece = CompressedPiece()
        let all = ByteWriter()
        var offset = end.index
        var last: [Place] = []
        while let frame = try Self.frame(at: offset, input) {
            let place = Place(offset: offset, frame: frame)
            last.append(place)
            if frame.kind == .foot { break }
            guard frame.kind == .index, try Self.load(place, input, into: piece) == nil else {
                return false
            }
            all.append(piece.raw.view)
            offset += CompressedFrame.size + Int(frame.stored)
        }
        let record = CompressedFrame.size + 8
        guard last.last?.frame.kind == .foot, all.count % record == 0 else { return false }
        for start in stride(from: 0, to: all.count, by: record) {
            let bytes = all.view[start..<(start + record)]
            guard let offset = Int(exactly: bytes.fixed64(at: 0)), offset < input.size,
                let frame = CompressedFrame(bytes.dropFirst(8)), Int(frame.number) == places.count
            else {
                places = []
                return false
            }
            places.append(Place(offset: offset, frame: frame))
        }
        places += last
        return true
    }

    // MARK: By their heads

    private mutating func search() throws {
        var offset = CompressedStart.size
        var mark: UInt32?
        var next: UInt32 = 0
        while offset < input.size {
            let found = try nextFrame(from: offset, mark: mark, number: next)
            let begin = found?.offset ?? input.size
            // The file's end is no gap.
            if begin > offset, found != nil || begin - offset != CompressedEnd.size {
                let number = found?.frame.number ?? next
                gaps.append(
                    Gap(
                        offset: offset, length: begin - offset,
                        numbers: next..<max(next, number)))
            }
            guard let found else { break }
            mark = found.frame.mark
            next = found.frame.number &+ 1
            places.append(found)
            offset = begin + CompressedFrame.size + Int(found.frame.stored)
        }
    }

    /// The next head from an offset on that may be one of this file's.
    ///
    /// Numbers rise, so the copies of heads that the index holds aren't taken for heads.
    private func nextFrame(
        from start: Int, mark: UInt32?, number: UInt32
    ) throws -> Place? {
        let window = ByteWriter(capacity: CompressedLimits.block)
        var base = start
        while base < input.size {
            window.removeAll()
            let got = try Self.readAll(CompressedLimits.block, at: base, input, into: window)
            let view = window.view
            var place = 0
            while place + CompressedFrame.size <= got {
                if view[place] == 0x48, view[place + 1] == 0x46, view[place + 2] == 0x7A,
                    let frame = CompressedFrame(view[place..<(place + CompressedFrame.size)]),
                    mark == nil || frame.mark == mark, frame.number >= number
                {
                    return Place(offset: base + place, frame: frame)
                }
                place += 1
            }
            if got < CompressedFrame.size { return nil }
            base += place
        }
        return nil
    }
}
