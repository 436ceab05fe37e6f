/// What the live side let go of and a view may still see, in the order in which it died.
///
/// Held in pieces of bounded size, which are handed on whole when they are free: under a snapshot a million writes let go of
/// a million nodes, and neither the one write that makes the list longer nor the command behind which the view is gone may pay
/// for all of them.
///
/// INVARIANT: `diedIn` never falls from one to the next.
import Bytes

/// Something in the limbo.
struct Dead: Sendable {
    let remains: Remains
    let bytes: Int
    let diedIn: UInt64
}

/// A queue of the dead; see the file's header.
struct Limbo {
    fileprivate static let pieceCount = 1024
    private var pieces: [Garbage.Piece] = []

    /// Adds one that died last.
    @inline(__always)
    mutating func append(_ dead: Dead) {
        if pieces.isEmpty || pieces[pieces.count - 1].dead.count == Self.pieceCount { addPiece() }
        let last = pieces.count - 1
        pieces[last].dead.append(dead)
        pieces[last].bytes += dead.bytes
    }

    @inline(never)
    private mutating func addPiece() {
        var piece = Garbage.Piece()
        piece.dead.reserveCapacity(Self.pieceCount)
        pieces.append(piece)
    }

    /// Takes out all that died in `generation` or before.
    mutating func take(through generation: UInt64) -> Garbage {
        var garbage = Garbage()
        let whole = pieces.prefix { $0.dead.last.map { $0.diedIn <= generation } ?? true }
        garbage.pieces.append(contentsOf: whole)
        pieces.removeFirst(whole.count)
        guard let first = pieces.first else { return garbage }
        let count = first.dead.prefix { $0.diedIn <= generation }.count
        if count > 0 {
            var part = Garbage.Piece()
            part.dead = Array(first.dead.prefix(count))
            part.bytes = part.dead.reduce(0) { $0 + $1.bytes }
            garbage.pieces.append(part)
            pieces[0].dead.removeFirst(count)
            pieces[0].bytes -= part.bytes
        }
        return garbage
    }
}

/// What nobody sees any more; whoever holds it frees it, once, on a thread of its choice.
struct Garbage: Sendable {
    fileprivate struct Piece: Sendable {
        var dead: [Dead] = []
        var bytes = 0
    }

    fileprivate var pieces: [Piece] = []

    /// Nothing.
    fileprivate init() {}

    /// One.
    init(_ remains: Remains, bytes: Int) {
        var piece = Piece()
        piece.dead.append(Dead(remains: remains, bytes: bytes, diedIn: 0))
        piece.bytes = bytes
        pieces.append(piece)
    }

    /// Bytes of all.
    var bytes: Int { pieces.reduce(0) { $0 + $1.bytes } }
    /// Whether there is nothing.
    var isEmpty: Bool { pieces.isEmpty }

    /// Frees it.
    func free() {
        for piece in pieces {
            for dead in piece.dead { dead.remains.free() }
            if piece.dead.count == Limbo.pieceCount { Allocator.settle() }
        }
    }
}
