/// A disk in memory that records every call and can fail any of them.
///
/// Objects (files and folders) have numbers that stay theirs when they are renamed: what a power cut does
/// to a file is a matter of the object, not of the path it was opened by. What the running system
/// sees is always the newest content; what may be left after a power cut is `CrashStates`' business, which
/// replays `events`.
///
/// Threads: one.
import Bytes
import Persistence

/// What happened to the disk, in order; each is a point at which the power may go.
public enum DiskEvent {
    /// Bytes were appended to an object.
    case write(object: Int, bytes: [UInt8])
    /// An object was cut or extended.
    case truncate(object: Int, size: Int)
    /// Entries of a folder changed, atomically.
    case entry(folder: Int, EntryChange)
    /// An object was synced: covers what happened to it before `horizon` or from `begin` on.
    case sync(object: Int, horizon: Int, begin: Int)
    /// A sync of an object failed: what it had to cover may be lost for good.
    case syncFailed(object: Int)
    /// A folder's entries were synced.
    case syncFolder(Int)
    /// The world outside was told something: `SimDisk.note`.
    case note
}

/// A change of a folder's entries.
public struct EntryChange {
    /// The name that goes, if any.
    public var removed: String?
    /// The name that comes, and what it names.
    public var added: (name: String, object: Int)?
    /// Whether what comes is a folder.
    public var isFolder = false
}

/// A call of the file system, for faults.
public enum DiskCall: String, Sendable, CaseIterable {
    /// Opening a file.
    case open
    /// Appending.
    case write
    /// Reading.
    case read
    /// Syncing a file.
    case sync
    /// Cutting a file.
    case truncate
    /// Renaming.
    case rename
    /// Giving a second name.
    case link
    /// Removing a name.
    case unlink
    /// Making a folder.
    case makeDirectory
    /// Syncing a folder.
    case syncDirectory
    /// Listing a folder.
    case list
    /// Asking for a size.
    case status
}

/// How a call fails.
public enum DiskFault: Sendable, Hashable {
    /// With an error number.
    case error(Int32)
    /// A write takes half of the bytes and succeeds; any other call fails with EIO.
    case short
}

/// The simulated disk; see the file's header.
public final class SimDisk: FileSystem, @unchecked Sendable {
    // BECAUSE: a simulation runs on one thread; the protocol is Sendable for production's sake.

    /// What happened so far.
    public private(set) var events: [DiskEvent] = []
    /// Asked before every call: nil lets it through.
    public var fault: ((DiskCall, String) -> DiskFault?)?
    /// Events that a sync in a background job may rely on: those before the job was handed over.
    public var horizon: (submitted: Int, begun: Int)?
    /// Whether events are kept.
    public var isRecording = true

    var contents: [Int: [UInt8]] = [:]
    private var names: [String: Int] = [:]
    private var folders: Set<Int> = []
    private var nextObject = 1
    private var locks: Set<String> = []

    /// A disk with the folders and files of `image`, all durable.
    public init(_ image: DiskImage = DiskImage()) {
        names["/data"] = 0
        folders.insert(0)
        for path in image.folders.sorted() {
            names[path] = nextObject
            folders.insert(nextObject)
            nextObject += 1
        }
        for (path, content) in image.files.sorted(by: { $0.key < $1.key }) {
            names[path] = nextObject
            contents[nextObject] = content.bytes
            nextObject += 1
        }
        initial = (names, contents, folders)
    }

    /// What the disk began with.
    let initial: (names: [String: Int], contents: [Int: [UInt8]], folders: Set<Int>)

    /// Notes that the world outside was told something: a crash point of its own.
    public func note() { record(.note) }

    /// What the running system sees: what is left when the process is killed.
    public var live: DiskImage {
        var image = DiskImage()
        for (path, object) in names where object != 0 {
            if folders.contains(object) {
                image.folders.insert(path)
            } else {
                image.files[path] = DiskContent(contents[object] ?? [])
            }
        }
        return image
    }

    /// Changes the bytes of a file behind everybody's back, as a bad disk does; whether there is such a file.
    @discardableResult
    public func damage(_ path: String, _ change: (inout [UInt8]) -> Void) -> Bool {
        guard let object = names[path], var bytes = contents[object] else { return false }
        change(&bytes)
        contents[object] = bytes
        return true
    }

    /// The process that used the disk is gone: its locks are free, its writes stay as durable as they were.
    public func killProcess() { locks = [] }

    func record(_ event: DiskEvent) {
        if isRecording { events.append(event) }
    }

    func check(_ call: DiskCall, _ path: String) throws(PersistenceError) {
        guard let fault = fault?(call, path) else { return }
        throw Self.error(fault, call, path)
    }

    static func error(_ fault: DiskFault, _ call: DiskCall, _ path: String) -> PersistenceError {
        let number: Int32
        switch fault {
        case .error(let code): number = code
        case .short: number = 5
        }
        return PersistenceError(.io, "\(call.rawValue) failed", path: path, errno: number)
    }

    private static func missing(_ path: String) -> PersistenceError {
        PersistenceError(.io, "No such file", path: path, errno: 2)
    }

    private func parent(_ path: String) throws(PersistenceError) -> (folder: Int, name: String) {
        guard let slash = path.lastIndex(of: "/"),
            let folder = names[String(path[..<slash])], folders.contains(folder)
        else { throw Self.missing(path) }
        return (folder, String(path[path.index(after: slash)...]))
    }

