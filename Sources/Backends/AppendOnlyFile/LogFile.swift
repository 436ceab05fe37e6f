/// One increment that this process writes, and how far it is good and durable.
///
/// INVARIANT 1: `durableSize <= size`, and the file has at least `size` good bytes (more while
/// `hasGarbage`: a write failed half-way and the rest could not be cut yet).
/// Threads: the engine's; a sync job takes `handle` along and nothing else.
import Bytes
import Persistence

/// An open increment.
final class LogFile {
    let name: String
    let number: Int
    let path: String
    let salt: Salt
    let handle: any FileHandle
    /// Good bytes.
    var size: Int
    /// Bytes known to be on the platter.
    var durableSize: Int
    /// Sequence of the first mutation that may stand here.
    let firstSequence: UInt64
    /// Sequence of the last mutation here; known once nothing more goes here.
    var lastSequence: UInt64?
    private var hasGarbage = false

    init(
        name: String, number: Int, path: String, salt: Salt, handle: any FileHandle, size: Int,
        firstSequence: UInt64
    ) {
        self.name = name
        self.number = number
        self.path = path
        self.salt = salt
        self.handle = handle
        self.size = size
        self.durableSize = size
        self.firstSequence = firstSequence
    }

    /// Appends all of `bytes` or, at the file's end as others see it, nothing.
    ///
    /// A write that the system takes in part is undone, so that the next one begins at a group.
    func append(_ bytes: ByteView) throws(PersistenceError) {
        if hasGarbage {
            try handle.truncate(to: size)
            hasGarbage = false
        }
        do {
            try handle.writeAll(bytes)
        } catch {
            hasGarbage = true
            do throws(PersistenceError) {
                try handle.truncate(to: size)
                hasGarbage = false
            } catch {
                // Tried again before the next write; until then the garbage is a torn tail.
            }
            throw error
        }
        size += bytes.count
    }
}

extension LogFile {
    /// The bytes with which an increment begins.
    static func head(_ header: IncrementHeader) -> ByteWriter {
        let out = ByteWriter(capacity: 256)
        Annotation.increment(header).append(to: out, salt: header.salt)
        return out
    }

    /// Makes an empty increment whose head is on the platter; nothing names it yet.
    static func create(
        number: Int, header: IncrementHeader, places: LogPlaces, fileSystem: any FileSystem
    ) throws(PersistenceError) -> LogFile {
        let name = places.increment(number)
        let handle = try fileSystem.open(places.path(name), .create)
        let head = head(header)
        do {
            try handle.writeAll(head.view)
            // ORDER: its name lasts before a manifest mentions it, through the sync of the folder with
            // which the manifest's replacement begins.
            try handle.sync()
        } catch {
            handle.close()
            throw error
        }
        return LogFile(
            name: name, number: number, path: places.path(name), salt: header.salt,
            handle: handle, size: head.count, firstSequence: header.firstSequence)
    }

    /// What the manifest says of this file.
    var entry: Manifest.Entry {
        Manifest.Entry(name: name, number: number, kind: .increment, salt: salt.bits)
    }
}
