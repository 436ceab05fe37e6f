/// Builds commit groups: an annotation line, then the commands it guards.
///
///     chunk:  | group | group | gap | SELECT 3 | MULTI | SET .. | DEL .. | EXEC | SET .. |
///                             ^ start           ^ unit start
///
/// A gap for the longest head is left where a group begins; when it closes, its payload moves down
/// against the head that was needed (64 KB move in about 2 us, and the line stays short on disk).
///
/// INVARIANT 1: a unit never spans groups; MULTI and EXEC stand around a unit of several mutations.
/// INVARIANT 2: a payload has at most `groupLimit` bytes, except that of one unit alone.
/// INVARIANT 3: the first command of a file is SELECT, and one follows wherever the database changes.
///
/// Threads: the engine's; `BaseWriter` has its own on the checkpoint lane.
import Bytes
import Persistence
import Records

/// The bytes of consecutive groups, kept until they are durable.
final class LogChunk {
    let bytes: ByteWriter
    /// Database in force before the first group; -1 at the head of a file.
    var startDatabase: Int
    /// Bytes of closed groups.
    var closedCount = 0
    /// Sequence of the last mutation in a closed group.
    var lastSequence: UInt64
    /// Bytes that the system has taken.
    var writtenCount = 0

    init(bytes: ByteWriter, startDatabase: Int, lastSequence: UInt64) {
        self.bytes = bytes
        self.startDatabase = startDatabase
        self.lastSequence = lastSequence
    }
}

/// Builds groups in a chunk; see the file's header.
final class GroupWriter {
    /// Bytes of payload after which a group is closed.
    static let groupLimit = 64 << 10
    /// Room for a `#TS:` line and the longest head.
    private static let gap = 32 + Annotation.maximumBytes

    /// Where groups go now.
    private(set) var chunk: LogChunk
    /// Sequence of the last mutation recorded.
    private(set) var sequence: UInt64
    /// Seeds of the file that the groups are meant for.
    var salt: Salt
    /// Highest durable sequence, for the groups' heads.
    var durable: UInt64 = 0
    /// Whether `#TS:` lines are written.
    var writesTimestamps = false

    private let clock: any Clock
    private let head = ByteWriter(capacity: 256)
    private var database = -1
    private var stampedSecond: UInt64 = 0
    private var start = -1
    private var mutations: UInt64 = 0
    private var unitStart = 0
    private var unitMutations: UInt64 = 0
    private var isInUnit = false

    init(clock: any Clock, salt: Salt, sequence: UInt64) {
        self.clock = clock
        self.salt = salt
        self.sequence = sequence
        self.chunk = LogChunk(
            bytes: ByteWriter(capacity: 1 << 16), startDatabase: -1, lastSequence: sequence)
    }

    /// Whether a unit with mutations is open.
    var hasOpenUnit: Bool { isInUnit && unitMutations > 0 }

    func beginUnit() {
        isInUnit = true
        unitMutations = 0
    }

    @inline(__always)
    func record(_ mutation: Mutation, database: Int) {
        let out = chunk.bytes
        if start < 0 { openGroup() }
        if unitMutations == 0 {
            unitStart = out.count
        } else if unitMutations == 1 {
            out.insert(ByteView("*1\r\n$5\r\nMULTI\r\n"), at: unitStart)
        }
        if database != self.database {
            CommandEncoder.select(database, out)
            self.database = database
        }
        CommandEncoder.append(mutation, to: out)
        unitMutations &+= 1
        mutations &+= 1
        sequence &+= 1
    }

    func endUnit() {
        isInUnit = false
        if unitMutations == 0 { return }
        defer { unitMutations = 0 }
        if unitMutations > 1 { chunk.bytes.append("*1\r\n$4\r\nEXEC\r\n") }
        if chunk.bytes.count - start - Self.gap > Self.groupLimit {
            if unitStart > start + Self.gap { moveUnitToNewGroup() }
            if chunk.bytes.count - start - Self.gap > Self.groupLimit { closeGroup() }
        }
    }

