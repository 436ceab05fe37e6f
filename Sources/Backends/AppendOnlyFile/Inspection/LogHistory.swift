/// Every change of one key that a log still tells of, with its place.
///
/// Whole keyspace commands (FLUSHALL, FLUSHDB, SWAPDB) are changes of every key. Damage is passed over and told: what is
/// behind it may follow on changes that are gone.
import Bytes
import Persistence
import Records

/// The changes of one key; see the file's header.
public struct LogHistory: Sendable {
    /// One change.
    public struct Change: Sendable {
        /// The file.
        public let path: String
        /// Where the record begins in it.
        public let offset: Int
        /// The sequence number; nil: the file has none, or the record is of a base.
        public let sequence: UInt64?
        /// Milliseconds since 1970; nil: the log doesn't tell.
        public let time: UInt64?
        /// The database.
        public let database: Int
        /// The command; empty: the key is in the snapshot that the file begins with.
        public let arguments: [[UInt8]]
    }

    /// In the order of the log.
    public internal(set) var changes: [Change] = []
    /// Damaged regions, behind which changes may be missing.
    public internal(set) var damages: [LogRegion] = []

    /// Reads the whole log.
    ///
    /// - Parameters:
    ///   - withHistory: files that a rewrite replaced and that were kept come first.
    ///   - database: nil: all.
    /// - Throws: `.io`.
    public static func of(
        _ key: [UInt8], database: Int? = nil, in source: LogSource,
        vocabulary: any CommandVocabulary, _ disk: any FileSystem, withHistory: Bool = true,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> LogHistory {
        var source = source
        if withHistory { source.parts = source.history + source.parts }
        let visitor = HistoryVisitor(key, database, vocabulary)
        _ = try LogScan.run(
            source, vocabulary: vocabulary, visitor: visitor, disk, progress: progress)
        return visitor.history
    }
}

/// Picks one key's records.
private final class HistoryVisitor: LogScanVisitor {
    var history = LogHistory()
    private let key: [UInt8]
    private let wanted: Int?
    private let vocabulary: any CommandVocabulary
    private var database = 0
    private var path = ""
    /// The group that the last record was in, and mutations of it so far.
    private var group: (before: UInt64, count: UInt64) = (.max, 0)

    init(_ key: [UInt8], _ wanted: Int?, _ vocabulary: any CommandVocabulary) {
        self.key = key
        self.wanted = wanted
        self.vocabulary = vocabulary
    }

    func record(_ arguments: ByteViews, _ place: RecordPlace) throws(PersistenceError) {
        enter(place.path)
        if place.sequenceBefore != group.before { group = (place.sequenceBefore, 0) }
        let name = arguments[0]
        if name.equalsIgnoringCase("select") {
            if arguments.count > 1 { database = Decimal.parse(arguments[1]).map { Int($0) } ?? 0 }
            return
        }
        if name.equalsIgnoringCase("multi") || name.equalsIgnoringCase("exec") { return }
        group.count += 1
        guard touches(arguments) else { return }
        history.changes.append(
            LogHistory.Change(
                path: place.path, offset: place.offset,
                sequence: place.isCertain && !place.isInBase
                    ? place.sequenceBefore &+ group.count : nil,
                time: place.time, database: database, arguments: arguments.arrays))
    }

    /// A file of a plain Redis begins in database 0, and each of ours selects one.
    private func enter(_ path: String) {
        if path == self.path { return }
        self.path = path
        database = 0
    }

    private func touches(_ arguments: ByteViews) -> Bool {
        let name = arguments[0]
        if name.equalsIgnoringCase("flushall") || name.equalsIgnoringCase("swapdb") { return true }
        if let wanted, wanted != database { return false }
        if name.equalsIgnoringCase("flushdb") { return true }
        return key.withByteView { key in
            vocabulary.keyPlaces(in: arguments).contains { arguments[$0] == key }
        }
    }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        enter(window.path)
        let finder = KeyFinder(key, wanted)
        let replay = LogReplay(target: finder)
        try PreambleReader(window: window, replay: replay).read()
        for database in finder.databases {
            history.changes.append(
                LogHistory.Change(
                    path: window.path, offset: 0, sequence: nil, time: nil, database: database,
                    arguments: []))
        }
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) { history.damages.append(region) }
}

/// Notes the databases that a snapshot has one key in.
private final class KeyFinder: ReplayTarget {
    private(set) var databases: [Int] = []
    private(set) var keyCount = 0
    let databaseCount = Int(Int32.max)
    private let key: [UInt8]
    private let wanted: Int?
    private let sink = NullValueSink()

    init(_ key: [UInt8], _ wanted: Int?) {
        self.key = key
        self.wanted = wanted
    }

    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        try fill(sink)
        keyCount += 1
        let isIt = self.key.withByteView { $0 == key }
        if isIt && wanted.map({ $0 == database }) ?? true { databases.append(database) }
        return .new
    }

    func replay(_ arguments: ByteViews) -> ReplayOutcome { .applied }
    func discardOpenTransaction() {}
}
