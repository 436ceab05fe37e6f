/// Every change of one key that a log tells, in the order of replay: where it stands, when it was, its number.
///
/// The log is scanned, not executed: what a command did follows from the command. Commands that touch all keys (FLUSHALL,
/// FLUSHDB, SWAPDB) are changes of every key. Kept history is older than the files in force and is looked at only where
/// asked for.
///
/// Memory: a record.
import Bytes
import Persistence
import Records

/// Walks over a log for one key; see the file's header.
public enum KeyHistory {
    /// One change.
    public struct Change: Sendable {
        /// The file.
        public var path: String
        /// Where the record stands in it.
        public var offset: Int
        /// The number of the mutation; nil: the file has none there.
        public var sequence: UInt64?
        /// Milliseconds since 1970 of its group or stamp; nil: unknown.
        public var time: UInt64?
        /// The database.
        public var database: Int
        /// The command; empty: the key is in the snapshot that the log begins with.
        public var command: [[UInt8]]
        /// Whether it stands in a base: how the key was made anew by a rewrite.
        public var isInBase: Bool
    }

    /// Hands every change of `key` to `visit`.
    ///
    /// - Parameters:
    ///   - database: the key's; nil: any.
    ///   - withHistory: looks at the files first that rewrites have replaced, as far as they are kept.
    /// - Returns: what was found damaged, in words.
    /// - Throws: `.io`, and what `visit` throws.
    public static func run(
        _ source: LogSource, key: [UInt8], database: Int?, withHistory: Bool = false,
        vocabulary: any CommandVocabulary, _ disk: any FileSystem,
        progress: @escaping (RecoveryProgress) -> Void = { _ in },
        visit: @escaping (Change) throws(PersistenceError) -> Void
    ) throws(PersistenceError) -> [String] {
        let visitor = HistoryVisitor(key, database, vocabulary, visit)
        var damages: [String] = []
        if withHistory {
            for part in source.history {
                let scanner = try LogScanner(
                    part, state: LogScanner.State(), vocabulary: vocabulary, visitor: visitor,
                    disk, moved: { _ in })
                try scanner.run(limit: nil)
            }
            visitor.forgetDatabase()
        }
        let scan = try LogScan.run(
            source, vocabulary: vocabulary, visitor: visitor, disk, progress: progress)
        for region in scan.regions {
            damages.append(
                "\(region.path), offset \(region.offset): \(region.length) bytes are damaged, "
                    + "changes may be missing: \(region.reason)")
        }
        return damages
    }
}

/// Looks for the key in what a scan reads.
private final class HistoryVisitor: LogScanVisitor {
    private let key: [UInt8]
    private let wanted: Int?
    private let vocabulary: any CommandVocabulary
    private let visit: (KeyHistory.Change) throws(PersistenceError) -> Void
    private var database = 0
    private var path = ""
    private var groupStart: UInt64 = 0
    private var number: UInt64 = 0

    init(
        _ key: [UInt8], _ wanted: Int?, _ vocabulary: any CommandVocabulary,
        _ visit: @escaping (KeyHistory.Change) throws(PersistenceError) -> Void
    ) {
        self.key = key
        self.wanted = wanted
        self.vocabulary = vocabulary
        self.visit = visit
    }

    /// Another log begins.
    func forgetDatabase() { database = 0 }

    func record(_ arguments: ByteViews, _ place: RecordPlace) throws(PersistenceError) {
        if place.path != path {
            path = place.path
            database = 0
            number = place.sequenceBefore
            groupStart = place.sequenceBefore
        } else if place.sequenceBefore != groupStart {
            groupStart = place.sequenceBefore
            number = groupStart
        }
        let name = arguments[0]
        if name.equalsIgnoringCase("select"), arguments.count == 2 {
            database = Decimal.parse(arguments[1]).map { Int(clamping: $0) } ?? database
            return
        }
        if name.equalsIgnoringCase("multi") || name.equalsIgnoringCase("exec") { return }
        number &+= 1
        guard touches(arguments) else { return }
        try visit(
            KeyHistory.Change(
                path: place.path, offset: place.offset,
                sequence: place.isCertain && !place.isInBase ? number : nil, time: place.time,
                database: database, command: arguments.arrays, isInBase: place.isInBase))
    }

    private func touches(_ arguments: ByteViews) -> Bool {
        let name = arguments[0]
        if name.equalsIgnoringCase("flushall") || name.equalsIgnoringCase("swapdb") { return true }
        if let wanted, wanted != database { return false }
        if name.equalsIgnoringCase("flushdb") { return true }
        return key.withByteView { key in
            // Most records don't hold the key's bytes at all: the table is asked for the others.
            guard arguments.contains(where: { $0 == key }) else { return false }
            return vocabulary.keyPlaces(in: arguments).contains { arguments[$0] == key }
        }
    }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        let target = FindingTarget(key, wanted)
        try PreambleReader(window: window, replay: LogReplay(target: target)).read()
        for database in target.found {
            try visit(
                KeyHistory.Change(
                    path: window.path, offset: 0, sequence: nil, time: nil, database: database,
                    command: [], isInBase: true))
        }
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) {}
}

extension ByteViews {
    fileprivate func contains(where isWanted: (ByteView) -> Bool) -> Bool {
        for view in self where isWanted(view) { return true }
        return false
    }
}

/// Looks for a key in a snapshot.
private final class FindingTarget: ReplayTarget {
    private let key: [UInt8]
    private let wanted: Int?
    private let sink = NullValueSink()
    private(set) var found: [Int] = []
    private(set) var keyCount = 0
    let databaseCount = Int(Int32.max)

    init(_ key: [UInt8], _ wanted: Int?) {
        self.key = key
        self.wanted = wanted
    }

    func load(
        _ name: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        try fill(sink)
        keyCount += 1
        if wanted.map({ $0 == database }) ?? true, key.withByteView({ $0 == name }) {
            found.append(database)
        }
        return .new
    }

    func replay(_ arguments: ByteViews) -> ReplayOutcome { .applied }
    func discardOpenTransaction() {}
}
