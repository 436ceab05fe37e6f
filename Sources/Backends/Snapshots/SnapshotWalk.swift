/// The entries of a frozen view as a snapshot takes them, digested on the same walk.
///
/// What was past its deadline when the view was frozen is left out: keys, and hashes without a field
/// left; fields that are past theirs are for the format to leave out (`isLive`). So what is counted and digested
/// is what the file holds.
import Bytes
import Digest
import Persistence
import Records

/// Walks over a view for one snapshot; one thread at a time.
public final class SnapshotWalk {
    /// The view.
    public let view: any FrozenDataset
    private let sink: DigestRelay
    private let token: CancelToken

    /// A walk that has not begun; `token` ends it with `SnapshotOutput.cancelled`.
    public init(_ view: any FrozenDataset, token: CancelToken = CancelToken()) {
        self.view = view
        self.token = token
        sink = DigestRelay(at: view.frozenAt) { token.isCancelled }
    }

    /// Digest and counts of what was walked over.
    public var report: DigestReport { sink.report }

    /// Hands every entry of a database that is to be saved to `visit`; once for each database.
    ///
    /// - Throws: what `visit` throws, and `SnapshotOutput.cancelled`.
    public func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        try view.forEachEntry(database: database) { entry in
            try check()
            if try !holds(entry) { return }
            do {
                try sink.add(entry, database: database)
            } catch is DigestError {
                throw SnapshotOutput.cancelled
            }
            try visit(entry)
        }
    }

    /// - Throws: `SnapshotOutput.cancelled` where the save was given up.
    @inline(__always)
    func check() throws(PersistenceError) {
        if token.isCancelled { throw SnapshotOutput.cancelled }
    }

    /// Whether a field with this deadline is to be saved.
    @inline(__always)
    public func isLive(_ deadline: Deadline?) -> Bool {
        guard let deadline else { return true }
        return deadline >= view.frozenAt
    }

    /// How many fields of a hash are to be saved.
    public func liveCount(of hash: any FrozenHash) throws -> Int {
        if !hash.hasDeadlines { return hash.count }
        var count = 0
        try hash.forEachField { _, _, deadline in if isLive(deadline) { count += 1 } }
        return count
    }

    /// Whether an entry is to be saved.
    func holds(_ entry: FrozenEntry) throws -> Bool {
        if !isLive(entry.deadline) { return false }
        if case .hash(let hash) = entry.value, hash.hasDeadlines {
            return try liveCount(of: hash) > 0
        }
        return true
    }
}

/// Takes what a snapshot's reader hands out, and digests it on another thread meanwhile: how a file is compared
/// with the data.
final class RelayedDigestTarget: ReplayTarget {
    private let sink: DigestRelay
    let databaseCount = Int(Int32.max)
    private(set) var keyCount = 0

    /// A target; `isCancelled` ends the reading with `SnapshotOutput.cancelled`.
    init(isCancelled: @escaping () -> Bool) {
        sink = DigestRelay(at: .distantPast, isCancelled: isCancelled)
    }

    /// Digest and counts of what was read.
    var report: DigestReport { sink.report }

    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        do {
            try sink.begin(database: database, key: key, deadline: deadline)
            try fill(sink)
        } catch is DigestError {
            throw SnapshotOutput.cancelled
        } catch {
            sink.abandon()
            throw error
        }
        sink.end()
        keyCount += 1
        return .new
    }

    func replay(_ arguments: ByteViews) -> ReplayOutcome {
        .unknownCommand(arguments[0].text)
    }

    func discardOpenTransaction() {}
}

/// Takes what a snapshot's reader hands out, and digests it on the thread that calls.
public final class DigestTarget: ReplayTarget {
    private let sink: DigestSink
    /// Databases a file may have keys in.
    public let databaseCount = Int(Int32.max)

    /// A target; `isCancelled` ends the reading with `SnapshotOutput.cancelled`.
    public init(isCancelled: @escaping () -> Bool = { false }) {
        // What had expired isn't in the file: everything in it counts.
        sink = DigestSink(at: .distantPast, isCancelled: isCancelled)
    }

    /// Digest and counts of what was read.
    public var report: DigestReport { DigestReport(digest: sink.digest, counts: sink.counts) }

    /// Keys read; one that came twice counts twice.
    public var keyCount: Int { sink.counts.keys }

    /// Digests a key.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        do {
            try sink.begin(database: database, key: key, deadline: deadline)
            try fill(sink)
        } catch is DigestError {
            throw SnapshotOutput.cancelled
        }
        sink.end()
        return .new
    }

    /// Snapshots hold no commands.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        .unknownCommand(arguments[0].text)
    }

    /// Snapshots hold no commands.
    public func discardOpenTransaction() {}
}
