/// The calls that a `DigestSink` is to get, written down as bytes, so that another thread can make them.
///
/// A call is a byte that names it and its arguments: numbers of eight bytes, the lowest first, and bytes behind
/// their length. The tape never leaves the process, so it is trusted: it is read as it was written, or a
/// precondition ends the process.
///
/// INVARIANT 1: one thread at a time.
import Bytes
import Digest
import Records

/// Calls on their way to a sink; see the file's header.
final class DigestTape: @unchecked Sendable {
    // BECAUSE: invariant 1.
    private enum Call: UInt8 {
        case begin, beginWithDeadline, end, abandon
        case string, integer, list, element, set, member, integerMember
        case sortedSet, scored, hash, field, fieldWithDeadline
        case stream, entry, facts, group, consumer, pending
    }

    private let bytes = ByteWriter(capacity: 4096)
    private var views: [ByteView] = []

    /// Bytes on it.
    var count: Int { bytes.count }
    /// Whether there is nothing on it.
    var isEmpty: Bool { bytes.count == 0 }

    func begin(database: Int, key: ByteView, deadline: Deadline?) {
        write(deadline == nil ? .begin : .beginWithDeadline)
        write(database)
        write(key)
        if let deadline { write(deadline) }
    }

    func end() { write(.end) }
    func abandon() { write(.abandon) }

    func string(_ value: ByteView) {
        write(.string)
        write(value)
    }

    func integer(_ value: Int64) {
        write(.integer)
        write(Int(value))
    }

    func beginList() { write(.list) }

    func element(_ value: ByteView) {
        write(.element)
        write(value)
    }

    func beginSet() { write(.set) }

    func member(_ member: ByteView) {
        write(.member)
        write(member)
    }

    func integerMember(_ member: Int64) {
        write(.integerMember)
        write(Int(member))
    }

    func beginSortedSet() { write(.sortedSet) }

    func member(_ member: ByteView, score: Double) {
        write(.scored)
        write(member)
        bytes.append(littleEndian: score.bitPattern)
    }

    func beginHash() { write(.hash) }

    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) {
        write(deadline == nil ? .field : .fieldWithDeadline)
        write(field)
        write(value)
        if let deadline { write(deadline) }
    }

    func beginStream() { write(.stream) }

    func entry(_ id: StreamID, fields: ByteViews) {
        write(.entry)
        write(id)
        write(fields.count)
        for field in fields { write(field) }
    }

    func streamFacts(_ facts: StreamFacts) {
        write(.facts)
        write(facts.length)
        write(facts.last)
        write(facts.first)
        write(facts.maximumDeleted)
        bytes.append(littleEndian: facts.entriesAdded)
    }

    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) {
        write(.group)
        write(name)
        write(last)
        write(Int(entriesRead))
    }

    func consumer(_ name: ByteView) {
        write(.consumer)
        write(name)
    }

    func pending(_ pending: StreamPending) {
        write(.pending)
        write(pending.id)
        write(pending.consumer)
        write(Int(pending.time))
        bytes.append(littleEndian: pending.count)
    }

    @inline(__always)
    private func write(_ call: Call) { bytes.append(call.rawValue) }

    @inline(__always)
    private func write(_ number: Int) {
        bytes.append(littleEndian: UInt64(bitPattern: Int64(number)))
    }

    @inline(__always)
    private func write(_ view: ByteView) {
        write(view.count)
        bytes.append(view)
    }

    @inline(__always)
    private func write(_ deadline: Deadline) {
        write(Int(deadline.millisecondsSinceEpoch))
    }

    private func write(_ id: StreamID) {
        bytes.append(littleEndian: id.milliseconds)
        bytes.append(littleEndian: id.sequence)
    }
}

extension DigestTape {
    /// Makes the calls, and empties the tape.
    ///
    /// - Throws: `DigestError.cancelled`.
    func play(into sink: DigestSink) throws(DigestError) {
        defer { bytes.removeAll(keepingUpTo: 1 << 20) }
        var reader = Reader(bytes: bytes.view)
        while let call = reader.call() {
            guard let call = Call(rawValue: call) else {
                preconditionFailure("a tape holds the calls that were written")
            }
            try make(call, &reader, sink)
        }
    }

    private func make(
        _ call: Call, _ from: inout Reader, _ sink: DigestSink
    ) throws(DigestError) {
        switch call {
        case .begin:
            try sink.begin(database: from.number(), key: from.view(), deadline: nil)
        case .beginWithDeadline:
            try sink.begin(database: from.number(), key: from.view(), deadline: from.deadline())
        case .end: sink.end()
        case .abandon: sink.abandon()
        case .string: sink.string(from.view())
        case .integer: sink.integer(Int64(from.number()))
        case .list: sink.beginList(expecting: 0)
        case .element: try sink.element(from.view())
        case .set: sink.beginSet(expecting: 0, isIntegers: false)
        case .member: _ = try sink.member(from.view())
        case .integerMember: _ = try sink.integerMember(Int64(from.number()))
        case .sortedSet: sink.beginSortedSet(expecting: 0)
        case .scored: _ = try sink.member(from.view(), score: Double(bitPattern: from.word()))
        case .hash: sink.beginHash(expecting: 0)
        case .field: _ = try sink.field(from.view(), value: from.view(), deadline: nil)
        case .fieldWithDeadline:
            _ = try sink.field(from.view(), value: from.view(), deadline: from.deadline())
        case .stream: sink.beginStream()
        default: try makeStream(call, &from, sink)
        }
    }

    private func makeStream(
        _ call: Call, _ from: inout Reader, _ sink: DigestSink
    ) throws(DigestError) {
        switch call {
        case .entry:
            let id = from.id()
            views.removeAll(keepingCapacity: true)
            for _ in 0..<from.number() { views.append(from.view()) }
            try views.withByteViews { (fields) throws(DigestError) in
                try sink.entry(id, fields: fields)
            }
        case .facts:
            sink.streamFacts(
                StreamFacts(
                    length: from.number(), last: from.id(), first: from.id(),
                    maximumDeleted: from.id(), entriesAdded: from.word()))
        case .group:
            _ = try sink.beginGroup(
                from.view(), last: from.id(), entriesRead: Int64(from.number()))
        case .consumer: sink.addConsumer(from.view())
        default:
            try sink.addPending(
                StreamPending(
                    id: from.id(), consumer: from.view(), time: Int64(from.number()),
                    count: from.word()))
        }
    }

    /// Reads what was written.
    private struct Reader {
        let bytes: ByteView
        var position = 0

        init(bytes: ByteView) { self.bytes = bytes }

        @inline(__always)
        mutating func call() -> UInt8? {
            if position == bytes.count { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        @inline(__always)
        mutating func word() -> UInt64 {
            defer { position += 8 }
            return bytes.littleEndian64(at: position)
        }

        @inline(__always)
        mutating func number() -> Int { Int(truncatingIfNeeded: word()) }

        @inline(__always)
        mutating func view() -> ByteView {
            let length = number()
            defer { position += length }
            return bytes[position..<position + length]
        }

        @inline(__always)
        mutating func deadline() -> Deadline {
            Deadline(millisecondsSinceEpoch: Int64(truncatingIfNeeded: number()))
        }

        mutating func id() -> StreamID { StreamID(word(), word()) }
    }
}
