/// A snapshot file as a view: each walk reads the file once more, so that memory holds one value at a time.
///
/// Whoever made it has read the file before, for its counts and its checksums. Should the file change in between, what
/// a walk finds has another digest, which whoever walks compares.
///
/// A walk over one of several databases reads all of them: the file is one stream.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// Reads a file on every walk; see the file's header.
final class StreamedDataset: FrozenDataset {
    private let source: SnapshotSource
    private let format: any SnapshotFileFormat
    private let counts: [Int: Int]
    let frozenAt = Deadline.distantPast
    let databaseCount: Int

    init(
        _ source: SnapshotSource, as format: any SnapshotFileFormat, _ counts: DatasetCounts
    ) {
        self.source = source
        self.format = format
        self.counts = Dictionary(
            uniqueKeysWithValues: counts.databases.map { ($0.number, $0.keys) })
        databaseCount = (counts.databases.last?.number ?? -1) + 1
    }

    func keyCount(database: Int) -> Int { counts[database] ?? 0 }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        if keyCount(database: database) == 0 { return }
        try withoutActuallyEscaping(visit) { visit in
            let target = VisitingTarget { entry, number in
                if number == database { try visit(entry) }
            }
            do {
                _ = try format.read(source, into: target)
            } catch {
                // What the visit threw comes back as it was, not as a fault of the file.
                throw target.failure ?? error
            }
        }
    }
}

/// Counts what a reader hands out, by database and type, and keeps nothing.
final class CountingTarget: ReplayTarget {
    private let sink = TypeSink()
    private(set) var counts = DatasetCounts()
    let databaseCount = Int(Int32.max)
    var keyCount: Int { counts.keys }

    /// Reads a whole file for its counts; the digest that comes with them is that of nothing.
    static func read(
        _ source: SnapshotSource, _ format: any SnapshotFileFormat
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        let target = CountingTarget()
        let contents = try format.read(source, into: target)
        return (contents, DigestReport(counts: target.counts))
    }

    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        sink.type = nil
        try fill(sink)
        guard let type = sink.type else { return .empty }
        counts.add(type, database: database, hasDeadline: deadline != nil)
        return .new
    }

    func replay(_ arguments: ByteViews) -> ReplayOutcome { .unknownCommand(arguments[0].text) }
    func discardOpenTransaction() {}
}

/// Notes the type of a value.
private final class TypeSink: ValueSink {
    var type: DatasetType?

    func string(_ value: ByteView) { type = .string }
    func integer(_ value: Int64) { type = .string }
    func beginList(expecting count: Int) { type = .list }
    func element(_ value: ByteView) {}
    func beginSet(expecting count: Int, isIntegers: Bool) { type = .set }
    func member(_ member: ByteView) -> Bool { true }
    func integerMember(_ member: Int64) -> Bool { true }
    func beginSortedSet(expecting count: Int) { type = .sortedSet }
    func member(_ member: ByteView, score: Double) -> Bool { true }
    func beginHash(expecting count: Int) { type = .hash }
    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) -> Bool { true }
    func beginStream() { type = .stream }
    func entry(_ id: StreamID, fields: ByteViews) {}
    func streamFacts(_ facts: StreamFacts) {}
    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool { true }
    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool { true }
    func pending(_ id: StreamID, time: Int64, count: UInt64) {}
}

/// Shows each key that a reader hands out to a closure, one after the other.
final class VisitingTarget: ReplayTarget {
    private let value = GatheredValue()
    private let visit: (FrozenEntry, Int) throws -> Void
    private(set) var failure: (any Error)?
    private(set) var keyCount = 0
    let databaseCount = Int(Int32.max)

    init(visit: @escaping (FrozenEntry, Int) throws -> Void) { self.visit = visit }

    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        value.reset()
        try fill(value)
        guard let frozen = value.frozen else { return .empty }
        keyCount += 1
        do {
            try visit(FrozenEntry(key: key, deadline: deadline, value: frozen), database)
        } catch {
            failure = error
            throw error
        }
        return .new
    }

    func replay(_ arguments: ByteViews) -> ReplayOutcome { .unknownCommand(arguments[0].text) }
    func discardOpenTransaction() {}
}
