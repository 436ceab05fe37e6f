/// Reads one value of any type of Redis's up to 7.4 (and Valkey 9's hashes) and hands it to a sink.
///
/// Bytes are hostile until proven otherwise: RESTORE brings them from clients. Nothing is taken by a
/// declared count, every nested length is checked against what surrounds it, and what no server writes is
/// an error: duplicates, NaN, unsorted intsets, streams whose counts or owners don't add up.
///
/// Empty lists, sets, sorted sets and hashes are read to their end and reported (`.empty`): RESTORE refuses
/// them, files with them come from old faults of servers and their keys are passed over.
///
/// The plain types stand here; packed ones, streams and modules in the extensions.
import Bytes
import Records

/// What reading a value came to.
public enum RDBOutcome: Sendable {
    /// The sink has the value.
    case value
    /// A collection without elements: no key should come of it.
    case empty
}

/// Reads values; keep one for many.
public final class RDBValueReader {
    /// Where the bytes come from.
    public let input: RDBInput
    /// Whose bytes they are.
    public var dialect: RDBDialect
    let firstDigits = ByteWriter(capacity: 64)
    let secondDigits = ByteWriter(capacity: 64)
    var collector = TextCollector()
    var masterFields = TextCollector()
    private var handedOut = 0

    /// A reader of these bytes.
    public init(_ input: RDBInput, dialect: RDBDialect = .redis) {
        self.input = input
        self.dialect = dialect
    }

    /// Reads the value behind a type byte.
    ///
    /// - Throws: `RDBError`, and what the sink and the source throw.
    public func read(_ type: UInt8, into sink: any ValueSink) throws -> RDBOutcome {
        handedOut = 0
        defer { input.mark() }
        do {
            let isEmpty = try readBody(type, sink) == 0
            return isEmpty ? .empty : .value
        } catch var error as RDBError {
            if error.offset == nil { error.offset = input.position }
            throw error
        }
    }

    /// Reads a body; answers how many elements it had, 1 for what can't be empty.
    private func readBody(_ type: UInt8, _ sink: any ValueSink) throws -> Int {
        switch type {
        case RDBType.string: return try readString(sink)
        case RDBType.list: return try readList(sink)
        case RDBType.set: return try readSet(sink)
        case RDBType.sortedSetText, RDBType.sortedSet:
            return try readSortedSet(sink, isText: type == RDBType.sortedSetText)
        case RDBType.hash: return try readHash(sink)
        case RDBType.hashDeadlinesAbsolute:
            return dialect == .valkey
                ? try readValkeyHash(sink) : try readHashWithDeadlines(sink, isRelative: false)
        case RDBType.hashDeadlines: return try readHashWithDeadlines(sink, isRelative: true)
        case RDBType.stream1: return try readStream(sink, version: 1)
        case RDBType.stream2: return try readStream(sink, version: 2)
        case RDBType.stream3: return try readStream(sink, version: 3)
        case RDBType.moduleBefore4:
            throw RDBError(.unsupportedType, "a module's value of before Redis 4")
        case RDBType.module:
            let name = try readModuleName()
            throw RDBError(.unsupportedType, "a value of the module type '\(name)'")
        default: return try readPacked(type, sink)
        }
    }

    /// Counts bytes that go to the sink.
    @inline(__always)
    func hand(_ bytes: Int) throws {
        handedOut &+= bytes
        if handedOut > input.limits.valueBytes {
            throw RDBError(.tooLarge, "a value is larger than allowed")
        }
    }

    /// What a sink may prepare for: no more than the bytes that have come could hold.
    func expectation(_ count: Int) -> Int { min(count, input.known) }

    static let duplicate = RDBError.corrupt("a member or field stands there twice")
}

extension RDBValueReader {
    private func readString(_ sink: any ValueSink) throws -> Int {
        let (text, integer) = try input.readStringValue()
        guard let text else {
            try sink.integer(integer)
            return 1
        }
        try hand(text.count)
        try sink.string(input.view(text))
        return 1
    }

