/// Elements of a list one behind the other, readable from both ends.
///
///     uniform   every element has the same length (1 byte or more): nothing but their bytes
///     framed    length, bytes, length: LEB128 before (7 bits a byte, least significant first, the high bit set on all
///               but the last), the same bytes mirrored behind, so that the last element is found
///
/// Uniform runs cost nothing an element and are indexed by multiplication.
import Bytes

/// A run of elements; borrowed.
struct ListRun {
    let bytes: ByteView
    /// The length of every element; 0: framed.
    let stride: Int

    /// Bytes of a length.
    @inline(__always)
    static func lengthBytes(_ length: Int) -> Int {
        length < 128 ? 1 : (63 - length.leadingZeroBitCount) / 7 + 1
    }

    /// Bytes that a framed element takes.
    @inline(__always)
    static func framedBytes(_ element: ByteView) -> Int {
        element.count + 2 * lengthBytes(element.count)
    }

    /// The element that begins at `offset`, and where the next one does.
    @inline(__always)
    func element(at offset: Int) -> (element: ByteView, next: Int) {
        if stride > 0 { return (bytes[offset..<(offset + stride)], offset + stride) }
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
        let head = place - offset
        return (bytes[place..<(place + length)], place + length + head)
    }

    /// The element that ends at `offset`, and where it begins.
    @inline(__always)
    func element(before offset: Int) -> (element: ByteView, start: Int) {
        if stride > 0 { return (bytes[(offset - stride)..<offset], offset - stride) }
        var place = offset - 1
        var length = 0
        var shift = 0
        while true {
            let byte = bytes[place]
            length |= Int(byte & 127) << shift
            if byte < 128 { break }
            place -= 1
            shift += 7
        }
        let head = offset - place
        return (bytes[(place - length)..<place], place - length - head)
    }

    /// Where the element of this index (0 ..< `count`, the run's) begins.
    func offset(of index: Int, count: Int) -> Int {
        if stride > 0 { return index * stride }
        if index <= count / 2 {
            var offset = 0
            for _ in 0..<index { offset = element(at: offset).next }
            return offset
        }
        var offset = bytes.count
        for _ in index..<count { offset = element(before: offset).start }
        return offset
    }

    /// Hands every element to `visit`, from the first to the last.
    @inline(__always)
    func forEach<E: Error>(_ visit: (ByteView) throws(E) -> Void) throws(E) {
        var offset = 0
        while offset < bytes.count {
            let (element, next) = element(at: offset)
            try visit(element)
            offset = next
        }
    }

    /// Appends one framed element.
    static func append(_ element: ByteView, to out: ByteWriter) {
        length(element.count, to: out, mirrored: false)
        out.append(element)
        length(element.count, to: out, mirrored: true)
    }

    /// Appends a length as it stands before an element, or mirrored, as behind it.
    private static func length(_ length: Int, to out: ByteWriter, mirrored: Bool) {
        let count = lengthBytes(length)
        for index in 0..<count {
            let place = mirrored ? count - 1 - index : index
            let bits = UInt8(truncatingIfNeeded: length >> (7 * place)) & 127
            out.append(place < count - 1 ? bits | 128 : bits)
        }
    }
}