    /// Opens a file.
    public func open(_ path: String, _ mode: FileMode) throws(PersistenceError) -> any FileHandle {
        try check(.open, path)
        let place = try parent(path)
        if let object = names[path] {
            if mode == .create && contents[object]?.isEmpty == false {
                contents[object] = []
                record(.truncate(object: object, size: 0))
            }
            return SimFile(disk: self, object: object, path: path)
        }
        if mode == .read || mode == .update { throw Self.missing(path) }
        let object = nextObject
        nextObject += 1
        names[path] = object
        contents[object] = []
        record(.entry(folder: place.folder, EntryChange(added: (place.name, object))))
        return SimFile(disk: self, object: object, path: path)
    }

    /// Replaces `to` by `from`.
    public func rename(_ from: String, to: String) throws(PersistenceError) {
        try check(.rename, from)
        guard let object = names[from] else { throw Self.missing(from) }
        let source = try parent(from)
        let target = try parent(to)
        names[from] = nil
        names[to] = object
        if source.folder == target.folder {
            record(
                .entry(
                    folder: source.folder,
                    EntryChange(removed: source.name, added: (target.name, object))))
        } else {
            record(.entry(folder: target.folder, EntryChange(added: (target.name, object))))
            record(.entry(folder: source.folder, EntryChange(removed: source.name)))
        }
    }

    /// Gives a file a second name.
    public func link(_ from: String, to: String) throws(PersistenceError) {
        try check(.link, from)
        guard let object = names[from] else { throw Self.missing(from) }
        if names[to] != nil { throw Self.error(.error(17), .link, to) }
        let target = try parent(to)
        names[to] = object
        record(.entry(folder: target.folder, EntryChange(added: (target.name, object))))
    }

    /// Removes a name.
    public func unlink(_ path: String) throws(PersistenceError) {
        try check(.unlink, path)
        guard names[path] != nil else { throw Self.missing(path) }
        let place = try parent(path)
        names[path] = nil
        record(.entry(folder: place.folder, EntryChange(removed: place.name)))
    }

    /// Makes a folder.
    public func makeDirectory(_ path: String) throws(PersistenceError) {
        try check(.makeDirectory, path)
        if names[path] != nil { return }
        let place = try parent(path)
        let object = nextObject
        nextObject += 1
        names[path] = object
        folders.insert(object)
        let change = EntryChange(added: (place.name, object), isFolder: true)
        record(.entry(folder: place.folder, change))
    }

    /// Syncs a folder.
    public func syncDirectory(_ path: String) throws(PersistenceError) {
        try check(.syncDirectory, path)
        guard let folder = names[path] else { throw Self.missing(path) }
        record(.syncFolder(folder))
    }

    /// Names in a folder.
    public func list(_ path: String) throws(PersistenceError) -> [String] {
        try check(.list, path)
        let prefix = path + "/"
        return names.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
            .filter { !$0.contains("/") }.sorted()
    }

    /// Size and kind.
    public func status(_ path: String) throws(PersistenceError) -> FileStatus? {
        try check(.status, path)
        guard let object = names[path] else { return nil }
        return FileStatus(
            size: contents[object]?.count ?? 0, isDirectory: folders.contains(object),
            modifiedSeconds: 0)
    }

    /// Takes a lock; no file is made for it, for it holds no data.
    public func lock(_ path: String) throws(PersistenceError) -> any FileLock {
        if !locks.insert(path).inserted {
            throw PersistenceError(.locked, "The data directory is in use", path: path)
        }
        return SimLock { [weak self] in self?.locks.remove(path) }
    }
}

private final class SimLock: FileLock, @unchecked Sendable {
    // BECAUSE: as SimDisk.
    private let free: () -> Void
    init(free: @escaping () -> Void) { self.free = free }
    func release() { free() }
}

/// An open file of a simulated disk.
private final class SimFile: FileHandle, @unchecked Sendable {
    // BECAUSE: as SimDisk.
    private let disk: SimDisk
    private let object: Int
    private let path: String

    init(disk: SimDisk, object: Int, path: String) {
        self.disk = disk
        self.object = object
        self.path = path
    }

    func write(_ bytes: ByteView) throws(PersistenceError) -> Int {
        var taken = bytes.array
        if let fault = disk.fault?(.write, path) {
            guard fault == .short, taken.count > 1 else {
                throw SimDisk.error(fault, .write, path)
            }
            taken = Array(taken[..<(taken.count / 2)])
        }
        disk.contents[object, default: []].append(contentsOf: taken)
        let count = taken.count
        disk.record(.write(object: object, bytes: taken))
        return count
    }

    func read(
        _ count: Int, at offset: Int, into window: ByteWriter
    ) throws(PersistenceError) -> Int {
        try disk.check(.read, path)
        let content = disk.contents[object] ?? []
        let end = min(content.count, offset + count)
        if offset >= end { return 0 }
        content.withByteView { window.append($0[offset..<end]) }
        return end - offset
    }

    func sync() throws(PersistenceError) {
        do throws(PersistenceError) {
            try disk.check(.sync, path)
        } catch {
            disk.record(.syncFailed(object: object))
            throw error
        }
        let now = disk.events.count
        let horizon = disk.horizon ?? (now, now)
        disk.record(.sync(object: object, horizon: horizon.submitted, begin: horizon.begun))
    }

    func truncate(to size: Int) throws(PersistenceError) {
        try disk.check(.truncate, path)
        var content = disk.contents[object] ?? []
        if size <= content.count {
            content.removeLast(content.count - size)
        } else {
            content += [UInt8](repeating: 0, count: size - content.count)
        }
        disk.contents[object] = content
        disk.record(.truncate(object: object, size: size))
    }

    func size() throws(PersistenceError) -> Int {
        try disk.check(.status, path)
        return disk.contents[object]?.count ?? 0
    }

    func close() {}
}
