/// Writes a frozen view as a base: the commands that make it, in checked groups, closed by a mark.
///
/// Keys past their deadline are written with it: the log behind the base decides what becomes of them
/// (Redis's rule for a base). Groups count commands from 1; they are no mutations of the log.
///
/// Threads: the checkpoint lane's; nothing here is shared but the token.
import Bytes
import Digest
import Persistence
import Records

/// Writes one base; see the file's header.
final class BaseWriter {
    /// Bytes after which the file is synced on the way, so that the last sync isn't a flood.
    private static let syncInterval = 4 << 20

    private let file: any FileHandle
    private let groups: GroupWriter
    private let salt: Salt
    private let token: CancelToken
    private let speller = MutationSpeller()
    private var keys = 0
    private var bytes = 0
    private var unsynced = 0

    private init(
        file: any FileHandle, salt: Salt, clock: any Clock, token: CancelToken
    ) {
        self.file = file
        self.salt = salt
        self.token = token
        self.groups = GroupWriter(clock: clock, salt: salt, sequence: 0)
    }

    /// Writes `view` to the new file `path` and forces it to the platter.
    ///
    /// - Returns: keys and bytes written.
    static func write(
        _ view: any FrozenDataset, header: BaseHeader, path: String,
        _ environment: (fileSystem: any FileSystem, clock: any Clock), token: CancelToken
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        try write(view, nil, header: header, path: path, environment, token: token)
    }

    /// Writes what `walk` hands out, which leaves out what is past its deadline, and the digest behind it.
    static func write(
        _ walk: SnapshotWalk, header: BaseHeader, path: String,
        _ environment: (fileSystem: any FileSystem, clock: any Clock), token: CancelToken
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        try write(walk.view, walk, header: header, path: path, environment, token: token)
    }

    private static func write(
        _ view: any FrozenDataset, _ walk: SnapshotWalk?, header: BaseHeader, path: String,
        _ environment: (fileSystem: any FileSystem, clock: any Clock), token: CancelToken
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        let file = try environment.fileSystem.open(path, .create)
        defer { file.close() }
        let writer = BaseWriter(
            file: file, salt: header.salt, clock: environment.clock, token: token)
        do {
            try writer.writeAll(view, walk, header: header)
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.io, "\(error)", path: path)
        }
        return (writer.keys, writer.bytes)
    }

    private func writeAll(
        _ view: any FrozenDataset, _ walk: SnapshotWalk?, header: BaseHeader
    ) throws {
        let head = ByteWriter(capacity: 256)
        Annotation.base(header).append(to: head, salt: salt)
        try put(head.view)
        for database in 0..<view.databaseCount {
            if let walk {
                try walk.forEachEntry(database: database) {
                    try take(try walk.live($0), database)
                }
            } else {
                try view.forEachEntry(database: database) { try take($0, database) }
            }
        }
        groups.closeGroup()
        try flush()
        head.removeAll()
        if let report = walk?.report {
            let mark = SnapshotMark(
                keys: UInt64(report.counts.keys), digest: report.digest.root)
            Annotation.digest(mark).append(to: head, salt: salt)
        }
        let mark = ClosingMark(
            lastSequence: groups.sequence, timeMilliseconds: header.timeMilliseconds)
        Annotation.closing(mark).append(to: head, salt: salt)
        try put(head.view)
        try file.sync()
    }

    /// What a cancelled rewrite ends with.
    static let cancelled = PersistenceError(.io, "The rewrite was cancelled")

    private func take(_ entry: FrozenEntry, _ database: Int) throws {
        if token.isCancelled { throw Self.cancelled }
        try add(entry, database: database)
        if groups.chunk.closedCount > 0 { try flush() }
    }

    private func add(_ entry: FrozenEntry, database: Int) throws {
        keys += 1
        try speller.spell(entry) { mutation in
            record(mutation, database)
            // A large collection goes out in pieces.
            if groups.chunk.closedCount > 0 { try flush() }
        }
    }

    private func record(_ mutation: Mutation, _ database: Int) {
        groups.beginUnit()
        groups.record(mutation, database: database)
        groups.endUnit()
    }

    /// Writes the closed groups, once enough of them have gathered or all.
    private func flush() throws(PersistenceError) {
        let chunk = groups.chunk
        if chunk.closedCount == 0 { return }
        try put(chunk.bytes.view[0..<chunk.closedCount])
        groups.discardClosed()
    }

    private func put(_ view: ByteView) throws(PersistenceError) {
        try file.writeAll(view)
        bytes += view.count
        unsynced += view.count
        if unsynced >= Self.syncInterval {
            try file.sync()
            unsynced = 0
        }
    }
}
