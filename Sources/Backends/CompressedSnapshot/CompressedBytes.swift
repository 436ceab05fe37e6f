/// The bytes of a block as a reader takes them, and of the blocks behind it where a value goes on.
///
/// Bytes are lent from the block they stand in; what is cut by a block's end is put together in a run that the
/// caller gives, which grows with what has really come, never with what is only announced.
///
/// INVARIANT 1: what was lent is good until the next block is taken: only `bytes` and `settle` take one.
import Bytes

/// Reads a block; one thread.
final class CompressedBytes {
    private var view: ByteView
    private var place = 0
    /// Where the block's frame begins in the file.
    private(set) var offset: Int
    /// Takes the block that goes on with the value; nil: there is none.
    private var next: (() throws -> ByteView)?
    /// Bytes that may come besides those of this block, for expectations.
    private var more = 0

    init(_ view: ByteView = .empty, at offset: Int) {
        self.view = view
        self.offset = offset
    }

    /// Begins a block, or goes on with it.
    func begin(_ view: ByteView, at offset: Int, more: Int, next: (() throws -> ByteView)?) {
        self.view = view
        self.offset = offset
        self.more = more
        self.next = next
        place = 0
    }

    /// Whether all was read, and nothing is to follow.
    var isComplete: Bool { place == view.count && next == nil }

    func damaged(_ message: String) -> CompressedDamage { CompressedDamage(message, offset) }

    /// Takes the next block where this one is at its end and the value goes on.
    @inline(__always)
    func settle() throws { if place == view.count { try advance() } }

    private func advance() throws {
        guard let next else { throw damaged("it ends inside a key or its value") }
        view = try next()
        place = 0
    }

    @inline(__always)
    func byte() throws -> UInt8 {
        guard place < view.count else { throw damaged("it ends inside a key or its value") }
        place += 1
        return view[place - 1]
    }

    @inline(__always)
    func varint() throws -> UInt64 {
        let first = try byte()
        if first < 0x80 { return UInt64(first) }
        return try longVarint(first)
    }

    private func longVarint(_ first: UInt8) throws -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let byte = try byte()
            if shift == 63 && byte > 1 { throw damaged("a number of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    @inline(__always)
    func zigzag() throws -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number that counts something.
    @inline(__always)
    func count() throws -> Int {
        guard let count = Int(exactly: try varint()) else { throw damaged("a count beyond bounds") }
        return count
    }

    /// The next `count` bytes of this block.
    func take(_ count: Int) throws -> ByteView {
        guard count <= view.count - place else {
            throw damaged("it ends inside a key or its value")
        }
        place += count
        return view[(place - count)..<place]
    }

    /// What is left of this block.
    func rest() throws -> ByteView { try take(view.count - place) }

    /// Bytes behind their count; put together in `scratch` where a block's end cuts them.
    @inline(__always)
    func bytes(_ scratch: ByteWriter) throws -> ByteView {
        try settle()
        let count = try count()
        if count <= view.count - place {
            place += count
            return view[(place - count)..<place]
        }
        return try assemble(count, scratch)
    }

    private func assemble(_ count: Int, _ scratch: ByteWriter) throws -> ByteView {
        guard count <= CompressedLimits.string else {
            throw damaged("a string of \(count) bytes")
        }
        scratch.removeAll(keepingUpTo: 1 << 20)
        var left = count
        while left > 0 {
            try settle()
            let part = min(left, view.count - place)
            scratch.append(try take(part))
            left -= part
        }
        return scratch.view
    }

    /// Whether the bytes that come, and two numbers behind them, can be read without another block.
    @inline(__always)
    func isNextAtHand() throws -> Bool {
        if next == nil { return true }
        let start = place
        if start == view.count { return false }
        let count = try count()
        let left = view.count - place
        place = start
        return left >= 32 && count <= left - 32
    }

    /// How many elements to expect: never more than the bytes that there are could hold.
    func expected(_ count: Int) -> Int { min(count, view.count - place + (next == nil ? 0 : more)) }
}
