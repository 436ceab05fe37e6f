/// Reads a whole log: which files, in which order, and what damage means.
///
/// The tail rule. Damage loses the sequences from the first one that can't be read on. If any mark found later
/// (in the rest of the file, or in a later file) says that this sequence was durable, it is corruption and
/// the start stops; otherwise it is the unsynced tail of a crash, which is cut with everything
/// behind it. Two exceptions: a base was whole before a manifest named it, so damage in it is
/// corruption; and what the next increment holds again (after a failover) is void and never judged.
///
/// Nothing on disk is changed here: `RecoveredLog` says what has to be.
///
/// Threads: the loading thread.
import Bytes
import Persistence

/// What a restore found, and what has to change on disk before the log goes on.
struct RecoveredLog {
    var manifest = Manifest()
    /// Files to cut.
    var cuts: [(path: String, size: Int)] = []
    /// Increments that are lost with an unsynced tail: out of the manifest, then out of the folder.
    var dropped: [Manifest.Entry] = []
    /// The old single file that is to become the base.
    var upgrade: String?
    /// The increment that the log goes on in; nil: a new one is needed.
    var last: (header: IncrementHeader, entry: Manifest.Entry, size: Int)?
    var sequence: UInt64 = 0
    var database = 0
    var baseBytes = 0
    var olderBytes = 0
}

/// Reads a log; see the file's header.
final class LogRecovery {
    private let places: LogPlaces
    private let settings: BackendSettings
    private let disk: any FileSystem
    private let replay: LogReplay
    private let progress: (RecoveryProgress) -> Void
    /// The last sequence that is read, where not all are: what follows may be in the middle of being written.
    private let upTo: UInt64?
    private var state = RecoveryProgress(loadedBytes: 0, totalBytes: 0)
    private(set) var log = RecoveredLog()
    private(set) var report = RecoveryReport()

    init(
        places: LogPlaces, settings: BackendSettings, disk: any FileSystem,
        target: any ReplayTarget, upTo: UInt64? = nil,
        progress: @escaping (RecoveryProgress) -> Void
    ) {
        self.places = places
        self.settings = settings
        self.disk = disk
        self.replay = LogReplay(target: target)
        self.upTo = upTo
        self.progress = progress
    }

    /// Reads everything into the target.
    ///
    /// - Throws: `.corrupt`, `.tornTail` (where cutting is switched off), `.unsupportedFormat`, `.io`.
    func run() throws(PersistenceError) {
        let chain = try findFiles()
        report.foundData = !chain.isEmpty
        for file in chain {
            guard let status = try disk.status(file.path), !status.isDirectory else {
                throw LogReader.corrupt(
                    "The AOF file \(file.entry.name) doesn't exist, but the manifest names it",
                    file.path, 0)
            }
            state.totalBytes += status.size
        }
        for index in chain.indices {
            if try !read(chain, index) { break }
        }
        log.sequence = replay.sequence
        report.sequence = replay.sequence
        report.bytes = state.loadedBytes
        report.commands = replay.commands
        report.keys = replay.target.keyCount
        report.warnings += replay.warnings
    }

    /// One file of the log and its path.
    struct ChainFile {
        var entry: Manifest.Entry
        var path: String
    }

    private func findFiles() throws(PersistenceError) -> [ChainFile] {
        if let bytes = try disk.contents(of: places.manifest, limit: Manifest.maximumBytes) {
            log.manifest = try Manifest.parse(bytes, path: places.manifest)
            if !log.manifest.isOurs { replay.isSequenceKnown = false }
        }
        let chain = log.manifest.chain
        if let upgrade = try oldSingleFile(chain) { return [upgrade] }
        return chain.map { ChainFile(entry: $0, path: places.path($0.name)) }
    }

    /// A log of Redis before 7 that is to be moved into the folder (also after a crash on the way).
    private func oldSingleFile(_ chain: [Manifest.Entry]) throws(PersistenceError) -> ChainFile? {
        guard let old = try disk.status(places.oldFile), !old.isDirectory else { return nil }
        let isOnTheWay =
            chain.count == 1 && log.manifest.base?.name == places.prefix
            && log.manifest.history.isEmpty
        if !chain.isEmpty {
            if !isOnTheWay { return nil }
            if try disk.status(places.path(places.prefix)) != nil { return nil }
        }
        let entry = Manifest.Entry(name: places.prefix, number: 1, kind: .base)
        log.manifest = Manifest(base: entry)
        log.upgrade = places.oldFile
        return ChainFile(entry: entry, path: places.oldFile)
    }

    private func open(_ file: ChainFile) throws(PersistenceError) -> LogReader {
        try LogReader(path: file.path, expected: file.entry.salt, replay: replay, disk) {
            [self] count in
            state.loadedBytes += count
            progress(state)
        }
    }

    /// Reads one file of the chain; false where the log ends with it although more files follow.
    private func read(_ chain: [ChainFile], _ index: Int) throws(PersistenceError) -> Bool {
        let file = chain[index]
        let reader = try open(file)
        let isLast = index == chain.count - 1
        try begin(reader, file)
        var limit = try index + 1 < chain.count ? firstSequence(chain[index + 1]) : nil
        if let upTo { limit = min(limit ?? .max, upTo + 1) }
        let end = try reader.read(limit: limit)
        var size = reader.window.size
        var goesOn = true
        switch end {
        case .clean: break
        case .foreign: noteForeign(file, reader)
        case .superseded(let offset):
            cut(file, offset, size, "written again in the next increment after a failed sync")
            size = offset
        case .foreignTorn(let offset):
            try judgeForeign(file, offset, size, isLast: isLast)
            noteForeign(file, reader)
            size = offset
        case .damaged(let offset, let reason):
            if let limit, limit == replay.sequence + 1, file.entry.kind == .increment {
                cut(file, offset, size, reason + ", void: the next increment has what follows")
            } else {
                try judge(chain, index, reader, offset, reason)
                goesOn = false
            }
            size = offset
        }
        account(reader, file, size: size, end: end, isLast: isLast || !goesOn)
        return goesOn
    }

