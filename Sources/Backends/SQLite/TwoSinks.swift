/// Hands a value that is read to two: what is built and what is digested come of one reading.
import Bytes
import Persistence
import Records

/// A sink that is two.
final class TwoSinks: ValueSink {
    private let first: any ValueSink
    private let second: any ValueSink

    /// What was new is for the first to say.
    init(_ first: any ValueSink, _ second: any ValueSink) {
        self.first = first
        self.second = second
    }

    func string(_ value: ByteView) throws {
        try first.string(value)
        try second.string(value)
    }

    func beginList(expecting count: Int) throws {
        try first.beginList(expecting: count)
        try second.beginList(expecting: count)
    }

    func element(_ value: ByteView) throws {
        try first.element(value)
        try second.element(value)
    }

    func beginSet(expecting count: Int, isIntegers: Bool) throws {
        try first.beginSet(expecting: count, isIntegers: isIntegers)
        try second.beginSet(expecting: count, isIntegers: isIntegers)
    }

    func member(_ member: ByteView) throws -> Bool {
        _ = try second.member(member)
        return try first.member(member)
    }

    func beginSortedSet(expecting count: Int) throws {
        try first.beginSortedSet(expecting: count)
        try second.beginSortedSet(expecting: count)
    }

    func member(_ member: ByteView, score: Double) throws -> Bool {
        _ = try second.member(member, score: score)
        return try first.member(member, score: score)
    }

    func beginHash(expecting count: Int) throws {
        try first.beginHash(expecting: count)
        try second.beginHash(expecting: count)
    }

    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) throws -> Bool {
        _ = try second.field(field, value: value, deadline: deadline)
        return try first.field(field, value: value, deadline: deadline)
    }

    func beginStream() throws {
        try first.beginStream()
        try second.beginStream()
    }

    func entry(_ id: StreamID, fields: ByteViews) throws {
        try first.entry(id, fields: fields)
        try second.entry(id, fields: fields)
    }

    func streamFacts(_ facts: StreamFacts) throws {
        try first.streamFacts(facts)
        try second.streamFacts(facts)
    }

    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) throws -> Bool {
        _ = try second.beginGroup(name, last: last, entriesRead: entriesRead)
        return try first.beginGroup(name, last: last, entriesRead: entriesRead)
    }

    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) throws -> Bool {
        _ = try second.consumer(name, seenTime: seenTime, activeTime: activeTime)
        return try first.consumer(name, seenTime: seenTime, activeTime: activeTime)
    }

    func pending(_ id: StreamID, time: Int64, count: UInt64) throws {
        try first.pending(id, time: time, count: count)
        try second.pending(id, time: time, count: count)
    }
}
