/// Digests on a thread of its own what another one walks over or reads: half the time of a save is the digest's.
///
/// What comes is written down on tapes of some 256 KB, which a crew of one plays into the sink in their order. Why
/// not a second walk over the view: what is digested should be what the format was handed; and a file
/// that is read back can't be walked over twice for free. Why not batches of finished messages: the digest of a
/// collection is made of its elements' digests.
///
/// On a machine of one core, and for what fits on one tape, everything happens on the thread that calls. Long bytes
/// are not copied: the caller waits until the tapes are played, and hands them to the sink itself. Memory: the tapes.
///
/// INVARIANT 1: one thread at a time calls; the sink is its own while no tape is with the crew.
import Bytes
import Digest
import Persistence
import Records

/// Passes calls on to a sink; see the file's header.
final class DigestRelay: ValueSink {
    private static let tapeBytes = 256 << 10
    private static let tapes = 4
    /// From here on bytes are long.
    private static let longBytes = 64 << 10

    /// What the crew's thread works on.
    private final class Work: @unchecked Sendable {
        // BECAUSE: invariant 1.
        let sink: DigestSink

        init(_ sink: DigestSink) { self.sink = sink }

        func play(_ tape: DigestTape) {
            do throws(DigestError) {
                try tape.play(into: sink)
            } catch {
                preconditionFailure("the sink of a relay is never asked to give up")
            }
        }
    }

    private let work: Work
    private let isCancelled: () -> Bool
    private var tape = DigestTape()
    private var free: [DigestTape] = []
    private var handed: [(work: HandedWork, tape: DigestTape)] = []
    private var crew: WorkCrew?
    private let isAlone: Bool
    /// The consumer whose pending entries come.
    private var consumer: [UInt8] = []

    /// A relay to a sink of its own; the arguments are the sink's.
    ///
    /// - Parameter isAlone: no other thread helps.
    init(
        at now: Deadline, isAlone: Bool = WorkCrew.cores < 2,
        isCancelled: @escaping () -> Bool = { false }
    ) {
        work = Work(DigestSink(at: now))
        self.isAlone = isAlone
        self.isCancelled = isCancelled
    }

    /// Digest and counts of everything so far.
    var report: DigestReport {
        finish()
        return DigestReport(digest: work.sink.digest, counts: work.sink.counts)
    }

    deinit { finish() }

    /// A key; its value follows, then `end`.
    ///
    /// - Throws: `DigestError.cancelled`, where a tape was full and nobody wants the digest any more.
    func begin(database: Int, key: ByteView, deadline: Deadline?) throws(DigestError) {
        try settle()
        tape.begin(database: database, key: key, deadline: deadline)
    }

    /// The key and its value are complete.
    func end() { tape.end() }
    /// The key and its value are to be forgotten.
    func abandon() { tape.abandon() }

    /// Takes in a key of a frozen view with its value.
    ///
    /// - Throws: `DigestError.cancelled`, and what the view throws.
    @inline(__always)
    func add(_ entry: FrozenEntry, database: Int) throws {
        try begin(database: database, key: entry.key, deadline: entry.deadline)
        switch entry.value {
        case .string(let value): string(value)
        case .integer(let value): integer(value)
        default: try addCollection(entry.value)
        }
        end()
    }

    private func addCollection(_ value: FrozenValue) throws {
        switch value {
        case .string, .integer: break
        case .list(let list):
            tape.beginList()
            try list.forEachElement { try element($0) }
        case .set(let set):
            tape.beginSet()
            try set.forEachMember { _ = try member($0) }
        case .sortedSet(let set):
            tape.beginSortedSet()
            try set.forEachMember { _ = try member($0, score: $1) }
        case .hash(let hash):
            tape.beginHash()
            try hash.forEachField { _ = try field($0, value: $1, deadline: $2) }
        case .stream(let stream):
            tape.beginStream()
            try stream.forEachEntry { try self.entry($0, fields: $1) }
            tape.streamFacts(stream.facts)
            try stream.forEachGroup { group in
                try settle()
                tape.beginGroup(
                    group.name, last: group.last, entriesRead: group.entriesRead)
                try group.forEachConsumer { try addConsumer($0.name) }
                try group.forEachPending { try addPending($0) }
            }
        }
    }