    /// The unit that just ended made the group too long: it becomes the next group's first.
    private func moveUnitToNewGroup() {
        let out = chunk.bytes
        let unit = out.view[unitStart..<out.count].array
        let count = unitMutations
        out.truncate(to: unitStart)
        mutations -= count
        sequence -= count
        closeGroup()
        openGroup()
        out.append(unit)
        mutations = count
        sequence += count
    }

    private func openGroup() {
        start = chunk.bytes.count
        mutations = 0
        // The gap's content doesn't matter: the head and the payload overwrite it.
        chunk.bytes.appendGap(Self.gap)
    }

    /// Closes the open group, if any and not in the middle of a unit: from here on its bytes are final.
    func closeGroup() {
        if start < 0 || hasOpenUnit { return }
        let out = chunk.bytes
        let payload = out.view[(start + Self.gap)..<out.count]
        head.removeAll()
        let now = UInt64(max(0, clock.now.millisecondsSinceEpoch))
        stamp(second: now / 1000)
        let line = GroupHeader(
            firstSequence: sequence &- mutations &+ 1, count: mutations,
            payloadBytes: payload.count, timeMilliseconds: now, durable: durable,
            payloadSum: CRC32C.checksum(payload, seed: salt.payloadSeed))
        Annotation.group(line).append(to: head, salt: salt)
        out.moveTail(from: start + Self.gap, to: start + head.count)
        out.overwrite(at: start, with: head.view)
        chunk.closedCount = out.count
        chunk.lastSequence = sequence
        start = -1
    }

    private func stamp(second: UInt64) {
        if !writesTimestamps || second == stampedSecond { return }
        stampedSecond = second
        head.append("#TS:")
        head.append(decimal: Int(second))
        head.appendLineEnd()
    }

    /// Appends a group without a mutation that selects the database in force before `chunk`.
    static func selectGroup(
        database: Int, firstSequence: UInt64, durable: UInt64, time: UInt64, salt: Salt,
        to out: ByteWriter
    ) {
        let payload = ByteWriter(capacity: 64)
        CommandEncoder.select(database, payload)
        let line = GroupHeader(
            firstSequence: firstSequence, count: 0, payloadBytes: payload.count,
            timeMilliseconds: time, durable: durable,
            payloadSum: CRC32C.checksum(payload.view, seed: salt.payloadSeed))
        Annotation.group(line).append(to: out, salt: salt)
        out.append(payload.view)
    }

    /// Gives the chunk with its closed groups away and goes on in `bytes`.
    ///
    /// The open group must have been closed.
    func replaceChunk(with bytes: ByteWriter) -> LogChunk {
        precondition(start < 0, "a chunk is given away while a group is open")
        let old = chunk
        chunk = LogChunk(bytes: bytes, startDatabase: database, lastSequence: sequence)
        return old
    }

    /// Forgets the closed groups, which were written; the open one stays.
    func discardClosed() {
        chunk.bytes.discardFirst(chunk.closedCount)
        if start >= 0 { start -= chunk.closedCount }
        chunk.closedCount = 0
    }

    /// What follows goes to another file: its first command must be SELECT.
    func beginFile(salt: Salt) {
        precondition(start < 0 && chunk.bytes.count == 0, "a file begins with an empty chunk")
        self.salt = salt
        database = -1
        stampedSecond = 0
        chunk.startDatabase = -1
    }

    /// A log that ends with `sequence` goes on (at start, once).
    func resume(after sequence: UInt64, salt: Salt) {
        precondition(start < 0 && chunk.bytes.count == 0, "a log is resumed before it is written")
        self.sequence = sequence
        self.salt = salt
        durable = sequence
        chunk.lastSequence = sequence
    }

    /// The file already has this database in force (a log that is continued).
    func continueFile(database: Int) {
        self.database = database
        chunk.startDatabase = database
    }
}
