/// A disk on which a tool that is stopped leaves nothing half done: files it made go with it.
///
/// A file counts as unfinished from its making until `finish`, or until a manifest, which names others as data, got
/// its name.
import Bytes
import Persistence
import Synchronization

/// Another disk, watched; see the file's header. Threads: any.
public final class InterruptibleDisk: FileSystem {
    private let disk: any FileSystem
    private let made = Mutex<Set<String>>([])

    /// Watches `disk`.
    public init(_ disk: any FileSystem = SystemFileSystem()) { self.disk = disk }

    /// What was made stays.
    public func finish() {
        let paths = made.withLock { made in
            defer { made = [] }
            return made
        }
        for path in paths { Interruption.end(path) }
    }

    private func begin(_ path: String) {
        _ = made.withLock { $0.insert(path) }
        Interruption.begin(path)
    }

    private func end(_ path: String) -> Bool {
        let wasMade = made.withLock { $0.remove(path) != nil }
        if wasMade { Interruption.end(path) }
        return wasMade
    }

    /// Opens a file; a new one is watched.
    public func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        if mode == .create { begin(path) }
        return try disk.open(path, mode)
    }

    /// Renames a file; a manifest's name makes everything stay.
    public func rename(_ from: String, to: String) throws(PersistenceError) {
        let isManifest = to.hasSuffix(".manifest")
        if isManifest { finish() }
        if end(from) && !isManifest { begin(to) }
        try disk.rename(from, to: to)
    }

    /// Removes a file.
    public func unlink(_ path: String) throws(PersistenceError) {
        try disk.unlink(path)
        _ = end(path)
    }

    /// Gives a file a second name.
    public func link(_ from: String, to: String) throws(PersistenceError) {
        try disk.link(from, to: to)
    }
    /// Makes a folder.
    public func makeDirectory(_ path: String) throws(PersistenceError) {
        try disk.makeDirectory(path)
    }
    /// Forces a folder's entries to the platter.
    public func syncDirectory(_ path: String) throws(PersistenceError) {
        try disk.syncDirectory(path)
    }
    /// The names in a folder.
    public func list(_ path: String) throws(PersistenceError) -> [String] { try disk.list(path) }
    /// Size and kind.
    public func status(_ path: String) throws(PersistenceError) -> FileStatus? {
        try disk.status(path)
    }
    /// Takes a lock.
    public func lock(_ path: String) throws(PersistenceError) -> any FileLock {
        try disk.lock(path)
    }
}
