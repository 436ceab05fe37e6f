/// A set of integers as one sorted run of bytes.
///
///     width u8 (2, 4 or 8), then the integers by rising value, little-endian
///
/// The width is that of the widest member there ever was. A search halves; an insertion rewrites the run, whose
/// length `set-max-intset-entries` bounds (512: 4 KB).
import Bytes

/// Reading and rewriting a run of integers.
struct IntegerSet {
    let bytes: ByteView

    init(_ bytes: ByteView) { self.bytes = bytes }

    var width: Int { Int(bytes[0]) }

    /// Members.
    var count: Int { (bytes.count - 1) / width }

    /// The integer of this index (0 ..< count).
    @inline(__always)
    subscript(index: Int) -> Int64 {
        let start = 1 + index * width
        var word: UInt64 = 0
        for place in 0..<width { word |= UInt64(bytes[start + place]) << UInt64(8 * place) }
        let unused = UInt64(64 - 8 * width)
        return Int64(bitPattern: word << unused) >> Int64(unused)
    }

    /// Where `integer` is, or would be.
    func place(of integer: Int64) -> (index: Int, isThere: Bool) {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < integer { low = middle + 1 } else { high = middle }
        }
        return (low, low < count && self[low] == integer)
    }

    /// Bytes that an integer needs: 2, 4 or 8.
    static func width(of integer: Int64) -> Int {
        Int64(Int16(truncatingIfNeeded: integer)) == integer
            ? 2 : Int64(Int32(truncatingIfNeeded: integer)) == integer ? 4 : 8
    }

    /// Writes the run with `integer` inserted at `index` to `out`.
    func write(inserting integer: Int64, at index: Int, to out: ByteWriter) {
        let wide = max(width, IntegerSet.width(of: integer))
        out.append(UInt8(wide))
        if wide == width {
            out.append(bytes[1..<(1 + index * width)])
            IntegerSet.append(integer, width: wide, to: out)
            out.append(bytes.dropFirst(1 + index * width))
            return
        }
        for other in 0..<count {
            if other == index { IntegerSet.append(integer, width: wide, to: out) }
            IntegerSet.append(self[other], width: wide, to: out)
        }
        if index == count { IntegerSet.append(integer, width: wide, to: out) }
    }

    /// Writes the run without the integer at `index` to `out`.
    func write(removingAt index: Int, to out: ByteWriter) {
        out.append(bytes[0..<(1 + index * width)])
        out.append(bytes.dropFirst(1 + (index + 1) * width))
    }

    /// Appends one integer.
    static func append(_ integer: Int64, width: Int, to out: ByteWriter) {
        for place in 0..<width {
            out.append(UInt8(truncatingIfNeeded: integer >> Int64(8 * place)))
        }
    }
}

/// Members one behind the other: count u16 little-endian, then length (LEB128) and bytes each.
struct PackedMembers {
    let bytes: ByteView

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// Members.
    var count: Int { Int(bytes[0]) | Int(bytes[1]) << 8 }

    /// The member at `offset`, and where the next one is; nil at the end.
    @inline(__always)
    func member(at offset: Int) -> (member: ByteView, next: Int)? {
        guard offset < bytes.count else { return nil }
        var place = offset
        var length = 0
        var shift = 0
        while true {
            let byte = bytes[place]
            place += 1
            length |= Int(byte & 127) << shift
            if byte < 128 { break }
            shift += 7
        }
        return (bytes[place..<(place + length)], place + length)
    }

    /// Where a member's bytes lie, its length included; nil where it is absent.
    func range(of member: ByteView) -> Range<Int>? {
        var place = 2
        while let (each, next) = self.member(at: place) {
            if each == member { return place..<next }
            place = next
        }
        return nil
    }

    /// Hands every member to `visit`, until it answers false.
    func forEach<E: Error>(_ visit: (ByteView) throws(E) -> Bool) throws(E) {
        var place = 2
        while let (member, next) = member(at: place) {
            if try !visit(member) { return }
            place = next
        }
    }

    /// Appends a count.
    static func append(count: Int, to out: ByteWriter) {
        out.append(UInt8(truncatingIfNeeded: count))
        out.append(UInt8(truncatingIfNeeded: count >> 8))
    }
}
