/// Writes a new log with every record outside the damage; what damage may have made wrong is kept apart.
///
///     OUT/appendonlydir/...     the records of keys that no damage can have touched, with checksums
///     OUT/suspect.aof           the records of keys that it may have touched, as plain commands
///     OUT/suspect.txt           those keys, one a line, and what else is to know
///
/// A key is suspect when a damaged region may have touched it, or when a record gives it the value of a suspect
/// one (RENAME, COPY, and their like); by its name, in whichever database, for a lost SELECT, SWAPDB or MOVE may
/// have changed that. Where what was lost can't be read at all, any key may have been touched: that is said, and
/// the records are kept.
///
/// Two passes or more: the first looks for damage, the next spread the suspicion until no key is added, the last
/// writes. A transaction's frame is not kept: the new log is whole or not there.
///
/// A file as input gives OUT as one file of plain commands, `OUT.suspect.aof` and
/// `OUT.suspect.txt`. The keys of a snapshot are written as commands; of a damaged one those before the damage.
///
/// Memory: the suspect keys, and a snapshot's data.
import Bytes
import Persistence
import Records

/// Salvages a log; see the file's header.
public final class LogSalvage {
    /// What came of it.
    public struct Report: Sendable {
        /// Records kept.
        public internal(set) var records = 0
        /// Records of suspect keys.
        public internal(set) var suspectRecords = 0
        /// Keys that damage may have touched.
        public internal(set) var suspectKeys: Set<[UInt8]> = []
        /// Whether there may be others: something lost can't be read.
        public internal(set) var maySuspectOthers = false
        /// Records that were healed by a checksum, which stand amongst the suspect ones.
        public internal(set) var healedRecords = 0
        /// Keys taken over from snapshots.
        public internal(set) var snapshotKeys = 0
        /// The damage.
        public internal(set) var regions: [LogRegion] = []
        /// What was written.
        public internal(set) var files: [String] = []
    }

    private let source: LogSource
    private let vocabulary: any CommandVocabulary
    private let disk: any FileSystem
    private let sandbox: () -> Sandbox
    private var report = Report()
    private let makeSalt: () -> UInt64

    /// An empty dataset, and a way to freeze what was loaded into it.
    public typealias Sandbox = (target: any ReplayTarget, freeze: () -> any FrozenDataset)

    /// A salvage.
    ///
    /// - Parameter sandbox: takes the keys of snapshots.
    public init(
        _ source: LogSource, vocabulary: any CommandVocabulary, _ disk: any FileSystem,
        sandbox: @escaping () -> Sandbox,
        makeSalt: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.source = source
        self.vocabulary = vocabulary
        self.disk = disk
        self.makeSalt = makeSalt
        self.sandbox = sandbox
    }

    /// Writes what can be saved to `output`, which must not be there yet.
    ///
    /// - Throws: `.io`, `.conflict` where `output` exists.
    public func run(
        to output: String, progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> Report {
        try LogSource.checkFree(output, disk)
        var suspects = SuspectKeys()
        while true {
            let pass = SuspicionPass(vocabulary, suspects)
            let scan = try LogScan.run(
                source, vocabulary: vocabulary, visitor: pass, disk, progress: progress)
            pass.finish()
            report.regions = scan.regions
            let isFirst = suspects.keys.isEmpty
            let found = pass.suspects
            if found.keys.count == suspects.keys.count { break }
            suspects = found
            if isFirst && scan.regions.isEmpty { break }
        }
        report.suspectKeys = suspects.keys
        report.maySuspectOthers = report.regions.contains { $0.touchesOthers }
        let places = try SalvagePlaces(source, output, disk)
        let writer = try SalvageWriter(
            places, vocabulary, suspects, disk, salt: source.shape == .file ? nil : makeSalt(),
            sandbox: sandbox)
        do throws(PersistenceError) {
            _ = try LogScan.run(
                source, vocabulary: vocabulary, visitor: writer, disk, progress: progress)
            try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
        report.records = writer.main.records
        report.suspectRecords = writer.suspectRecords
        report.healedRecords = writer.healedRecords
        report.snapshotKeys = writer.snapshotKeys
        report.files = writer.files
        return report
    }
}

/// Keys that damage may have touched, by name.
struct SuspectKeys {
    var keys: Set<[UInt8]> = []

    /// Whether one of these arguments is suspect.
    func touches(_ arguments: ByteViews, _ places: [Int]) -> Bool {
        if keys.isEmpty { return false }
        return places.contains { keys.contains(arguments[$0].array) }
    }
}

/// One pass over a log that finds suspect keys: those of the damage, and those that got a suspect one's value.
///
/// Damage may have swallowed a SELECT. One is written where the database changes: so if the next SELECT behind the
/// damage goes to the database that was in force before it, one was lost, and the keys named in between may be
/// another database's. In groups of ours, that is assumed too where no SELECT follows.
final class SuspicionPass: LogScanVisitor {
    private(set) var suspects: SuspectKeys
    private let vocabulary: any CommandVocabulary
    /// Keys named since a SELECT may have been lost; nil: none was.
    private var adrift: Set<[UInt8]>?
    private var isCertain = false
    private var database: Int64 = 0
    private var path = ""
    private var databases: Set<Int64> = []

    init(_ vocabulary: any CommandVocabulary, _ suspects: SuspectKeys) {
        self.vocabulary = vocabulary
        self.suspects = suspects
    }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        let replay = LogReplay(target: NullReplayTarget())
        try PreambleReader(window: window, replay: replay).read()
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) {
        suspects.keys.formUnion(region.keys)
        if region.hidesDatabase && adrift == nil { adrift = [] }
    }

    func record(_ arguments: ByteViews, _ place: RecordPlace) {
        if place.path != path {
            settle(isLost: isCertain)
            path = place.path
            database = 0
        }
        isCertain = place.isCertain
        if arguments[0].equalsIgnoringCase("select") && arguments.count == 2 {
            let number = Decimal.parse(arguments[1]) ?? 0
            if databases.count < 1000 { databases.insert(number) }
            settle(isLost: number == database)
            database = number
            return
        }
        if adrift == nil && suspects.keys.isEmpty { return }
        let places = vocabulary.keyPlaces(in: arguments)
        if adrift != nil {
            for place in places { adrift?.insert(arguments[place].array) }
        }
        if places.count > 1, !SplitCommand.isSplit(arguments[0]),
            suspects.touches(arguments, places)
        {
            for place in places { suspects.keys.insert(arguments[place].array) }
        }
    }

    /// The log has ended.
    func finish() { settle(isLost: isCertain && databases.count > 1) }

    private func settle(isLost: Bool) {
        if isLost, let adrift { suspects.keys.formUnion(adrift) }
        adrift = nil
    }
}

/// Commands whose keys have nothing to do with each other: they can be divided.
enum SplitCommand {
    /// Whether a command can be divided: MSET, and DEL and UNLINK.
    static func isSplit(_ name: ByteView) -> Bool { width(name) > 0 }

    /// Arguments to each key, 0: it can't be divided.
    static func width(_ name: ByteView) -> Int {
        if name.equalsIgnoringCase("mset") { return 2 }
        if name.equalsIgnoringCase("del") || name.equalsIgnoringCase("unlink") { return 1 }
        return 0
    }
}
