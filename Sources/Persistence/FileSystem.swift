/// The small seam through which all file work goes.
///
/// Production is plain system calls; in tests it is a simulated disk that records every call, injects
/// every error, and enumerates the states that a power cut may leave. So no backend calls the system
/// itself, and nothing here is more convenient than a system call: each method is one operation that
/// a disk can do, fail at, or lose.
///
/// A new file becomes visible only by: write to a temporary name -> `sync` -> `rename` -> `syncDirectory`.
import Bytes

/// A disk; methods may be called on any thread.
public protocol FileSystem: AnyObject, Sendable {
    /// Opens a file as `mode` says; a new file gets the permissions 0600.
    func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle
    /// Replaces `to` by `from` atomically; durable after `syncDirectory` of the folder.
    func rename(_ from: String, to: String) throws(PersistenceError)
    /// Gives `from` the second name `to`, which must be free; durable after `syncDirectory` of `to`'s folder.
    func link(_ from: String, to: String) throws(PersistenceError)
    /// Removes a file; durable after `syncDirectory` of the folder.
    func unlink(_ path: String) throws(PersistenceError)
    /// Makes a folder (0700) unless it is there.
    func makeDirectory(_ path: String) throws(PersistenceError)
    /// Forces a folder's entries to the platter.
    func syncDirectory(_ path: String) throws(PersistenceError)
    /// The names in a folder, sorted; empty where there is no such folder.
    func list(_ path: String) throws(PersistenceError) -> [String]
    /// Size and kind of what `path` names, nil where there is nothing.
    func status(_ path: String) throws(PersistenceError) -> FileStatus?
    /// Whether `path` itself is a symbolic link, wherever it leads.
    func isSymbolicLink(_ path: String) throws(PersistenceError) -> Bool
    /// Bytes that may still be written to the disk that holds `path`; nil: nobody knows.
    func freeBytes(_ path: String) throws(PersistenceError) -> Int?
    /// Takes the exclusive lock that `path` (made if absent) stands for; held until released or the process ends.
    ///
    /// - Throws: `.locked` where another holds it.
    func lock(_ path: String) throws(PersistenceError) -> any FileLock
}

extension FileSystem {
    /// A disk without links.
    public func isSymbolicLink(_ path: String) throws(PersistenceError) -> Bool { false }
    /// A disk that doesn't know.
    public func freeBytes(_ path: String) throws(PersistenceError) -> Int? { nil }
}

/// How a file is opened.
public enum FileMode: Sendable, Hashable {
    /// For reading; the file must be there.
    case read
    /// For writing behind its end; made if absent.
    case append
    /// For writing, empty; made, or cut to nothing.
    case create
    /// For cutting an existing file; the file must be there.
    case update
}

/// Size and kind of a file.
public struct FileStatus: Sendable, Hashable {
    /// Bytes in it.
    public var size: Int
    /// Whether it is a folder.
    public var isDirectory: Bool
    /// Last change of its content, seconds since 1970.
    public var modifiedSeconds: Int
    /// A status.
    public init(size: Int, isDirectory: Bool, modifiedSeconds: Int) {
        self.size = size
        self.isDirectory = isDirectory
        self.modifiedSeconds = modifiedSeconds
    }
}

/// An open file; one thread at a time, except that `sync` may run beside a `write`.
public protocol FileHandle: AnyObject, Sendable {
    /// Appends bytes; answers how many were taken, which may be fewer (a full disk).
    func write(_ bytes: ByteView) throws(PersistenceError) -> Int
    /// Appends up to `count` bytes that stand at `offset` to `window`; answers how many, 0 at the end.
    func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int
    /// Forces everything written so far to the platter (fdatasync).
    func sync() throws(PersistenceError)
    /// Cuts or extends the file to `size` bytes; later writes go behind the new end.
    func truncate(to size: Int) throws(PersistenceError)
    /// Bytes in the file now.
    func size() throws(PersistenceError) -> Int
    /// Gives the descriptor back; errors are nobody's business any more.
    func close()
}

/// A lock that is held.
public protocol FileLock: AnyObject, Sendable {
    /// Lets it go.
    func release()
}