    /// What the head of a file says about the sequences.
    private func begin(
        _ reader: LogReader, _ file: ChainFile
    ) throws(PersistenceError) {
        switch reader.kind {
        case .foreign: return
        case .base(let header):
            if file.entry.kind != .base {
                throw LogReader.corrupt("A base stands where an increment should", file.path, 0)
            }
            replay.sequence = header.lastSequence
            replay.isSequenceKnown = true
        case .increment(let header):
            if file.entry.kind == .base {
                throw LogReader.corrupt("An increment stands where a base should", file.path, 0)
            }
            if !replay.isSequenceKnown {
                replay.sequence = header.firstSequence &- 1
                replay.isSequenceKnown = true
            }
        }
    }

    private func account(
        _ reader: LogReader, _ file: ChainFile, size: Int, end: LogEnd, isLast: Bool
    ) {
        if file.entry.kind == .base {
            log.baseBytes += size
            return
        }
        guard isLast else {
            log.olderBytes += size
            return
        }
        log.database = replay.database
        guard case .increment(let header) = reader.kind, end.isOurs else {
            log.olderBytes += size
            return
        }
        // An empty increment of an abandoned rewrite may begin with another sequence: not used.
        let isEmpty = !reader.hasGroups
        if isEmpty && header.firstSequence != replay.sequence + 1 {
            log.olderBytes += size
            return
        }
        if isEmpty { log.database = -1 }
        log.last = (header, file.entry, size)
    }

    private func noteForeign(_ file: ChainFile, _ reader: LogReader) {
        if case .foreign = reader.kind { return }
        report.warnings.append(
            "A plain Redis has written to \(file.path); its commands carry no checksums. They were "
                + "loaded, and the log goes on in a new increment")
    }

    private func cut(_ file: ChainFile, _ offset: Int, _ size: Int, _ reason: String) {
        if offset < size { log.cuts.append((file.path, offset)) }
        report.damages.append(
            RecoveryReport.Damage(
                path: file.path, offset: offset, length: size - offset, reason: reason,
                isCut: true))
    }

    private func judgeForeign(
        _ file: ChainFile, _ offset: Int, _ size: Int, isLast: Bool
    ) throws(PersistenceError) {
        if isLast && settings.loadsTruncated {
            cut(file, offset, size, "the last command or transaction is unfinished")
            return
        }
        throw unexpectedEnd(file, offset)
    }

    private func unexpectedEnd(_ file: ChainFile, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .tornTail,
            "Unexpected end of file reading the append only file. You can: 1) Make a backup of your "
                + "AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively "
                + "you can set the 'aof-load-truncated' configuration option to yes and restart the "
                + "server", path: file.path, offset: offset)
    }

    /// The tail rule for our own files.
    private func judge(
        _ chain: [ChainFile], _ index: Int, _ reader: LogReader, _ offset: Int, _ reason: String
    ) throws(PersistenceError) {
        let file = chain[index]
        let lost = replay.sequence + 1
        if case .base = reader.kind {
            throw LogReader.corrupt("The base of the log is damaged: \(reason)", file.path, offset)
        }
        var mark: UInt64 = 0
        let later = chain[(index + 1)...]
        mark = try DurableMarks.highest(file.path, from: offset, salt: reader.salt, disk)
        for other in later {
            let salt = other.entry.salt.map { Salt(bits: $0) }
            mark = max(mark, try DurableMarks.highest(other.path, from: 0, salt: salt, disk))
        }
        if mark >= lost {
            throw LogReader.corrupt(
                "The log is corrupt at sequence \(lost), which was durable: \(reason)", file.path,
                offset)
        }
        if !settings.loadsTruncated { throw unexpectedEnd(file, offset) }
        cut(file, offset, reader.window.size, reason)
        for other in later {
            let size = try disk.status(other.path)?.size ?? 0
            report.damages.append(
                RecoveryReport.Damage(
                    path: other.path, offset: 0, length: size,
                    reason: "it follows the unsynced tail of \(file.path)", isCut: true))
            log.dropped.append(other.entry)
        }
    }

    /// Sequence of the first group in an increment of ours; nil where there is none to be read.
    private func firstSequence(_ file: ChainFile) throws(PersistenceError) -> UInt64? {
        let reader = try LogReader(
            path: file.path, expected: file.entry.salt, replay: replay, disk, moved: { _ in })
        guard case .increment(let header) = reader.kind else { return nil }
        try reader.window.show(4096)
        let front = reader.window.front
        let stamp = LogReader.stampLength(front)
        let line = Annotation.parse(front.dropFirst(stamp), salt: header.salt)
        if case .group(let head) = line?.line { return head.firstSequence }
        return nil
    }
}

extension LogEnd {
    /// Whether our groups may go on behind it.
    var isOurs: Bool {
        switch self {
        case .clean, .superseded, .damaged: true
        case .foreign, .foreignTorn: false
        }
    }
}
