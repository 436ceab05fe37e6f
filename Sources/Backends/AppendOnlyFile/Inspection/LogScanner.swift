/// Reads every byte of one file of a log, and goes on behind damage.
///
/// A file of ours: each group's line, sum, sequence and records are checked; behind damage the next valid line with
/// a higher sequence is where it goes on (a copy of this file stored as a value in it has lower ones). What a
/// plain Redis wrote: each record is cut out strictly; behind damage the next record whose name is known, and
/// which another record, a comment or the file's end follows, is where it goes on.
///
/// Nothing is judged here: what a server would do is for `ServerVerdict`.
///
/// INVARIANT 1: bytes before `window.offset` are counted as certain, as plausible, or lie in a region.
/// Memory: the window, which a whole record must fit; and the keys of damaged regions.
import Bytes
import Persistence
import RESP

/// Scans one file; see the file's header. `+Groups` and `+Commands` hold the two grammars.
final class LogScanner {
    /// What is known from one file of a log to the next.
    final class State {
        /// The last sequence read; meaningless before `isKnown`.
        var sequence: UInt64 = 0
        /// Whether `sequence` is known.
        var isKnown = true
        /// The latest time seen, milliseconds since 1970.
        var latest: UInt64 = 0
        /// Lines that were healed so far: each costs milliseconds.
        var healed = 0
    }

    let window: LogWindow
    let state: State
    let disk: any FileSystem
    let vocabulary: any CommandVocabulary
    let cache: VocabularyCache
    let visitor: (any LogScanVisitor)?
    let parser = RequestParser()
    var finding: PartFinding
    var salt: Salt?
    /// The last time that the file told.
    var time: UInt64?
    /// Whether this is a base of ours.
    var isBase = false

    /// - Parameter moved: told how many bytes were read.
    init(
        _ part: LogSource.Part, state: State, vocabulary: any CommandVocabulary,
        visitor: (any LogScanVisitor)?, _ disk: any FileSystem, moved: @escaping (Int) -> Void
    ) throws(PersistenceError) {
        window = try LogWindow(path: part.path, disk, moved: moved)
        self.state = state
        self.disk = disk
        self.vocabulary = vocabulary
        self.visitor = visitor
        cache = VocabularyCache(vocabulary)
        finding = PartFinding(part)
        finding.size = window.size
        parser.limits.maximumArguments = .max
        parser.limits.maximumBulkBytes = 1 << 40
    }

    /// Reads the file to its end.
    ///
    /// - Parameter limit: the sequence from which on the next file has it again; nil: there is no such.
    func run(limit: UInt64?) throws(PersistenceError) {
        defer { finding.commands = cache.counts() }
        try window.show(4096)
        if window.front.isEmpty {
            finding.kind = .empty
            if finding.part.salt != nil || finding.part.role == .base {
                try damage(0, 0, "the file is empty", isComplete: false)
            }
            return
        }
        if RDBReplay.begins(window.front) {
            try readSnapshot()
            return
        }
        if try readHead() {
            try readGroups(limit: limit)
        } else {
            finding.kind = .commands
            try readCommands(to: window.size)
        }
    }

    /// The head of a file of ours; false where the file is a plain Redis's.
    private func readHead() throws(PersistenceError) -> Bool {
        let front = window.front
        let expected = finding.part.salt.map { Salt(bits: $0) }
        var head = Annotation.parse(front, salt: nil)
        var isHealed = false
        if head == nil && (expected != nil || Annotation.startsLine(front)) {
            head = SumHealing.line(front, salt: nil)
            isHealed = true
        }
        switch head?.line {
        case .increment(let header) where expected.map { $0 == header.salt } ?? true:
            salt = header.salt
            if !state.isKnown {
                state.sequence = header.firstSequence &- 1
                state.isKnown = true
            }
            if finding.part.role == .base { finding.isIrregular = true }
        case .base(let header) where expected.map { $0 == header.salt } ?? true:
            salt = header.salt
            isBase = true
            state.sequence = header.lastSequence
            state.isKnown = true
            note(time: header.timeMilliseconds)
            if finding.part.role == .increment { finding.isIrregular = true }
        default:
            salt = expected
            isBase = finding.part.role == .base && expected != nil
            guard expected != nil || Annotation.startsLine(front) else { return false }
            isHealed = true
        }
        finding.kind = .groups
        if isHealed || head == nil {
            let length = head?.length ?? lineLength(front)
            finding.isIrregular = true
            try damage(0, length, "the head of the file is damaged", isComplete: true)
            window.skip(min(length, window.front.count))
            if salt == nil { state.isKnown = false }
        } else if let head {
            finding.certainBytes += head.length
            window.skip(head.length)
        }
        return salt != nil
    }

    /// Bytes up to the end of the line at the front.
    func lineLength(_ front: ByteView) -> Int {
        let line = front[0..<min(front.count, Annotation.maximumBytes)]
        return line.firstIndex(of: 10).map { $0 + 1 } ?? min(5, front.count)
    }

    /// Notes a damaged region that holds no sequences.
    func damage(
        _ offset: Int, _ length: Int, _ reason: String, isComplete: Bool
    ) throws(PersistenceError) {
        var region = LogRegion(finding.part.path, offset, length, reason)
        region.touchesOthers = !isComplete
        try add(region, healed: nil)
    }

    /// Notes a damaged region.
    func add(_ region: LogRegion, healed: [UInt8]?) throws(PersistenceError) {
        finding.isIrregular = true
        finding.regions.append(region)
        try visitor?.damage(region, healed: healed)
    }

    /// A time that the file tells.
    func note(time now: UInt64) {
        time = now
        if finding.firstTime == nil { finding.firstTime = now }
        finding.lastTime = now
        // A clock that is set back by less than a second is no news.
        if now &+ 1000 < state.latest && !finding.notes.contains(where: { $0.hasPrefix("Time") }) {
            finding.notes.append(
                "Time goes back by \(state.latest - now) ms before offset \(window.offset): the clock "
                    + "was set back, or the files are in a wrong order")
        }
        state.latest = max(state.latest, now)
    }

    /// Goes to `offset`, forward or back.
    func go(to offset: Int) {
        if offset >= window.offset && offset - window.offset <= window.front.count {
            window.skip(offset - window.offset)
        } else {
            window.move(to: offset)
        }
    }

    private func readSnapshot() throws(PersistenceError) {
        finding.kind = .snapshot
        let null = NullReplayTarget()
        let replay = LogReplay(target: null)
        replay.sequence = state.sequence
        do throws(PersistenceError) {
            if let visitor {
                try visitor.snapshot(window)
            } else {
                try PreambleReader(window: window, replay: replay).read()
            }
        } catch {
            if error.code == .io { throw error }
            let offset = error.offset ?? 0
            // Commands may stand behind it in an old single file.
            let next = finding.part.role == .single ? try nextRecord(from: offset) : nil
            var region = LogRegion(
                finding.part.path, offset, (next ?? window.size) - offset, error.message)
            region.verdict = .plausible
            go(to: next ?? window.size)
            try add(region, healed: nil)
            if next != nil {
                finding.kind = .snapshotAndCommands
                try readCommands(to: window.size)
            }
            return
        }
        finding.snapshotKeys = null.keyCount
        finding.certainBytes += window.offset
        finding.notes += replay.warnings
        if replay.sequence != state.sequence { state.sequence = replay.sequence }
        if window.isAtEnd { return }
        finding.kind = .snapshotAndCommands
        try readCommands(to: window.size)
    }
}
