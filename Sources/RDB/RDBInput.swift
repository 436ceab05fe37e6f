/// The bytes of a payload or file on their way in: a window, a place in it, and texts that outlive a refill.
///
/// Over a payload the window is the payload. Over a file it slides: `pull` adds bytes behind it, and what
/// stands before the last `mark` is dropped. So a file is read in one pass with the memory of its longest
/// string, not of its longest value.
///
/// INVARIANT 1: places are absolute (`windowStart + index`), so an `RDBText` read before a refill is still
/// right after it; its view is asked for when no more is read.
/// INVARIANT 2: memory grows with bytes that have come, never with a length that is only announced.
/// INVARIANT 3: `hashed` lies between `windowStart` and the mark; every byte is hashed once.
import Bytes

/// A string that was read: where its bytes stand. Valid until the next `mark`.
public struct RDBText {
    fileprivate let isScratch: Bool
    fileprivate let start: Int
    /// Bytes in it.
    public let count: Int
}

/// A source of bytes in Redis's formats; one thread at a time.
public final class RDBInput {
    /// Appends up to `count` bytes to `window` and answers how many; 0 at the end of the source.
    public typealias Pull = (_ window: ByteWriter, _ count: Int) throws -> Int

    /// What may be held.
    public let limits: RDBLimits
    private let pull: Pull?
    private let store: ByteWriter
    private var window: ByteView
    private var next = 0
    private var windowStart = 0
    private var kept = 0
    private let scratch = ByteWriter(capacity: 256)
    private var hashed = 0
    private var checksumSoFar: UInt64 = 0
    private var isHashing = false

    private static let chunk = 256 * 1024
    private static let longestPull = 4 << 20

    /// Bytes that are all there; the view must outlive the input.
    public init(_ bytes: ByteView, limits: RDBLimits = RDBLimits()) {
        self.limits = limits
        pull = nil
        store = ByteWriter(capacity: 64)
        window = bytes
    }

    /// Bytes that come as they are asked for.
    ///
    /// - Parameter start: what the first byte's place is called in errors.
    public init(limits: RDBLimits = RDBLimits(), start: Int = 0, pull: @escaping Pull) {
        self.limits = limits
        self.pull = pull
        store = ByteWriter(capacity: Self.chunk)
        window = store.view
        windowStart = start
        hashed = start
    }

    /// The place of the next byte, from the start of the source.
    public var position: Int { windowStart + next }

    /// What has come and was not read yet.
    public var unread: ByteView { window[next..<window.count] }

    /// How many bytes are known to be left: an upper bound of what a payload's counts can mean.
    var known: Int { window.count - next }

    /// Forgets the texts read so far: what stands before this place may be dropped.
    public func mark() {
        kept = next
        scratch.removeAll(keepingUpTo: 1 << 20)
    }

    /// The bytes of a text; valid until the next read or mark.
    public func view(_ text: RDBText) -> ByteView {
        let whole = text.isScratch ? scratch.view : window
        let start = text.isScratch ? text.start : text.start - windowStart
        return whole[start..<(start + text.count)]
    }
}

/// Reading fixed sizes.
extension RDBInput {
    /// Makes `count` bytes available behind the place.
    @inline(__always)
    func need(_ count: Int) throws {
        if window.count - next < count { try fill(count) }
    }

    @inline(never)
    private func fill(_ count: Int) throws {
        guard let pull else { throw truncated() }
        if kept > 0 {
            hash(to: windowStart + kept)
            store.discardFirst(kept)
            windowStart += kept
            next -= kept
            kept = 0
        }
        while store.count - next < count {
            let missing = count - (store.count - next)
            // Twice what has come, at most: a length that is only announced takes no memory.
            let wish = max(Self.chunk, min(missing, store.count, Self.longestPull))
            let come = try pull(store, wish)
            window = store.view
            if come <= 0 { throw truncated() }
        }
    }

    private func truncated() -> RDBError {
        RDBError(.truncated, "the data ends too early", offset: windowStart + window.count)
    }

    /// Whether another byte can be read.
    public func hasMore() throws -> Bool {
        do {
            try need(1)
            return true
        } catch let error as RDBError where error.code == .truncated {
            return false
        }
    }

    /// The next byte.
    @inline(__always)
    public func readByte() throws -> UInt8 {
        try need(1)
        defer { next += 1 }
        return window[next]
    }

    /// The next `count` bytes; valid until the next read.
    func readRaw(_ count: Int) throws -> ByteView {
        try need(count)
        defer { next += count }
        return window[next..<(next + count)]
    }

    func readLittleEndian32() throws -> UInt32 { try readRaw(4).littleEndian32(0) }

