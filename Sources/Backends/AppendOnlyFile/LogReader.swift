/// Reads one file of a log: validates each group, then hands its commands on.
///
/// A file that begins with our head is ours: nothing in it is applied before its line's sum, its
/// sequence and its payload's sum were right. Where it stops being right, `read` says where and why; what
/// that means (a torn tail, or corruption) is for `LogRecovery` to judge, which knows the other files.
/// Any other file is a plain Redis's and is read with Redis's tolerance.
///
/// Threads: the loading thread.
import Bytes
import Persistence
import Records

/// What a file is.
enum LogFileKind: Sendable, Hashable {
    /// Ours: an increment.
    case increment(IncrementHeader)
    /// Ours: a base.
    case base(BaseHeader)
    /// Commands of a plain Redis, perhaps behind a snapshot.
    case foreign
}

/// How reading a file ended.
enum LogEnd: Equatable {
    /// At its end, everything right.
    case clean
    /// At the end of a foreign region behind our groups, or of a foreign file.
    case foreign
    /// The rest is void: the next file begins with the sequence that would follow.
    case superseded(offset: Int)
    /// Something is wrong from `offset` on.
    case damaged(offset: Int, reason: String)
    /// What a plain Redis wrote ends in the middle of a command or a transaction that begins at `offset`.
    case foreignTorn(offset: Int)
}

/// Reads one file; see the file's header.
final class LogReader {
    let window: LogWindow
    let replay: LogReplay
    let kind: LogFileKind
    /// Whether a group was seen.
    private(set) var hasGroups = false
    /// The digest of a snapshot, where the file names one.
    private(set) var snapshotMark: SnapshotMark?

    /// Opens a file and says what it is.
    ///
    /// - Parameter expected: the salt that the manifest tells, nil where it tells none.
    /// - Throws: `.corrupt` where the head is wrong.
    init(
        path: String, expected: UInt64?, replay: LogReplay, _ fileSystem: any FileSystem,
        moved: @escaping (Int) -> Void
    ) throws(PersistenceError) {
        self.replay = replay
        window = try LogWindow(path: path, fileSystem, moved: moved)
        try window.show(Annotation.maximumBytes)
        let head = Annotation.parse(window.front, salt: nil)
        let salt: Salt?
        switch head?.line {
        case .increment(let header): (kind, salt) = (.increment(header), header.salt)
        case .base(let header): (kind, salt) = (.base(header), header.salt)
        default: (kind, salt) = (.foreign, nil)
        }
        let begins = Annotation.startsLine(window.front)
        if salt?.bits != expected && (expected != nil || (begins && salt == nil)) {
            throw Self.corrupt("The head of the file is damaged", path, 0)
        }
        if let head, salt != nil { window.skip(head.length) }
    }

    var salt: Salt? {
        switch kind {
        case .increment(let header): header.salt
        case .base(let header): header.salt
        case .foreign: nil
        }
    }

    /// Reads to the end, or to where something is wrong.
    ///
    /// - Parameter limit: sequence from which on the next file has it; nil where there is no such.
    func read(limit: UInt64?) throws(PersistenceError) -> LogEnd {
        guard let salt else { return try readForeign() }
        var numbering = replay.sequence
        var isClosed = false
        let isBase: Bool
        if case .base = kind { isBase = true } else { isBase = false }
        if isBase { numbering = 0 }
        while true {
            try window.show(4096)
            let front = window.front
            if front.isEmpty {
                return isBase && !isClosed
                    ? .damaged(offset: window.offset, reason: "the closing mark is missing")
                    : .clean
            }
            if front[0] == UInt8(ascii: "*") && !isBase {
                return try ForeignReader(window: window, replay: replay).read()
            }
            let offset = window.offset
            let stamp = Self.stampLength(front)
            if stamp > 0 && front.count > stamp && front[stamp] == UInt8(ascii: "*") && !isBase {
                return try ForeignReader(window: window, replay: replay).read()
            }
            let line = Annotation.parse(front.dropFirst(stamp), salt: salt)
            switch line?.line {
            case .group(let head):
                if let limit, !isBase, head.firstSequence >= limit, numbering + 1 >= limit {
                    return .superseded(offset: offset)
                }
                hasGroups = true
                window.skip(stamp + (line?.length ?? 0))
                if let reason = try apply(head, after: numbering, salt: salt) {
                    return .damaged(offset: offset, reason: reason)
                }
                numbering += head.count
                if !isBase { replay.sequence = numbering }
            case .closing(let mark):
                if mark.lastSequence != numbering {
                    return .damaged(
                        offset: offset, reason: "the closing mark is of another sequence")
                }
                isClosed = true
                window.skip(stamp + (line?.length ?? 0))
            case .digest(let mark) where isBase && snapshotMark == nil:
                snapshotMark = mark
                window.skip(stamp + (line?.length ?? 0))
            default:
                return .damaged(offset: offset, reason: Self.reason(front))
            }
        }
    }

    /// Reads a file of a plain Redis: commands, perhaps behind a snapshot, from database 0 on.
    private func readForeign() throws(PersistenceError) -> LogEnd {
        if RDBReplay.begins(window.front) {
            try PreambleReader(window: window, replay: replay).read()
        }
        replay.selectFirst()
        return try ForeignReader(window: window, replay: replay).read()
    }

    /// Checks a group whose head was right, and applies it.
    ///
    /// - Returns: what is wrong with it, nil where nothing is.
    private func apply(
        _ head: GroupHeader, after last: UInt64, salt: Salt
    ) throws(PersistenceError) -> String? {
        if head.firstSequence != last + 1 {
            return "sequence \(head.firstSequence) follows \(last)"
        }
        let remaining = window.size - window.offset
        if head.payloadBytes > remaining {
            return "a group of \(head.payloadBytes) bytes has only \(remaining)"
        }
        try window.show(head.payloadBytes)
        guard window.front.count >= head.payloadBytes else { return "the file shrinks" }
        let payload = window.front[0..<head.payloadBytes]
        if CRC32C.checksum(payload, seed: salt.payloadSeed) != head.payloadSum {
            return "the checksum of a group is wrong"
        }
        guard try replay.applyAll(payload, path: window.path, offset: window.offset) else {
            return "a group isn't whole commands"
        }
        window.skip(payload.count)
        return nil
    }

    /// Length of the `#TS:<seconds>` line at the front of `bytes`, 0 where there is none.
    static func stampLength(_ bytes: ByteView) -> Int {
        guard bytes.count > 6, bytes[0..<4] == ByteView("#TS:") else { return 0 }
        var index = 4
        while index < bytes.count && bytes[index] &- 48 < 10 { index += 1 }
        let isLine =
            index > 4 && index + 1 < bytes.count && bytes[index] == 13
            && bytes[index + 1] == 10
        return isLine ? index + 2 : 0
    }

    private static func reason(_ front: ByteView) -> String {
        if front[0] == 0 { return "NUL bytes where a group should begin" }
        if Annotation.startsLine(front) { return "the line of a group is damaged" }
        return "no group begins here"
    }

    static func corrupt(_ what: String, _ path: String, _ offset: Int) -> PersistenceError {
        PersistenceError(
            .corrupt, what, path: path, offset: offset,
            remedy: "Make a backup of the directory, then salvage what can be read with "
                + "'aof-check --salvage \(path)'")
    }
}
