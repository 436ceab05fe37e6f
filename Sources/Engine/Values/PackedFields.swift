/// A small hash as one run of bytes: no allocation but the entry's own.
///
///     count  u16 little-endian
///     then `count` times:  field length, field, value length, value
///     lengths are LEB128: 7 bits a byte, least significant first, the high bit set on all but the last
///
/// A search reads from the front; `hash-max-listpack-entries` keeps it short (128 fields by default).
import Bytes

/// Reading and rewriting packed fields.
struct PackedFields {
    let bytes: ByteView

    init(_ bytes: ByteView) { self.bytes = bytes }

    /// Fields in it.
    var count: Int { Int(bytes[0]) | Int(bytes[1]) << 8 }

    /// Where a field's pair lies and what it holds.
    struct Pair {
        let field: ByteView
        let value: ByteView
        /// The pair's bytes, lengths included.
        let range: Range<Int>
    }

    /// The pair that begins at `offset`, nil at the end.
    @inline(__always)
    func pair(at offset: Int) -> Pair? {
        guard offset < bytes.count else { return nil }
        var place = offset
        let field = run(&place)
        let value = run(&place)
        return Pair(field: field, value: value, range: offset..<place)
    }

    private func run(_ place: inout Int) -> ByteView {
        var length = 0
        var shift = 0
        while true {
            let byte = bytes[place]
            place += 1
            length |= Int(byte & 127) << shift
            if byte < 128 { break }
            shift += 7
        }
        defer { place += length }
        return bytes[place..<(place + length)]
    }

    /// The pair of `field`, nil where it is absent.
    func find(_ field: ByteView) -> Pair? {
        var place = 2
        while let pair = pair(at: place) {
            if pair.field == field { return pair }
            place = pair.range.upperBound
        }
        return nil
    }

    /// Hands every pair to `visit`.
    func forEach<E: Error>(_ visit: (ByteView, ByteView) throws(E) -> Void) throws(E) {
        var place = 2
        while let pair = pair(at: place) {
            try visit(pair.field, pair.value)
            place = pair.range.upperBound
        }
    }

    /// Writes these fields to `out` with one pair replaced, added (`old` nil) or dropped (`new` nil).
    func rewrite(
        replacing old: Range<Int>?, with new: (field: ByteView, value: ByteView)?,
        to out: ByteWriter
    ) {
        var count = count
        if old == nil { count += 1 }
        if new == nil { count -= 1 }
        out.append(UInt8(truncatingIfNeeded: count))
        out.append(UInt8(truncatingIfNeeded: count >> 8))
        let hole = old ?? bytes.count..<bytes.count
        out.append(bytes[2..<hole.lowerBound])
        if let new {
            PackedFields.append(new.field, to: out)
            PackedFields.append(new.value, to: out)
        }
        out.append(bytes[hole.upperBound..<bytes.count])
    }

    /// Appends a length and the bytes.
    static func append(_ run: ByteView, to out: ByteWriter) {
        var length = run.count
        while length >= 128 {
            out.append(UInt8(truncatingIfNeeded: length & 127) | 128)
            length >>= 7
        }
        out.append(UInt8(length))
        out.append(run)
    }
}
