/// What the packed forms (ziplist, listpack, zipmap) have in common: elements that are bytes or integers.
import Bytes

/// An element of a packed form; its bytes stand in the form itself.
struct PackedElement {
    /// The bytes; nil where it is an integer.
    let bytes: ByteView?
    /// The integer, where there are no bytes.
    let integer: Int64

    init(_ bytes: ByteView) {
        self.bytes = bytes
        integer = 0
    }

    init(_ integer: Int64) {
        bytes = nil
        self.integer = integer
    }

    /// Its text; an integer's is written to `digits`, which nothing else may use meanwhile.
    func text(_ digits: ByteWriter) -> ByteView {
        if let bytes { return bytes }
        digits.truncate(to: 0)
        digits.append(decimal: Int(integer))
        return digits.view
    }

    /// Its value as a score; nil where it is none.
    var score: Double? { bytes.map { FloatText.parse($0) } ?? Double(integer) }

    /// Its value as an integer, nil where it is text that is none.
    var asInteger: Int64? { bytes.map { Decimal.parse($0) } ?? integer }
}

/// Hands out the elements of one packed blob and checks every byte of it on the way.
protocol PackedReader {
    /// Checks the frame: sizes and ends.
    init(_ blob: ByteView) throws(RDBError)
    /// The next element; nil after the last, once count and end were found right.
    mutating func next() throws(RDBError) -> PackedElement?
}

/// The views of several elements that are needed at once: integers as text among them.
struct TextCollector {
    /// A text, or the place of its digits.
    private struct Piece {
        let bytes: ByteView?
        let start: Int
        let count: Int
    }

    private let digits = ByteWriter(capacity: 256)
    private var pieces: [Piece] = []
    /// The views, after `resolve`.
    private(set) var views: [ByteView] = []

    mutating func removeAll() {
        digits.removeAll(keepingUpTo: 1 << 16)
        pieces.removeAll(keepingCapacity: pieces.count < 4096)
        views.removeAll(keepingCapacity: pieces.count < 4096)
    }

    mutating func append(_ element: PackedElement) {
        if let bytes = element.bytes { return append(bytes) }
        let start = digits.count
        digits.append(decimal: Int(element.integer))
        pieces.append(Piece(bytes: nil, start: start, count: digits.count - start))
    }

    mutating func append(_ bytes: ByteView) {
        pieces.append(Piece(bytes: bytes, start: 0, count: 0))
    }

    /// Makes the views; they live until the next `removeAll`.
    mutating func resolve() {
        for piece in pieces {
            views.append(piece.bytes ?? digits.view[piece.start..<(piece.start + piece.count)])
        }
    }
}
