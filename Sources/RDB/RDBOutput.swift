/// Bytes in Redis's formats on their way out: buffered, hashed, and drained where they go to a file.
///
/// Without a drain everything stays in the buffer: DUMP's answer. With one the buffer is handed on whenever
/// it holds `threshold` bytes, between elements, so a snapshot takes the memory of one string or node.
import Bytes

/// Takes what is written; one thread at a time.
public final class RDBOutput {
    /// Takes bytes that are finished; borrowed for the call.
    public typealias Drain = (_ bytes: ByteView) throws -> Void

    /// What was not drained yet.
    public let buffer: ByteWriter
    private let drain: Drain?
    private let threshold: Int
    private var drained = 0
    private var checksumSoFar: UInt64 = 0
    private let isCompressing: Bool
    private let isHashing: Bool
    private var compressor = LZFCompressor()
    private let compressed = ByteWriter(capacity: 256)
    /// Longer strings go as they are, as Redis leaves them: LZF's sizes have 32 bits.
    private static let longestCompressed = Int(UInt32.max)

    /// Output that stays in `buffer`.
    public init(_ buffer: ByteWriter = ByteWriter(), compresses: Bool = true) {
        self.buffer = buffer
        drain = nil
        threshold = .max
        isCompressing = compresses
        isHashing = true
    }

    /// Output that goes on to `drain`, `threshold` bytes and more at a time.
    ///
    /// - Parameters:
    ///   - buffer: whose bytes the drain takes; nil: one of its own. The drain may empty it itself.
    ///   - hashes: false leaves the checksum at 0.
    public init(
        buffer: ByteWriter? = nil, threshold: Int = 256 * 1024, compresses: Bool = true,
        hashes: Bool = true, drain: @escaping Drain
    ) {
        self.buffer = buffer ?? ByteWriter(capacity: threshold + threshold / 4)
        self.drain = drain
        self.threshold = threshold
        isCompressing = compresses
        isHashing = hashes
    }

    /// Bytes written so far.
    public var position: Int { drained + buffer.count }

    /// Hands the buffer on if it is large; call it between elements.
    @inline(__always)
    func settle() throws {
        if buffer.count >= threshold { try flush() }
    }

    /// Hands the buffer on, where there is somebody to take it.
    public func flush() throws {
        guard let drain, buffer.count > 0 else { return }
        checksumSoFar = checksum()
        let count = buffer.count
        try drain(buffer.view)
        drained += count
        buffer.removeAll(keepingUpTo: 4 << 20)
    }

    /// The checksum of everything written so far; 0 where there is to be none.
    func checksum() -> UInt64 {
        isHashing ? CRC64.checksum(buffer.view, seed: checksumSoFar) : 0
    }
}

/// Lengths, numbers and strings.
extension RDBOutput {
    /// Writes a length in its shortest form.
    func append(length: UInt64) {
        switch length {
        case 0..<64: buffer.append(UInt8(length))
        case 64..<16384:
            buffer.append(0x40 | UInt8(length >> 8))
            buffer.append(UInt8(length & 255))
        case 16384...UInt64(UInt32.max):
            buffer.append(0x80)
            buffer.append(bigEndian: length, width: 4)
        default:
            buffer.append(0x81)
            buffer.append(bigEndian: length, width: 8)
        }
    }

    /// Writes a count.
    func append(count: Int) { append(length: UInt64(count)) }

    /// Writes a time or other number in 8 bytes.
    func append(littleEndian value: Int64) {
        buffer.append(littleEndian: UInt64(bitPattern: value), width: 8)
    }

    /// Writes an id in its raw 16 bytes.
    func append(milliseconds: UInt64, sequence: UInt64) {
        buffer.append(bigEndian: milliseconds, width: 8)
        buffer.append(bigEndian: sequence, width: 8)
    }

    /// Writes a string: as an integer where it spells one of 32 bits, compressed where that saves.
    func append(string: ByteView) {
        if string.count <= 11, let integer = Decimal.parse(string), appendShort(integer) { return }
        append(blob: string)
    }

    /// Writes a string that people may look for in the file: as an integer where it spells one of 32 bits.
    func append(uncompressed string: ByteView) {
        if string.count <= 11, let integer = Decimal.parse(string), appendShort(integer) { return }
        append(count: string.count)
        buffer.append(string)
    }

    /// Writes an integer as a string.
    func append(integer: Int64) {
        if appendShort(integer) { return }
        append(length: UInt64(Decimal.length(integer)))
        buffer.append(decimal: Int(integer))
    }

    private func appendShort(_ integer: Int64) -> Bool {
        let width =
            Int8(exactly: integer) != nil
            ? 1 : Int16(exactly: integer) != nil ? 2 : Int32(exactly: integer) != nil ? 4 : 0
        if width == 0 { return false }
        buffer.append(0xC0 | UInt8(width >> 1))
        buffer.append(littleEndian: UInt64(bitPattern: integer), width: width)
        return true
    }

    /// Writes a string that is no integer: compressed where that saves.
    func append(blob: ByteView) {
        if isCompressing && blob.count > 20 && appendCompressed(blob) { return }
        append(count: blob.count)
        buffer.append(blob)
    }

    /// The compressed bytes are written behind their head, whose size depends on theirs, so they go to a
    /// buffer of their own first.
    private func appendCompressed(_ blob: ByteView) -> Bool {
        guard blob.count <= Self.longestCompressed else { return false }
        compressed.removeAll(keepingUpTo: 1 << 20)
        guard compressor.compress(blob, to: compressed) else { return false }
        buffer.append(0xC3)
        append(count: compressed.count)
        append(count: blob.count)
        buffer.append(compressed.view)
        return true
    }
}
