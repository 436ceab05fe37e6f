/// Intsets: sets of integers, sorted, all of one width.
///
///     0      4      8
///     [width][count][integer ...]      u32s and integers lowest byte first; width 2, 4 or 8
import Bytes

/// Reads an intset.
struct IntsetReader {
    private let blob: ByteView
    private let width: Int
    /// Members in it; at least one.
    let count: Int
    private var index = 0
    private var last = Int64.min

    init(_ blob: ByteView) throws(RDBError) {
        self.blob = blob
        guard blob.count >= 8 else { throw .corrupt("an intset is too short") }
        width = Int(blob.littleEndian32(0))
        count = Int(blob.littleEndian32(4))
        guard [2, 4, 8].contains(width), count > 0, blob.count == 8 + count * width else {
            throw .corrupt("an intset's width or count is wrong")
        }
    }

    mutating func next() throws(RDBError) -> Int64? {
        if index == count { return nil }
        let value = blob.signedLittleEndian(8 + index * width, width: width)
        guard index == 0 || value > last else { throw .corrupt("an intset is not sorted") }
        last = value
        index += 1
        return value
    }
}

/// Writes an intset.
enum IntsetWriter {
    /// The bytes that every integer between the two needs.
    static func width(_ lowest: Int64, _ highest: Int64) -> Int {
        if lowest >= Int64(Int16.min) && highest <= Int64(Int16.max) { return 2 }
        return lowest >= Int64(Int32.min) && highest <= Int64(Int32.max) ? 4 : 8
    }

    /// Appends an intset's head; `count` integers of `width` bytes follow.
    static func begin(width: Int, count: Int, to output: ByteWriter) {
        output.append(littleEndian: UInt64(width), width: 4)
        output.append(littleEndian: UInt64(count), width: 4)
    }
}
