/// Reads the value of a key into a sink; the text says which type it is.
import Bytes
import Digest
import Records

/// Reads values; one thread.
final class JSONValueReader {
    let reader: JSONReader
    /// What must stay while more is read: a field, a member, a name.
    let kept = ByteWriter(capacity: 256)
    private let second = ByteWriter(capacity: 256)

    init(_ reader: JSONReader) { self.reader = reader }

    @inline(__always)
    func read(_ type: DatasetType, into sink: any ValueSink) throws {
        if type == .string { return try sink.string(try reader.bytes()) }
        try readCollection(type, sink)
    }

    private func readCollection(_ type: DatasetType, _ sink: any ValueSink) throws {
        switch type {
        case .string: preconditionFailure("a string is no collection")
        case .list:
            try sink.beginList(expecting: 0)
            try forEachItem { try sink.element(try reader.bytes()) }
        case .set:
            try sink.beginSet(expecting: 0, isIntegers: false)
            try forEachItem {
                let place = reader.offset
                if try !sink.member(try reader.bytes()) { throw twice("a member", place) }
            }
        case .sortedSet:
            try sink.beginSortedSet(expecting: 0)
            try forEachItem { try readScored(sink) }
        case .hash:
            try sink.beginHash(expecting: 0)
            try forEachItem { try readField(sink) }
        case .stream: try readStream(sink)
        }
    }

    /// Calls `body` for every item of an array.
    @inline(__always)
    func forEachItem(_ body: () throws -> Void) throws {
        var isFirst = true
        try reader.take(0x5B)
        while try reader.hasNext(&isFirst, closing: 0x5D) { try body() }
    }

    /// Keeps bytes that were just read while more is read.
    @inline(__always)
    func keep(_ bytes: ByteView, in writer: ByteWriter) {
        writer.removeAll(keepingUpTo: 1 << 20)
        writer.append(bytes)
    }

    func twice(_ what: String, _ place: Int) -> any Error {
        reader.damaged("\(what) that is there twice", at: place)
    }

    private func readScored(_ sink: any ValueSink) throws {
        let place = reader.offset
        try reader.take(0x5B)
        keep(try reader.bytes(), in: kept)
        try reader.take(0x2C)
        let score = try reader.score()
        try reader.take(0x5D)
        if try !sink.member(kept.view, score: score) { throw twice("a member", place) }
    }

    private func readField(_ sink: any ValueSink) throws {
        let place = reader.offset
        try reader.take(0x5B)
        keep(try reader.bytes(), in: kept)
        try reader.take(0x2C)
        var value = try reader.bytes()
        var deadline: Deadline?
        if !reader.isAtHand(0x5D) {
            keep(value, in: second)
            if try reader.takeIf(0x2C) { deadline = try reader.deadline() }
            value = second.view
        }
        if try !sink.field(kept.view, value: value, deadline: deadline) {
            throw twice("a field", place)
        }
        try reader.take(0x5D)
    }
}
