/// A key of a dataset as the vectors spell it, and how a sink is fed with it.
import Bytes
import Digest
import Records

/// A key.
struct KeyCase: Codable {
    struct Field: Equatable {
        var field: Hex
        var value: Hex
        var deadline: Int64?
    }

    struct Stream: Codable {
        struct Entry: Codable {
            var id: [UInt64]
            var fields: [Hex]
        }
        struct Pending: Codable {
            var id: [UInt64]
            var consumer: Hex
            var time: Int64
            var count: UInt64
        }
        struct Group: Codable {
            var name: Hex
            var last: [UInt64]
            var entriesRead: Int64
            var consumers: [Hex]
            var pending: [Pending]
        }

        var entries: [Entry] = []
        var last: [UInt64] = [0, 0]
        var maximumDeleted: [UInt64] = [0, 0]
        var entriesAdded: UInt64 = 0
        var groups: [Group] = []
    }

    enum Value {
        case string(Hex)
        case list([Hex])
        case set([Hex])
        case sortedSet([(member: Hex, score: Double)])
        case hash([Field])
        case stream(Stream)
    }

    var db = 0
    var key = Hex("key")
    var deadline: Int64?
    var value: Value
}

extension KeyCase {
    private enum Names: String, CodingKey {
        case db, key, deadline, type, value
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Names.self)
        func value<T: Decodable>(_ type: T.Type) throws -> T {
            try container.decode(type, forKey: .value)
        }
        db = try container.decode(Int.self, forKey: .db)
        key = try container.decode(Hex.self, forKey: .key)
        deadline = try container.decodeIfPresent(Int64.self, forKey: .deadline)
        switch try container.decode(String.self, forKey: .type) {
        case "string": self.value = .string(try value(Hex.self))
        case "list": self.value = .list(try value([Hex].self))
        case "set": self.value = .set(try value([Hex].self))
        case "zset":
            self.value = .sortedSet(
                try value([[String]].self).map {
                    let score = Double(bitPattern: UInt64($0[1], radix: 16) ?? 0)
                    return (Hex(Self.bytes($0[0])), score)
                })
        case "hash": self.value = .hash(try value([Field].self))
        default: self.value = .stream(try value(Stream.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Names.self)
        try container.encode(db, forKey: .db)
        try container.encode(key, forKey: .key)
        // The absence of a deadline is spelled, for the program looks for it.
        try container.encode(deadline, forKey: .deadline)
        func put(_ type: String, _ value: some Encodable) throws {
            try container.encode(type, forKey: .type)
            try container.encode(value, forKey: .value)
        }
        switch value {
        case .string(let text): try put("string", text)
        case .list(let elements): try put("list", elements)
        case .set(let members): try put("set", members)
        case .sortedSet(let members):
            try put(
                "zset",
                members.map { [Self.text($0.member.bytes), Self.text(bits: $0.score)] })
        case .hash(let fields): try put("hash", fields)
        case .stream(let stream): try put("stream", stream)
        }
    }

    private static func text(bits score: Double) -> String {
        let digits = String(score.bitPattern, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0..<$0 + 2]), radix: 16)
        }
    }
}

extension KeyCase.Field: Codable {
    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        field = try container.decode(Hex.self)
        value = try container.decode(Hex.self)
        deadline = try container.decodeNil() ? nil : container.decode(Int64.self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(field)
        try container.encode(value)
        try container.encode(deadline)
    }
}

extension KeyCase {
    /// Hands the key to a sink, as a reader of a file would.
    func feed(_ sink: DigestSink) throws {
        func moment(_ time: Int64?) -> Deadline? {
            time.map(Deadline.init(millisecondsSinceEpoch:))
        }
        try key.bytes.withByteView {
            try sink.begin(database: db, key: $0, deadline: moment(deadline))
        }
        switch value {
        case .string(let text): text.bytes.withByteView { sink.string($0) }
        case .list(let elements):
            sink.beginList(expecting: 0)
            for each in elements { try each.bytes.withByteView { try sink.element($0) } }
        case .set(let members):
            sink.beginSet(expecting: 0, isIntegers: false)
            for each in members { _ = try each.bytes.withByteView { try sink.member($0) } }
        case .sortedSet(let members):
            sink.beginSortedSet(expecting: 0)
            for each in members {
                _ = try each.member.bytes.withByteView {
                    try sink.member($0, score: each.score)
                }
            }
        case .hash(let fields):
            sink.beginHash(expecting: 0)
            for each in fields {
                try [each.field.bytes, each.value.bytes].withByteViews {
                    _ = try sink.field($0[0], value: $0[1], deadline: moment(each.deadline))
                }
            }
        case .stream(let stream): try stream.feed(sink)
        }
        sink.end()
    }
}

extension KeyCase.Stream {
    fileprivate func feed(_ sink: DigestSink) throws {
        func id(_ parts: [UInt64]) -> StreamID { StreamID(parts[0], parts[1]) }
        sink.beginStream()
        for entry in entries {
            try entry.fields.map(\.bytes).withByteViews { try sink.entry(id(entry.id), fields: $0) }
        }
        sink.streamFacts(
            StreamFacts(
                length: entries.count, last: id(last), first: .minimum,
                maximumDeleted: id(maximumDeleted), entriesAdded: entriesAdded))
        for group in groups {
            try group.name.bytes.withByteView {
                _ = try sink.beginGroup($0, last: id(group.last), entriesRead: group.entriesRead)
            }
            for consumer in group.consumers {
                try consumer.bytes.withByteView {
                    _ = try sink.consumer($0, seenTime: 17, activeTime: 4)
                }
                for each in group.pending where each.consumer == consumer {
                    try sink.pending(id(each.id), time: each.time, count: each.count)
                }
            }
        }
    }
}
