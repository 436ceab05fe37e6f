/// A snapshot that is read: bytes by their offset, and errors that say where.
import Bytes
import Persistence
import Records

/// A file to be read by a format; one thread at a time.
public final class SnapshotInput {
    /// The file.
    public let path: String
    /// Bytes in it.
    public let size: Int
    /// The time for what a file leaves out, and has no better time.
    public let now: Deadline
    /// Told what the file holds and no dataset here can; nil: then it can't be read.
    public let missing: ((SnapshotMissing) -> Void)?
    private let file: any FileHandle
    private let progress: (RecoveryProgress) -> Void
    private var furthest = 0

    /// Opens a file.
    public init(
        _ path: String, _ fileSystem: any FileSystem, now: Deadline,
        missing: ((SnapshotMissing) -> Void)? = nil,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) {
        self.path = path
        self.now = now
        self.missing = missing
        self.progress = progress
        file = try fileSystem.open(path, .read)
        do throws(PersistenceError) {
            size = try file.size()
        } catch {
            file.close()
            throw error
        }
    }

    deinit { file.close() }

    /// Appends up to `count` bytes that stand at `offset` to `window`; answers how many, 0 at the end.
    public func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int {
        let got = try file.read(count, at: offset, into: window)
        if offset + got > furthest {
            furthest = offset + got
            progress(RecoveryProgress(loadedBytes: furthest, totalBytes: size))
        }
        return got
    }

    /// What is wrong at an offset, and what to do about it.
    public func damaged(
        _ message: String, at offset: Int, code: PersistenceError.Code = .corrupt,
        remedy: String? = nil
    ) -> PersistenceError {
        PersistenceError(
            code, message, path: path, offset: offset,
            remedy: remedy ?? "Put the last good backup in its place")
    }
}
