/// Writes keys with their values into blocks, and their names into frames of names.
///
///     entry     type u8 (+ 128: with a deadline)  key  [deadline zigzag, ms]  value
///     bytes     count varint, then the bytes
///     string    0  bytes                    integer   1  zigzag
///     list      2  count, elements          set       3  count, members
///     integers  4  count, zigzags that rise
///     zset      5  count, (member, score: the double's 8 bytes)
///     hash      6  count, (field, value)    hash with deadlines  7  count, (field, value, 0 or 1 + zigzag)
///     stream    8  see CompressedEntryWriter+Stream.swift
///
/// A block ends where it is full, between two keys; a value that is longer than what is left up to `spill` goes on
/// in the next block, and behind its end the block ends. So a block begins with a key, or belongs to the middle or the
/// end of one.
///
/// INVARIANT 1: a block that goes on a value has bytes of it.
/// INVARIANT 2: a number stands in one block, with the last byte of what stands before it in the value, unless
/// `settle` was called between.
import Bytes
import Digest
import Persistence
import Records

/// A type's number in a block.
enum CompressedType: UInt8 {
    case string = 0
    case integer, list, set, integers, sortedSet, hash, datedHash, stream

    static let deadline: UInt8 = 0x80

    var type: DatasetType {
        switch self {
        case .string, .integer: .string
        case .list: .list
        case .set, .integers: .set
        case .sortedSet: .sortedSet
        case .hash, .datedHash: .hash
        case .stream: .stream
        }
    }
}

/// Writes entries; one thread.
final class CompressedEntryWriter {
    private let frames: CompressedFrameWriter
    private let walk: SnapshotWalk
    private var piece: CompressedPiece
    var out: ByteWriter
    private var frame = CompressedFrame(.block)
    /// Names of the keys that begin in the block.
    private let names = ByteWriter()
    private var namesPiece: CompressedPiece
    private var namedBlocks: UInt32 = 0

    init(_ frames: CompressedFrameWriter, _ walk: SnapshotWalk) throws {
        self.frames = frames
        self.walk = walk
        piece = try frames.piece()
        out = piece.raw
        namesPiece = try frames.piece()
    }

    /// Writes all keys.
    func writeAll() throws {
        for database in 0..<walk.view.databaseCount {
            frame.database = UInt32(database)
            try walk.forEachEntry(database: database) { try write($0) }
            if out.count > 0 { try endBlock() }
        }
        if namedBlocks > 0 { try endNames() }
    }

    @inline(__always)
    private func write(_ entry: FrozenEntry) throws {
        frame.items += 1
        names.append(varint: entry.key.count)
        names.append(entry.key.count > CompressedLimits.name ? prefix(entry.key) : entry.key)
        switch entry.value {
        case .string(let value):
            try begin(.string, entry)
            try put(value)
        case .integer(let value):
            try begin(.integer, entry)
            out.append(zigzag: value)
        default: try writeCollection(entry)
        }
        if out.count >= CompressedLimits.block || frame.continues { try endBlock() }
    }

    private func prefix(_ key: ByteView) -> ByteView { key[0..<CompressedLimits.name] }

    @inline(__always)
    private func begin(_ type: CompressedType, _ entry: FrozenEntry) throws {
        guard let deadline = entry.deadline else {
            out.append(type.rawValue)
            return try put(entry.key)
        }
        out.append(type.rawValue | CompressedType.deadline)
        try put(entry.key)
        out.append(zigzag: deadline.millisecondsSinceEpoch)
    }

    // MARK: Blocks

    /// Appends bytes behind their count, over as many blocks as it takes.
    @inline(__always)
    func put(_ bytes: ByteView) throws {
        try settle()
        out.append(varint: bytes.count)
        if out.count + bytes.count <= CompressedLimits.spill { return out.append(bytes) }
        try putPieces(bytes)
    }

    private func putPieces(_ bytes: ByteView) throws {
        var rest = bytes
        while !rest.isEmpty {
            let room = max(0, CompressedLimits.spill - out.count)
            out.append(rest[0..<min(room, rest.count)])
            rest = rest.dropFirst(room)
            // INVARIANT 1: something follows.
            if !rest.isEmpty { try spill() }
        }
    }

    /// Goes on in the next block where this one is as long as it may be; called before an element.
    @inline(__always)
    func settle() throws { if out.count >= CompressedLimits.spill { try spill() } }

    private func spill() throws {
        frame.flags |= CompressedFrame.goesOn
        try endBlock()
        frame.flags = CompressedFrame.continues
    }

    private func endBlock() throws {
        namesPiece.raw.append(varint: UInt64(frames.nextNumber))
        namesPiece.raw.append(varint: UInt64(frame.database))
        namesPiece.raw.append(varint: UInt64(frame.items))
        namesPiece.raw.append(names.view)
        names.removeAll()
        namedBlocks += 1
        frames.submit(piece, frame)
        piece = try frames.piece()
        out = piece.raw
        frame.items = 0
        frame.flags = 0
        if namesPiece.raw.count >= CompressedLimits.block { try endNames() }
    }

    private func endNames() throws {
        var frame = CompressedFrame(.names)
        frame.items = namedBlocks
        frames.submit(namesPiece, frame)
        namesPiece = try frames.piece()
        namedBlocks = 0
    }

    // MARK: Collections

    private func writeCollection(_ entry: FrozenEntry) throws {
        switch entry.value {
        case .string, .integer: preconditionFailure("a string is no collection")
        case .list(let list):
            try begin(.list, entry)
            out.append(varint: list.count)
            try list.forEachElement { try put($0) }
        case .set(let set) where set.isIntegers:
            try begin(.integers, entry)
            out.append(varint: set.count)
            try set.forEachMember { member in
                guard let number = Decimal.parse(member) else {
                    preconditionFailure("a set of integers holds integers")
                }
                try settle()
                out.append(zigzag: number)
            }
        case .set(let set):
            try begin(.set, entry)
            out.append(varint: set.count)
            try set.forEachMember { try put($0) }
        case .sortedSet(let set):
            try begin(.sortedSet, entry)
            out.append(varint: set.count)
            try set.forEachMember { member, score in
                try put(member)
                out.append(littleEndian: score.bitPattern)
            }
        case .hash(let hash): try write(hash, entry)
        case .stream(let stream):
            try begin(.stream, entry)
            try write(stream)
        }
    }

    private func write(_ hash: any FrozenHash, _ entry: FrozenEntry) throws {
        let isDated = hash.hasDeadlines
        try begin(isDated ? .datedHash : .hash, entry)
        out.append(varint: try walk.liveCount(of: hash))
        try hash.forEachField { field, value, deadline in
            if isDated && !walk.isLive(deadline) { return }
            try put(field)
            try put(value)
            if !isDated { return }
            guard let deadline else { return out.append(0) }
            out.append(1)
            out.append(zigzag: deadline.millisecondsSinceEpoch)
        }
    }
}
