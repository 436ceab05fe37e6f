/// An open file of this machine.
///
/// INVARIANT 1: the descriptor is open until `close`, which is called once.
/// Threads: one at a time, except that `sync` may run beside a `write` (the kernel allows it).
import Bytes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A file behind a descriptor.
final class SystemFile: FileHandle {
    private let descriptor: Int32
    private let path: String

    init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func write(_ bytes: ByteView) throws(PersistenceError) -> Int {
        let descriptor = descriptor
        while true {
            let taken = unsafe bytes.withUnsafePointer { base, count in
                unsafe Glibc.write(descriptor, base, count)
            }
            if taken >= 0 { return taken }
            if errno != EINTR { throw failure("Error writing file", path) }
        }
    }

    func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int {
        let descriptor = descriptor
        var number: Int32 = 0
        let taken = unsafe window.appendFilling(count) { room in
            while true {
                let taken = unsafe pread(descriptor, room.baseAddress, room.count, offset)
                if taken >= 0 { return taken }
                if errno != EINTR {
                    number = errno
                    return 0
                }
            }
        }
        if number != 0 {
            throw PersistenceError(
                .io, "Error reading file", path: path, offset: offset, errno: number)
        }
        return taken
    }

    func sync() throws(PersistenceError) {
        if retrying({ fdatasync(descriptor) }) != 0 { throw failure("Error syncing file", path) }
    }

    func truncate(to size: Int) throws(PersistenceError) {
        if retrying({ ftruncate(descriptor, size) }) != 0 {
            throw failure("Error truncating file", path)
        }
    }

    func size() throws(PersistenceError) -> Int {
        var facts = stat()
        if unsafe fstat(descriptor, &facts) != 0 { throw failure("Can't look at file", path) }
        return Int(facts.st_size)
    }

    func close() { _ = Glibc.close(descriptor) }
}
