/// What fills a log: records and bytes by command, the keys with the most, and how much of it is dead.
///
/// The keys with the most bytes are found in bounded memory: when there are 8,192 counters, the smaller half is
/// forgotten, and the largest of them is what any later key may have had before (`error`).
import Bytes
import Persistence

/// Figures of a log.
public final class LogStatistics {
    /// A key and what it takes.
    public struct KeyFigure: Sendable {
        /// Its name.
        public let key: [UInt8]
        /// Bytes of its records, as far as they were counted.
        public let bytes: Int
        /// So many more it may have had before it was counted.
        public let error: Int
        /// Its records, as far as they were counted.
        public let records: Int
    }

    /// Records and bytes by command, the most bytes first.
    public private(set) var commands: [(name: String, records: Int, bytes: Int)] = []
    /// Keys with the most bytes, at most so many as were asked for.
    public private(set) var keys: [KeyFigure] = []
    /// Bytes of all files.
    public private(set) var bytes = 0
    /// Records in all files.
    public private(set) var records = 0

    /// Reads all files of a log.
    ///
    /// - Parameter count: keys wanted.
    public init(
        _ source: LogSource, vocabulary: any CommandVocabulary, topKeys count: Int,
        _ disk: any FileSystem, progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) {
        let counter = KeyCounter(vocabulary)
        let scan = try LogScan.run(
            source, vocabulary: vocabulary, visitor: counter, disk, progress: progress)
        var merged: [String: (calls: Int, bytes: Int)] = [:]
        for part in scan.parts {
            for (name, figures) in part.commands {
                merged[name, default: (0, 0)].calls += figures.calls
                merged[name, default: (0, 0)].bytes += figures.bytes
            }
        }
        commands = merged.map { ($0.key, $0.value.calls, $0.value.bytes) }
            .sorted { ($1.2, $0.0) < ($0.2, $1.0) }
        keys = counter.top(count)
        bytes = scan.bytes
        records = scan.records
    }
}

/// Counts bytes by key; see the file's header.
private final class KeyCounter: LogScanVisitor {
    private struct Counter {
        var bytes = 0
        var error = 0
        var records = 0
    }

    private static let limit = 4096
    private let vocabulary: any CommandVocabulary
    private var counters: [[UInt8]: Counter] = [:]

    init(_ vocabulary: any CommandVocabulary) { self.vocabulary = vocabulary }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        try PreambleReader(window: window, replay: LogReplay(target: NullReplayTarget())).read()
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) {}

    func record(_ arguments: ByteViews, _ place: RecordPlace) {
        guard let first = vocabulary.keyPlaces(in: arguments).first else { return }
        var bytes = 0
        for argument in arguments { bytes += argument.count + 8 }
        let key = arguments[first].array
        if counters[key] == nil && counters.count >= 2 * Self.limit { shrink() }
        counters[key, default: Counter(error: floor)].bytes += bytes
        counters[key]?.records += 1
    }

    /// What a key may have had before it was counted.
    private var floor = 0

    /// The smaller half gives way, and is remembered as what any newcomer may have had.
    private func shrink() {
        let sorted = counters.sorted { $0.value.bytes > $1.value.bytes }
        floor = max(floor, sorted[Self.limit].value.bytes)
        counters = Dictionary(
            uniqueKeysWithValues: sorted.prefix(Self.limit).map { ($0.key, $0.value) })
    }

    func top(_ count: Int) -> [LogStatistics.KeyFigure] {
        counters.sorted { ($1.value.bytes, $0.key.count) < ($0.value.bytes, $1.key.count) }
            .prefix(count)
            .map {
                LogStatistics.KeyFigure(
                    key: $0.key, bytes: $0.value.bytes, error: $0.value.error,
                    records: $0.value.records)
            }
    }
}