    private func readList(_ sink: any ValueSink) throws -> Int {
        let count = try input.readCount()
        try sink.beginList(expecting: expectation(count))
        for _ in 0..<count {
            input.mark()
            let text = try input.readText()
            try hand(text.count)
            try sink.element(input.view(text))
        }
        return count
    }

    private func readSet(_ sink: any ValueSink) throws -> Int {
        let count = try input.readCount()
        try sink.beginSet(expecting: expectation(count), isIntegers: false)
        for _ in 0..<count {
            input.mark()
            let text = try input.readText()
            try hand(text.count)
            guard try sink.member(input.view(text)) else { throw Self.duplicate }
        }
        return count
    }

    private func readSortedSet(_ sink: any ValueSink, isText: Bool) throws -> Int {
        let count = try input.readCount()
        try sink.beginSortedSet(expecting: expectation(count))
        for _ in 0..<count {
            input.mark()
            let text = try input.readText()
            let score = isText ? try readScoreText() : try input.readDouble()
            if score.isNaN { throw RDBError.corrupt("a score is not a number") }
            try hand(text.count + 8)
            guard try sink.member(input.view(text), score: score) else { throw Self.duplicate }
        }
        return count
    }

    /// A score as the first sorted sets had it: a length and digits, or a special length.
    private func readScoreText() throws -> Double {
        let length = try input.readByte()
        switch length {
        case 253: return .nan
        case 254: return .infinity
        case 255: return -.infinity
        default:
            guard let score = FloatText.parse(try input.readRaw(Int(length))) else {
                throw RDBError.corrupt("a score is not a number")
            }
            return score
        }
    }
}

/// Hashes of every plain layout.
extension RDBValueReader {
    private func readHash(_ sink: any ValueSink) throws -> Int {
        let count = try input.readCount()
        try sink.beginHash(expecting: expectation(count))
        for _ in 0..<count {
            input.mark()
            try readPair(sink, deadline: nil)
        }
        return count
    }

    private func readPair(_ sink: any ValueSink, deadline: Deadline?) throws {
        let field = try input.readText()
        let value = try input.readText()
        try hand(field, value, sink, deadline)
    }

    private func hand(
        _ field: RDBText, _ value: RDBText, _ sink: any ValueSink, _ deadline: Deadline?
    ) throws {
        try hand(field.count + value.count)
        let isNew = try sink.field(
            input.view(field), value: input.view(value), deadline: deadline)
        guard isNew else { throw Self.duplicate }
    }

    /// Deadlines before the fields: 0 none, else absolute, or one more than the distance to the lowest.
    private func readHashWithDeadlines(
        _ sink: any ValueSink, isRelative: Bool
    ) throws -> Int {
        let lowest = isRelative ? try input.readTime() : 0
        let count = try input.readCount()
        try sink.beginHash(expecting: expectation(count))
        for _ in 0..<count {
            input.mark()
            let raw = try input.readLength()
            var deadline: Deadline?
            if raw > 0 {
                let distance = Int64(exactly: isRelative ? raw - 1 : raw)
                let sum = distance?.addingReportingOverflow(lowest)
                guard let sum, !sum.overflow else { throw Self.wrongDeadline }
                deadline = try Self.deadline(sum.partialValue)
            }
            try readPair(sink, deadline: deadline)
        }
        return count
    }

    /// Valkey 9: deadlines behind the values, -1 none.
    private func readValkeyHash(_ sink: any ValueSink) throws -> Int {
        let count = try input.readCount()
        try sink.beginHash(expecting: expectation(count))
        for _ in 0..<count {
            input.mark()
            let field = try input.readText()
            let value = try input.readText()
            let time = try input.readTime()
            try hand(field, value, sink, time == -1 ? nil : try Self.deadline(time))
        }
        return count
    }

    private static let wrongDeadline = RDBError.corrupt("a field's deadline is out of range")

    /// A field's deadline; Redis holds 48 bits of it.
    static func deadline(_ time: Int64) throws -> Deadline {
        guard time >= 0 && time <= 1 << 48 - 2 else { throw wrongDeadline }
        return Deadline(millisecondsSinceEpoch: time)
    }
}
