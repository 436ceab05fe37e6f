/// Reads keys with their values out of a block; CompressedEntryWriter has their bytes.
import Bytes
import Digest
import Persistence
import Records

/// Reads entries; one thread.
final class CompressedEntryReader {
    let bytes = CompressedBytes(at: 0)
    private let key = ByteWriter(capacity: 256)
    private let first = ByteWriter(capacity: 256)
    private let kept = ByteWriter(capacity: 256)
    let second = ByteWriter(capacity: 256)
    /// Parts of a stream's entry.
    let parts = ByteWriter(capacity: 256)
    var places: [Range<Int>] = []

    /// Reads the next key into `target`.
    ///
    /// - Returns: what was read, for the counts.
    /// - Throws: `CompressedDamage`, and what the target throws.
    func read(
        into target: any ReplayTarget, database: Int
    ) throws -> (type: DatasetType, hasDeadline: Bool) {
        let head = try bytes.byte()
        guard let type = CompressedType(rawValue: head & ~CompressedType.deadline) else {
            throw bytes.damaged("a type \(head) that there isn't")
        }
        let name = try bytes.bytes(first)
        key.removeAll()
        key.append(name)
        var deadline: Deadline?
        if head & CompressedType.deadline != 0 {
            deadline = Deadline(millisecondsSinceEpoch: try bytes.zigzag())
        }
        let outcome = try target.load(key.view, database: database, deadline: deadline) {
            try readValue(type, $0)
        }
        switch outcome {
        case .new: return (type.type, deadline != nil)
        case .replaced: throw bytes.damaged("the key '\(key.view.text)' was there before")
        case .empty: throw bytes.damaged("a value without elements")
        }
    }

    @inline(__always)
    private func readValue(_ type: CompressedType, _ sink: any ValueSink) throws {
        if type == .string { return try sink.string(try bytes.bytes(first)) }
        try readOther(type, sink)
    }

    private func readOther(_ type: CompressedType, _ sink: any ValueSink) throws {
        switch type {
        case .string: preconditionFailure("strings are read before")
        case .integer: try sink.integer(try bytes.zigzag())
        case .list:
            let count = try elements()
            try sink.beginList(expecting: bytes.expected(count))
            for _ in 0..<count { try sink.element(try bytes.bytes(first)) }
        case .set:
            let count = try elements()
            try sink.beginSet(expecting: bytes.expected(count), isIntegers: false)
            for _ in 0..<count {
                if try !sink.member(try bytes.bytes(first)) { throw twice("a member") }
            }
        case .integers: try readIntegers(sink)
        case .sortedSet:
            let count = try elements()
            try sink.beginSortedSet(expecting: bytes.expected(count))
            for _ in 0..<count {
                let member = try bytes.bytes(first)
                let score = Double(bitPattern: try bytes.take(8).fixed64(at: 0))
                if try !sink.member(member, score: score) { throw twice("a member") }
            }
        case .hash: try readHash(sink, isDated: false)
        case .datedHash: try readHash(sink, isDated: true)
        case .stream: try readStream(sink)
        }
    }

    func twice(_ what: String) -> CompressedDamage { bytes.damaged("\(what) that is there twice") }

    private func elements() throws -> Int {
        let count = try bytes.count()
        if count == 0 { throw bytes.damaged("a value without elements") }
        return count
    }

    private func readIntegers(_ sink: any ValueSink) throws {
        let count = try elements()
        try sink.beginSet(expecting: bytes.expected(count), isIntegers: true)
        var last: Int64?
        for _ in 0..<count {
            try bytes.settle()
            let member = try bytes.zigzag()
            if let last, member <= last {
                throw bytes.damaged("an integer that is not above the one before")
            }
            last = member
            if try !sink.integerMember(member) { throw twice("a member") }
        }
    }

    private func readHash(_ sink: any ValueSink, isDated: Bool) throws {
        let count = try elements()
        try sink.beginHash(expecting: bytes.expected(count))
        for _ in 0..<count {
            var field = try bytes.bytes(first)
            if try !bytes.isNextAtHand() {
                kept.removeAll(keepingUpTo: 1 << 20)
                kept.append(field)
                field = kept.view
            }
            let value = try bytes.bytes(second)
            var deadline: Deadline?
            if isDated, try isThere() {
                deadline = Deadline(millisecondsSinceEpoch: try bytes.zigzag())
            }
            if try !sink.field(field, value: value, deadline: deadline) { throw twice("a field") }
        }
    }

    /// A byte that says whether something follows.
    func isThere() throws -> Bool {
        let mark = try bytes.byte()
        if mark > 1 { throw bytes.damaged("a mark \(mark) that is neither 0 nor 1") }
        return mark == 1
    }
}
