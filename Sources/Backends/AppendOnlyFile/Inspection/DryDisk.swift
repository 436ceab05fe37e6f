/// A disk that is read and never written: what a server would change on its way up goes nowhere.
///
/// So the server's own start is what a tool asks for its verdict, and nothing is changed. Files are opened for
/// writing where they are, so that a start which would fail for want of rights fails here too.
import Bytes
import Persistence
import Synchronization

/// Reads another disk; see the file's header. Threads: any.
public final class DryDisk: FileSystem {
    /// Something that would have been changed.
    public struct Change: Sendable, Hashable {
        /// The file.
        public let path: String
        /// Cut to so many bytes; nil: written anew, renamed or removed.
        public let size: Int?
    }

    private let disk: any FileSystem
    private let log = Mutex<[Change]>([])
    /// Whether files must be writable.
    private let wantsRights: Bool

    /// - Parameter wantsRights: files that would be written are opened for it.
    public init(_ disk: any FileSystem, wantsRights: Bool = true) {
        self.disk = disk
        self.wantsRights = wantsRights
    }

    /// What would have been changed, in order.
    public var changes: [Change] { log.withLock { $0 } }

    fileprivate func note(_ path: String, size: Int? = nil) {
        log.withLock { $0.append(Change(path: path, size: size)) }
    }

    /// Opens a file; what is written to it is forgotten.
    public func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        switch mode {
        case .read: return try disk.open(path, .read)
        case .create: return DryHandle(self, path, nil)
        case .append, .update:
            if try disk.status(path) == nil && mode == .append { return DryHandle(self, path, nil) }
            return DryHandle(self, path, try disk.open(path, wantsRights ? .update : .read))
        }
    }

    /// Does nothing.
    public func rename(_ from: String, to: String) { note(to) }
    /// Does nothing.
    public func link(_ from: String, to: String) { note(to) }
    /// Does nothing.
    public func unlink(_ path: String) { note(path) }
    /// Does nothing.
    public func makeDirectory(_ path: String) { note(path) }
    /// Does nothing.
    public func syncDirectory(_ path: String) {}
    /// The names in a folder.
    public func list(_ path: String) throws(PersistenceError) -> [String] { try disk.list(path) }
    /// Size and kind.
    public func status(_ path: String) throws(PersistenceError) -> FileStatus? {
        try disk.status(path)
    }
    /// A lock of nothing: a running server is no hindrance to looking.
    public func lock(_ path: String) -> any FileLock { DryLock() }
}

private final class DryLock: FileLock {
    func release() {}
}

/// A file that takes everything and keeps nothing.
private final class DryHandle: FileHandle {
    private let disk: DryDisk
    private let path: String
    private let file: (any FileHandle)?

    init(_ disk: DryDisk, _ path: String, _ file: (any FileHandle)?) {
        self.disk = disk
        self.path = path
        self.file = file
    }

    func write(_ bytes: ByteView) -> Int { bytes.count }
    func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int {
        guard let file else { return 0 }
        return try file.read(count, at: offset, into: window)
    }
    func sync() {}
    func truncate(to size: Int) { disk.note(path, size: size) }
    func size() throws(PersistenceError) -> Int {
        guard let file else { return 0 }
        return try file.size()
    }
    func close() { file?.close() }
}
