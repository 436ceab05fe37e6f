/// A disk that only counts: how large a file would be, without writing it.
import Bytes
import Persistence

/// Takes what is written to new files and keeps nothing of it.
public final class CountingDisk: FileSystem {
    /// A disk.
    public init() {}

    /// A file that counts; there is nothing to be read.
    public func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        guard mode == .create else { throw nothing(path) }
        return CountingFile()
    }

    private func nothing(_ path: String) -> PersistenceError {
        PersistenceError(.io, "There are no files on a disk that only counts", path: path)
    }

    /// Nothing to rename.
    public func rename(_ from: String, to: String) throws(PersistenceError) { throw nothing(from) }
    /// Nothing to link.
    public func link(_ from: String, to: String) throws(PersistenceError) { throw nothing(from) }
    /// Nothing to remove.
    public func unlink(_ path: String) throws(PersistenceError) { throw nothing(path) }
    /// Nothing is made.
    public func makeDirectory(_ path: String) {}
    /// Nothing to force.
    public func syncDirectory(_ path: String) {}
    /// Nothing in any folder.
    public func list(_ path: String) -> [String] { [] }
    /// Nothing anywhere.
    public func status(_ path: String) -> FileStatus? { nil }
    /// No locks.
    public func lock(_ path: String) throws(PersistenceError) -> any FileLock {
        throw nothing(path)
    }

    private final class CountingFile: FileHandle {
        func write(_ bytes: ByteView) -> Int { bytes.count }
        func read(_ count: Int, at offset: Int, into window: ByteWriter) -> Int { 0 }
        func sync() {}
        func truncate(to size: Int) {}
        func size() -> Int { 0 }
        func close() {}
    }
}
