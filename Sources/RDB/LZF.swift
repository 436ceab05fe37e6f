/// LZF, the compression of strings in snapshots: fast, small, and bounded in what it can expand to.
///
///     control < 32                 control + 1 literal bytes follow
///     control = lll ooooo, oooooooo         copy lll + 2 bytes from o + 1 bytes back, lll 1 ... 6
///     control = 111 ooooo, length, oooooooo  copy length + 9 bytes from o + 1 bytes back
///
/// A copy may overlap what it writes. Three bytes become 264 at most, so a declared size is checked
/// against 88 times the input before memory is taken for it.
import Bytes

/// The compression of strings in RDB files.
public enum LZF {
    /// How many bytes one byte of input can become.
    static let highestRatio = 88

    /// Appends the `count` bytes that `input` expands to.
    ///
    /// - Throws: `.corrupt` where it expands to more, to less, or reaches back before its start.
    public static func decompress(
        _ input: ByteView, count: Int, to output: ByteWriter
    ) throws(RDBError) {
        guard count >= 0, count <= input.count.multipliedReportingOverflow(by: highestRatio).0
        else {
            throw .corrupt("LZF data can't expand to the declared length")
        }
        _ = try unsafe output.appendFilling(count) { (room) throws(RDBError) -> Int in
            try unsafe expand(input, into: room)
            return count
        }
    }

    /// SAFETY: every write is checked against `room.count`, every read back against what was written.
    private static func expand(
        _ input: ByteView, into room: UnsafeMutableRawBufferPointer
    ) throws(RDBError) {
        let failure = RDBError.corrupt("LZF data is damaged")
        var index = 0
        var written = 0
        while index < input.count {
            let control = Int(input[index])
            index += 1
            if control < 32 {
                let length = control + 1
                guard input.count - index >= length, room.count - written >= length else {
                    throw failure
                }
                unsafe input[index..<(index + length)].withUnsafePointer { base, count in
                    unsafe room.baseAddress?.advanced(by: written)
                        .copyMemory(from: base, byteCount: count)
                }
                index += length
                written += length
                continue
            }
            var length = control >> 5
            if length == 7 {
                guard index < input.count else { throw failure }
                length += Int(input[index])
                index += 1
            }
            length += 2
            guard index < input.count else { throw failure }
            let distance = ((control & 31) << 8 | Int(input[index])) + 1
            index += 1
            guard distance <= written, room.count - written >= length else { throw failure }
            if let base = room.baseAddress {
                unsafe repeatBytes(base.advanced(by: written), distance: distance, length: length)
            }
            written += length
        }
        guard written == room.count else { throw failure }
    }

    /// Writes `length` bytes, each of which is what stands `distance` bytes before it.
    ///
    /// SAFETY: the caller has checked that both lie in its room.
    @inline(__always)
    private static func repeatBytes(
        _ place: UnsafeMutableRawPointer, distance: Int, length: Int
    ) {
        let source = unsafe place.advanced(by: -distance)
        if distance == 1 {
            let byte = unsafe source.load(as: UInt8.self)
            unsafe place.initializeMemory(as: UInt8.self, repeating: byte, count: length)
            return
        }
        // What was written so far repeats the source, so that each turn copies twice as much.
        var written = 0
        while written < length {
            let count = min(distance + written, length - written)
            unsafe place.advanced(by: written).copyMemory(from: source, byteCount: count)
            written += count
        }
    }
}

/// Compresses strings; keep one for many, its table is not cleared between them.
public struct LZFCompressor {
    private static let tableBits = 13
    private static let longestCopy = 264
    private static let farthest = 8192
    /// For a hash of three bytes, where they stood last, counted over all inputs so far.
    /// Made when first needed: most values are too short to be compressed.
    private var table: [Int] = []
    /// What the current input's first byte counts as.
    private var base = 0

    /// A compressor.
    public init() {}

    /// Appends `input` compressed, unless that saves fewer than `saving` bytes.
    ///
    /// - Returns: whether it was appended; if not, nothing was.
    public mutating func compress(
        _ input: ByteView, to output: ByteWriter, saving: Int = 4
    ) -> Bool {
        let start = output.count
        let limit = input.count - saving
        guard limit > 0 else { return false }
        if table.isEmpty { table = [Int](repeating: -1, count: 1 << Self.tableBits) }
        var literals = 0
        var index = 0
        while index < input.count {
            let length = index + 3 <= input.count ? match(input, at: index) : 0
            if length == 0 {
                index += 1
                continue
            }
            Self.append(literals: input[literals..<index], to: output)
            Self.append(copy: length, distance: distance, to: output)
            // The places inside a copy are entered too, up to a few: more finds, little time.
            for place in (index + 1)..<min(index + length, index + 4, input.count - 2) {
                table[Self.hash(input, place)] = base + place
            }
            index += length
            literals = index
            if output.count - start > limit { break }
        }
        Self.append(literals: input[literals..<input.count], to: output)
        base += input.count
        if output.count - start <= limit { return true }
        output.truncate(to: start)
        return false
    }

    /// How far back the last match was.
    private var distance = 0

    /// Length of the longest run at `index` that stood before, at the last place with its three bytes.
    private mutating func match(_ input: ByteView, at index: Int) -> Int {
        let slot = Self.hash(input, index)
        let candidate = table[slot] - base
        table[slot] = base + index
        guard candidate >= 0, index - candidate <= Self.farthest else { return 0 }
        let longest = min(Self.longestCopy, input.count - index)
        var length = 0
        while length < longest && input[candidate + length] == input[index + length] { length += 1 }
        distance = index - candidate
        return length < 3 ? 0 : length
    }

    private static func hash(_ input: ByteView, _ index: Int) -> Int {
        let bytes =
            UInt32(input[index]) | UInt32(input[index + 1]) << 8 | UInt32(input[index + 2]) << 16
        return Int((bytes &* 2_654_435_761) >> UInt32(32 - tableBits))
    }

    private static func append(literals: ByteView, to output: ByteWriter) {
        var start = 0
        while start < literals.count {
            let count = min(32, literals.count - start)
            output.append(UInt8(count - 1))
            output.append(literals[start..<(start + count)])
            start += count
        }
    }

    private static func append(copy length: Int, distance: Int, to output: ByteWriter) {
        let back = distance - 1
        let code = length - 2
        output.append(UInt8(min(code, 7) << 5 | back >> 8))
        if code >= 7 { output.append(UInt8(code - 7)) }
        output.append(UInt8(back & 255))
    }
}
