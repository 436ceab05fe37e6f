/// A frame: the head that stands before every run of stored bytes, and how the file begins and ends.
///
///     file     "\x89HFZ\r\n\x1a\n"  version u32  CRC-32C of those 12 bytes u32              16 bytes
///     frame    0   4  "HFz" and the kind's letter
///              4   4  mark of the file: frames of another file don't pass for this one's
///              8   4  number of the frame, from 0
///              12  4  stored bytes, which follow the head
///              16  4  bytes before compression
///              20  4  keys that begin in it (B), blocks that it names (N), frames that it lists (I)
///              24  4  database (B)
///              28  4  flags: 1 begins inside a key's value, 2 ends inside one (B)
///              32  4  CRC-32C of the stored bytes
///              36  4  CRC-32C of the 36 bytes before
///     end      offset of the first I frame u64, of the F frame u64, CRC-32C of those 16 bytes u32, "HFZE"
///
/// All numbers have their lowest byte first. CRC-32C finds every change of up to 32 bits in a row, and there is a
/// CPU instruction for it; what it can't vouch for in 1 of 4 billion random changes, the digest does.
import Bytes

/// What a frame holds.
enum CompressedFrameKind: UInt8 {
    /// What the file says about itself (`H`).
    case head = 0x48
    /// Keys with their values (`B`).
    case block = 0x42
    /// The names of keys of the blocks before it (`N`).
    case names = 0x4E
    /// The heads of all frames so far with their places (`I`).
    case index = 0x49
    /// The head again, counts and digest (`F`).
    case foot = 0x46
}

/// The head of a frame; see the file's header.
struct CompressedFrame: Equatable {
    static let size = 40
    static let continues: UInt32 = 1
    static let goesOn: UInt32 = 2

    var kind: CompressedFrameKind
    var mark: UInt32
    var number: UInt32 = 0
    var stored: UInt32 = 0
    var raw: UInt32 = 0
    var items: UInt32 = 0
    var database: UInt32 = 0
    var flags: UInt32 = 0
    var checksum: UInt32 = 0

    init(_ kind: CompressedFrameKind, mark: UInt32 = 0) {
        self.kind = kind
        self.mark = mark
    }

    /// Whether its first bytes belong to the key that the block before left open.
    var continues: Bool { flags & Self.continues != 0 }
    /// Whether its last key goes on in the next block.
    var goesOn: Bool { flags & Self.goesOn != 0 }

    func append(to out: ByteWriter) {
        let start = out.count
        out.append("HFz")
        out.append(kind.rawValue)
        for number in [mark, number, stored, raw, items, database, flags, checksum] {
            out.append(fixed: number)
        }
        out.append(fixed: CRC32C.checksum(out.view[start..<out.count]))
    }

    /// The head that `bytes` are; nil where they are none.
    init?(_ bytes: ByteView) {
        guard bytes.count == Self.size, bytes[0..<3] == ByteView("HFz"),
            let kind = CompressedFrameKind(rawValue: bytes[3]),
            CRC32C.checksum(bytes[0..<36]) == bytes.fixed32(at: 36)
        else { return nil }
        self.init(kind, mark: bytes.fixed32(at: 4))
        number = bytes.fixed32(at: 8)
        stored = bytes.fixed32(at: 12)
        raw = bytes.fixed32(at: 16)
        items = bytes.fixed32(at: 20)
        database = bytes.fixed32(at: 24)
        flags = bytes.fixed32(at: 28)
        checksum = bytes.fixed32(at: 32)
    }

    /// Whether memory may be taken for what it declares: within the kind's cap, and no more than deflate's
    /// best (1032 to 1) makes of the stored bytes.
    var isWithinBounds: Bool {
        let cap = kind == .foot || kind == .head ? 64 << 20 : CompressedLimits.maximumRaw
        return Int(raw) <= cap && Int(raw) <= Int(stored) * 1032 + 64
            && Int(stored) <= cap + cap / 512 + 64
    }
}

/// Sizes, in bytes.
enum CompressedLimits {
    /// A block is full from here on, at the end of a key.
    static let block = 256 << 10
    /// A value that makes a block longer than this goes on in the next.
    static let spill = block + (64 << 10)
    /// No block, names or index is longer before compression.
    static let maximumRaw = 1 << 20
    /// No more of a key's name is kept apart from the key.
    static let name = 4096
    /// The longest string, key, member or field: Redis's own bound, with room.
    static let string = 1 << 30
}

/// How the file begins.
enum CompressedStart {
    static let size = 16
    static let magic: [UInt8] = [0x89, 0x48, 0x46, 0x5A, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Whether bytes begin as a file does, of whatever version.
    static func begins(_ front: ByteView) -> Bool {
        front.count >= magic.count && front[0..<magic.count].array == magic
    }

    static func append(version: Int, to out: ByteWriter) {
        out.append(magic)
        out.append(fixed: UInt32(version))
        out.append(fixed: CRC32C.checksum(out.view))
    }
}

/// How the file ends.
struct CompressedEnd: Equatable {
    static let size = 24
    var index: Int
    var foot: Int

    init(index: Int, foot: Int) {
        self.index = index
        self.foot = foot
    }

    init?(_ bytes: ByteView) {
        guard bytes.count == Self.size, bytes[20..<24] == ByteView("HFZE"),
            CRC32C.checksum(bytes[0..<16]) == bytes.fixed32(at: 16),
            let index = Int(exactly: bytes.fixed64(at: 0)),
            let foot = Int(exactly: bytes.fixed64(at: 8))
        else { return nil }
        self.init(index: index, foot: foot)
    }

    func append(to out: ByteWriter) {
        let start = out.count
        out.append(littleEndian: UInt64(index))
        out.append(littleEndian: UInt64(foot))
        out.append(fixed: CRC32C.checksum(out.view[start..<out.count]))
        out.append("HFZE")
    }
}