    func readLittleEndian64() throws -> UInt64 { try readRaw(8).littleEndian64(0) }

    /// Milliseconds since 1970, or a time that only looks like it.
    func readTime() throws -> Int64 { Int64(bitPattern: try readLittleEndian64()) }

    func readDouble() throws -> Double { Double(bitPattern: try readLittleEndian64()) }

    /// The raw 16 bytes of a stream's id.
    func readStreamID() throws -> (UInt64, UInt64) {
        let bytes = try readRaw(16)
        return (bytes.bigEndian64(0), bytes.bigEndian64(8))
    }
}

/// Checksums.
extension RDBInput {
    /// Begins hashing at the place.
    func beginChecksum() {
        hash(to: position)
        checksumSoFar = 0
        isHashing = true
    }

    /// Hashes up to the place; the sum since `beginChecksum`.
    func checksum() -> UInt64 {
        hash(to: position)
        return checksumSoFar
    }

    private func hash(to end: Int) {
        // What was read but not marked is hashed too: it is hashed from `hashed` on, never twice.
        if isHashing && end > hashed {
            let part = window[(hashed - windowStart)..<(end - windowStart)]
            checksumSoFar = CRC64.checksum(part, seed: checksumSoFar)
        }
        hashed = max(hashed, end)
    }
}

/// Lengths and strings.
extension RDBInput {
    /// A length, or the number of a special encoding.
    private func readLengthOrEncoding() throws -> (value: UInt64, isEncoding: Bool) {
        let first = try readByte()
        switch first >> 6 {
        case 0: return (UInt64(first & 63), false)
        case 1: return (UInt64(first & 63) << 8 | UInt64(try readByte()), false)
        case 3: return (UInt64(first & 63), true)
        default:
            if first == 0x80 { return (UInt64(try readRaw(4).bigEndian32(0)), false) }
            if first == 0x81 { return (try readRaw(8).bigEndian64(0), false) }
            throw corrupt("unknown length encoding")
        }
    }

    /// A length, which may be any number of 64 bits.
    public func readLength() throws -> UInt64 {
        let (value, isEncoding) = try readLengthOrEncoding()
        if isEncoding { throw corrupt("a string's encoding where a length belongs") }
        return value
    }

    /// A number of things that follow.
    func readCount() throws -> Int {
        guard let count = Int(exactly: try readLength()) else {
            throw corrupt("a count beyond all bounds")
        }
        return count
    }

    /// A string in any of its encodings; the text lives until the next `mark`.
    public func readText() throws -> RDBText {
        let (value, isEncoding) = try readLengthOrEncoding()
        if !isEncoding { return try readPlain(value) }
        if value == 3 { return try readCompressed() }
        let integer = try readInteger(encoding: value)
        let start = scratch.count
        scratch.append(decimal: Int(integer))
        return RDBText(isScratch: true, start: start, count: scratch.count - start)
    }

    /// A string that is a value of its own: an integer where it is stored as one.
    func readStringValue() throws -> (text: RDBText?, integer: Int64) {
        try need(1)
        let first = window[next]
        if first >> 6 == 3 && first & 63 < 3 {
            next += 1
            return (nil, try readInteger(encoding: UInt64(first & 63)))
        }
        return (try readText(), 0)
    }

    private func readInteger(encoding: UInt64) throws -> Int64 {
        switch encoding {
        case 0: return Int64(Int8(bitPattern: try readByte()))
        case 1: return Int64(Int16(bitPattern: try readRaw(2).littleEndian16(0)))
        case 2: return Int64(Int32(bitPattern: try readLittleEndian32()))
        default: throw corrupt("unknown string encoding \(encoding)")
        }
    }

    private func length(_ value: UInt64) throws -> Int {
        guard let count = Int(exactly: value), count <= limits.stringBytes else {
            throw RDBError(
                .tooLarge, "a string of \(value) bytes is longer than allowed", offset: position)
        }
        return count
    }

    private func readPlain(_ value: UInt64) throws -> RDBText {
        let count = try length(value)
        try need(count)
        let start = position
        next += count
        return RDBText(isScratch: false, start: start, count: count)
    }

    private func readCompressed() throws -> RDBText {
        let compressed = try length(try readLength())
        let count = try length(try readLength())
        let bytes = try readRaw(compressed)
        let start = scratch.count
        do throws(RDBError) {
            try LZF.decompress(bytes, count: count, to: scratch)
        } catch {
            throw corrupt(error.message)
        }
        return RDBText(isScratch: true, start: start, count: count)
    }

    /// An error with this place.
    func corrupt(_ message: String) -> RDBError {
        RDBError(.corrupt, message, offset: position)
    }
}
