/// A sliding window over a file: what a reader of logs looks through.
///
/// The file is read in blocks of 256 KB (which stay in the CPU's cache while they are parsed); a group or a
/// command that is longer grows the window to its own size and no more, and never beyond the file's.
///
/// INVARIANT 1: `front` views the bytes from `offset` on; it is valid until the next call.
import Bytes
import Persistence

/// A window that moves forward over one file.
final class LogWindow {
    private static let block = 256 << 10

    let path: String
    let size: Int
    private let handle: any FileHandle
    private let bytes: ByteWriter
    private var position = 0
    private var end = 0
    /// Up to where was told to `moved`.
    private var told = 0
    private let moved: (Int) -> Void

    /// - Parameter moved: told how many bytes were read, as they are read.
    init(
        path: String, _ fileSystem: any FileSystem, moved: @escaping (Int) -> Void
    ) throws(PersistenceError) {
        self.path = path
        self.moved = moved
        handle = try fileSystem.open(path, .read)
        do {
            size = try handle.size()
        } catch {
            handle.close()
            throw error
        }
        bytes = ByteWriter(capacity: min(size, Self.block) + 64)
    }

    deinit { handle.close() }

    /// Offset in the file of the window's first byte.
    var offset: Int { end - (bytes.count - position) }

    /// The bytes from `offset` on that are in the window.
    @inline(__always)
    var front: ByteView { bytes.view[position..<bytes.count] }

    /// Whether nothing is left.
    var isAtEnd: Bool { position == bytes.count && end >= size }

    /// Makes at least `count` bytes visible, fewer only where the file ends.
    @inline(__always)
    func show(_ count: Int) throws(PersistenceError) {
        if bytes.count - position < count { try fill(count) }
    }

    /// Makes more bytes visible than are; false where the file ends.
    func showMore() throws(PersistenceError) -> Bool {
        let visible = bytes.count - position
        try fill(visible + 1)
        return bytes.count - position > visible
    }

    private func fill(_ count: Int) throws(PersistenceError) {
        bytes.discardFirst(position)
        position = 0
        while bytes.count < count && end < size {
            let wanted = min(size - end, max(Self.block, count - bytes.count))
            let taken = try handle.read(wanted, at: end, into: bytes)
            if taken == 0 { return }
            end += taken
            tell()
        }
    }

    private func tell() {
        guard end > told else { return }
        moved(end - told)
        told = end
    }

    /// Moves up to `count` bytes from the front to `other`; answers how many, 0 at the end.
    func pull(_ count: Int, into other: ByteWriter) throws(PersistenceError) -> Int {
        let visible = bytes.count - position
        if visible > 0 {
            let taken = min(count, visible)
            other.append(front[0..<taken])
            position += taken
            return taken
        }
        bytes.removeAll()
        position = 0
        let taken = try handle.read(min(count, size - end), at: end, into: other)
        end += taken
        tell()
        return taken
    }

    /// Bytes from anywhere in the file, fewer where it ends; the window stays as it is.
    func bytes(at offset: Int, count: Int) throws(PersistenceError) -> [UInt8] {
        let other = ByteWriter(capacity: count + 1)
        while other.count < count {
            let taken = try handle.read(count - other.count, at: offset + other.count, into: other)
            if taken == 0 { break }
        }
        return other.array
    }

    /// Goes to `offset`, which may lie before the end of what was pulled.
    func move(to offset: Int) {
        bytes.removeAll()
        position = 0
        end = offset
    }

    /// Moves `count` bytes forward, which must be visible.
    @inline(__always)
    func skip(_ count: Int) {
        position += count
        precondition(position <= bytes.count, "skipped what isn't visible")
    }
}