    // MARK: Tapes

    /// Hands the tape over where it is full.
    @inline(__always)
    private func settle() throws(DigestError) {
        if tape.count >= Self.tapeBytes { try turn() }
    }

    private func turn() throws(DigestError) {
        if isCancelled() { throw .cancelled }
        if isAlone { return work.play(tape) }
        if crew == nil { crew = WorkCrew(size: 1, isBackground: true) }
        guard let crew else { return }
        let (full, work) = (tape, work)
        handed.append((crew.hand { _ in work.play(full) }, full))
        if handed.count + 1 >= Self.tapes { takeBack() }
        tape = free.popLast() ?? DigestTape()
    }

    private func takeBack() {
        let oldest = handed.removeFirst()
        oldest.work.wait()
        free.append(oldest.tape)
    }

    /// Waits until everything was played.
    private func finish() {
        while !handed.isEmpty { takeBack() }
        if !tape.isEmpty { work.play(tape) }
    }

    /// The sink, which has got everything so far; for bytes that are too long to be copied.
    private func sinkForLong() -> DigestSink {
        finish()
        return work.sink
    }
}

/// The values.
extension DigestRelay {
    func string(_ value: ByteView) {
        if value.count >= Self.longBytes { return sinkForLong().string(value) }
        tape.string(value)
    }

    func integer(_ value: Int64) { tape.integer(value) }
    func beginList(expecting count: Int) { tape.beginList() }

    func element(_ value: ByteView) throws {
        if value.count >= Self.longBytes { return try sinkForLong().element(value) }
        try settle()
        tape.element(value)
    }

    func beginSet(expecting count: Int, isIntegers: Bool) { tape.beginSet() }

    func member(_ member: ByteView) throws -> Bool {
        if member.count >= Self.longBytes { return try sinkForLong().member(member) }
        try settle()
        tape.member(member)
        return true
    }

    func integerMember(_ member: Int64) throws -> Bool {
        try settle()
        tape.integerMember(member)
        return true
    }

    func beginSortedSet(expecting count: Int) { tape.beginSortedSet() }

    func member(_ member: ByteView, score: Double) throws -> Bool {
        if member.count >= Self.longBytes {
            return try sinkForLong().member(member, score: score)
        }
        try settle()
        tape.member(member, score: score)
        return true
    }

    func beginHash(expecting count: Int) { tape.beginHash() }

    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) throws -> Bool {
        if field.count + value.count >= Self.longBytes {
            return try sinkForLong().field(field, value: value, deadline: deadline)
        }
        try settle()
        tape.field(field, value: value, deadline: deadline)
        return true
    }

    func beginStream() { tape.beginStream() }

    func entry(_ id: StreamID, fields: ByteViews) throws {
        var bytes = 0
        for field in fields { bytes += field.count }
        if bytes >= Self.longBytes { return try sinkForLong().entry(id, fields: fields) }
        try settle()
        tape.entry(id, fields: fields)
    }

    func streamFacts(_ facts: StreamFacts) { tape.streamFacts(facts) }

    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) throws -> Bool {
        try settle()
        tape.beginGroup(name, last: last, entriesRead: entriesRead)
        return true
    }

    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) throws -> Bool {
        consumer = name.array
        try addConsumer(name)
        return true
    }

    func pending(_ id: StreamID, time: Int64, count: UInt64) throws {
        try consumer.withByteView {
            try addPending(StreamPending(id: id, consumer: $0, time: time, count: count))
        }
    }

    private func addConsumer(_ name: ByteView) throws {
        try settle()
        tape.consumer(name)
    }

    private func addPending(_ pending: StreamPending) throws {
        try settle()
        tape.pending(pending)
    }
}
