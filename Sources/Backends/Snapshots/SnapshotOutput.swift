/// The bytes of a snapshot on their way to the disk: a buffer that is written when it is full.
///
/// The file is synced on the way every few megabytes, so that the last sync isn't a flood that other
/// syncs wait behind. Memory: the buffer, and the longest run of bytes between two calls of `settle`.
import Bytes
import Digest
import Persistence

/// Where a format writes; one thread at a time.
public final class SnapshotOutput {
    /// What a save that was cancelled ends with.
    public static let cancelled = PersistenceError(.io, "The save was cancelled")

    private static let threshold = 256 << 10
    private static let syncInterval = 8 << 20

    /// What is to be written; `settle` hands it on.
    public let buffer = ByteWriter(capacity: threshold + threshold / 4)
    private let file: any FileHandle
    private let token: CancelToken
    private var written = 0
    private var unsynced = 0
    private var hash: RunningHash256?

    /// Output to a file that was just made.
    public init(_ file: any FileHandle, token: CancelToken = CancelToken()) {
        self.file = file
        self.token = token
    }

    /// Bytes so far.
    public var position: Int { written + buffer.count }

    /// From here on all bytes are hashed; called before the first.
    public func beginChecksum() {
        precondition(position == 0, "the checksum covers a file from its first byte on")
        hash = RunningHash256()
    }

    /// The SHA-256 of all bytes so far.
    ///
    /// - Throws: as `flush`.
    public func checksum() throws(PersistenceError) -> Hash256? {
        try flush()
        return hash?.value
    }

    /// Writes the buffer if it is full; called between elements.
    ///
    /// - Throws: `.io`; `cancelled` where the save was given up.
    @inline(__always)
    public func settle() throws(PersistenceError) {
        if buffer.count >= Self.threshold { try flush() }
    }

    /// Writes the buffer.
    public func flush() throws(PersistenceError) {
        if token.isCancelled { throw Self.cancelled }
        if buffer.count == 0 { return }
        hash?.update(buffer.view)
        try file.writeAll(buffer.view)
        written += buffer.count
        unsynced += buffer.count
        buffer.removeAll(keepingUpTo: 4 << 20)
        if unsynced >= Self.syncInterval {
            try file.sync()
            unsynced = 0
        }
    }

    /// Writes what is left and forces everything to the platter.
    public func finish() throws(PersistenceError) {
        try flush()
        try file.sync()
    }
}
