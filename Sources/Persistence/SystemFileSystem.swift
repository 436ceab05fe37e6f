/// The production disk: plain system calls, each method one of them.
///
/// EINTR is retried here and nowhere else. Descriptors are close-on-exec, files 0600, folders 0700.
/// Foundation's conveniences are not used: its atomic write forgets to sync the folder and loses
/// acknowledged data at a power cut.
///
/// Threads: any; there is no state.
import Bytes

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The disk of this machine.
public final class SystemFileSystem: FileSystem {
    /// The disk.
    public init() {}

    /// Opens a file as `mode` says.
    public func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        let flags: Int32
        switch mode {
        case .read: flags = O_RDONLY
        case .append: flags = O_RDWR | O_CREAT | O_APPEND
        case .create: flags = O_RDWR | O_CREAT | O_TRUNC | O_APPEND
        case .update: flags = O_RDWR | O_APPEND
        }
        let descriptor = retrying { unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600) }
        if descriptor < 0 { throw failure("Can't open file", path) }
        return SystemFile(descriptor: descriptor, path: path)
    }

    /// Replaces `to` by `from` atomically.
    public func rename(_ from: String, to: String) throws(PersistenceError) {
        if unsafe Glibc.rename(from, to) != 0 { throw failure("Can't rename to \(to)", from) }
    }

    /// Gives a file a second name.
    public func link(_ from: String, to: String) throws(PersistenceError) {
        if unsafe Glibc.link(from, to) != 0 { throw failure("Can't link to \(to)", from) }
    }

    /// Removes a file.
    public func unlink(_ path: String) throws(PersistenceError) {
        if unsafe Glibc.unlink(path) != 0 { throw failure("Can't remove file", path) }
    }

    /// Makes a folder unless it is there.
    public func makeDirectory(_ path: String) throws(PersistenceError) {
        if unsafe Glibc.mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw failure("Can't make directory", path)
        }
    }

    /// Forces a folder's entries to the platter.
    public func syncDirectory(_ path: String) throws(PersistenceError) {
        let descriptor = retrying {
            unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        if descriptor < 0 { throw failure("Can't open directory", path) }
        defer { _ = Glibc.close(descriptor) }
        if retrying({ Glibc.fsync(descriptor) }) != 0 {
            throw failure("Can't sync directory", path)
        }
    }

    /// The names in a folder, sorted.
    public func list(_ path: String) throws(PersistenceError) -> [String] {
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw failure("Can't read directory", path)
        }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        // SAFETY: an entry is valid until the next readdir of this stream, which only this loop calls.
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(
                    to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)
                ) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Size and kind of what `path` names.
    public func status(_ path: String) throws(PersistenceError) -> FileStatus? {
        var facts = stat()
        if unsafe stat(path, &facts) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("Can't look at file", path)
        }
        return FileStatus(
            size: Int(facts.st_size), isDirectory: facts.st_mode & S_IFMT == S_IFDIR,
            modifiedSeconds: facts.st_mtim.tv_sec)
    }

    /// Whether `path` itself is a symbolic link.
    public func isSymbolicLink(_ path: String) throws(PersistenceError) -> Bool {
        var facts = stat()
        if unsafe lstat(path, &facts) != 0 {
            if errno == ENOENT || errno == ENOTDIR { return false }
            throw failure("Can't look at file", path)
        }
        return facts.st_mode & S_IFMT == S_IFLNK
    }

    /// Bytes that this process may still write to the disk that holds `path`.
    public func freeBytes(_ path: String) throws(PersistenceError) -> Int? {
        var facts = statvfs()
        if retrying({ unsafe statvfs(path, &facts) }) != 0 {
            throw failure("Can't look at the disk", path)
        }
        let (bytes, isOver) = Int(clamping: facts.f_bavail)
            .multipliedReportingOverflow(by: Int(clamping: facts.f_frsize))
        return isOver ? nil : bytes
    }

    /// Takes the exclusive lock that `path` stands for and writes this process's id into it.
    public func lock(_ path: String) throws(PersistenceError) -> any FileLock {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC
        let descriptor = retrying { unsafe Glibc.open(path, flags, 0o600) }
        if descriptor < 0 { throw failure("Can't open lock file", path) }
        // BECAUSE flock and not fcntl: a lock of fcntl's is lost when the process closes any other
        // descriptor of the file.
        if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 {
            let held = errno == EWOULDBLOCK
            let holder = held ? Self.holder(descriptor) : ""
            let number = errno
            _ = Glibc.close(descriptor)
            if !held { throw failure("Can't lock file", path, number) }
            throw PersistenceError(
                .locked, "The data directory is in use by another server\(holder)", path: path,
                remedy: "Stop that server, or start this one with another 'dir'")
        }
        Self.writeProcessIdentifier(descriptor)
        return SystemLock(descriptor: descriptor)
    }

    private static func holder(_ descriptor: Int32) -> String {
        let text = ByteWriter(capacity: 64)
        _ = unsafe text.appendFilling(32) { room in
            max(0, unsafe pread(descriptor, room.baseAddress, room.count, 0))
        }
        let digits = text.array.prefix { $0 >= 48 && $0 <= 57 }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }

    /// The identifier is for people; the lock doesn't depend on it, so failures are not reported.
    private static func writeProcessIdentifier(_ descriptor: Int32) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        Array("\(getpid())\n".utf8).withByteView { text in
            unsafe text.withUnsafePointer { base, count in
                _ = unsafe pwrite(descriptor, base, count, 0)
            }
        }
    }
}

/// A lock of this process.
final class SystemLock: FileLock {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Closing the only descriptor lets a lock of flock's go.
    func release() { _ = Glibc.close(descriptor) }
}

/// Repeats a call while a signal interrupts it.
func retrying(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// The error of the call that just failed.
func failure(_ what: String, _ path: String, _ number: Int32 = errno) -> PersistenceError {
    PersistenceError(.io, what, path: path, errno: number)
}
