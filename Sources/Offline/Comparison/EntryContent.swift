/// One key with all it holds, copied out of a view: to be shown, and compared part by part.
import Bytes
import Records

/// A key's content; see the file's header.
public struct EntryContent: Sendable, Equatable {
    /// A value.
    public enum Value: Sendable, Equatable {
        /// A string.
        case string([UInt8])
        /// A list's elements.
        case list([[UInt8]])
        /// A set's members, sorted.
        case set([[UInt8]])
        /// Members by score, then bytes.
        case sortedSet([Scored])
        /// Fields, sorted.
        case hash([Field])
        /// A stream.
        case stream(Stream)
    }

    /// A member of a sorted set.
    public struct Scored: Sendable, Equatable {
        var member: [UInt8]
        /// The score's bits: -0 and 0 differ.
        var bits: UInt64
        var score: Double { Double(bitPattern: bits) }
    }

    /// A field of a hash.
    public struct Field: Sendable, Equatable {
        var name: [UInt8]
        var value: [UInt8]
        var deadline: Deadline?
    }

    /// A stream.
    public struct Stream: Sendable, Equatable {
        var entries: [Entry] = []
        var last = StreamID.minimum
        var maximumDeleted = StreamID.minimum
        var entriesAdded: UInt64 = 0
        var groups: [Group] = []

        struct Entry: Sendable, Equatable {
            var id: StreamID
            var fields: [[UInt8]]
        }
        struct Group: Sendable, Equatable {
            var name: [UInt8]
            var last: StreamID
            var entriesRead: Int64
            var consumers: [[UInt8]] = []
            var pending: [Pending] = []
        }
        struct Pending: Sendable, Equatable {
            var id: StreamID
            var consumer: [UInt8]
            var time: Int64
            var count: UInt64
        }
    }

    /// The database.
    public let database: Int
    /// The key.
    public let key: [UInt8]
    /// When it expires.
    public let deadline: Deadline?
    /// The type's name, as TYPE answers.
    public let type: String
    /// What it holds.
    public let value: Value

    /// Copies an entry.
    public init(_ entry: FrozenEntry, database: Int) throws {
        self.database = database
        key = entry.key.array
        deadline = entry.deadline
        type = entry.value.type.name
        switch entry.value {
        case .string(let bytes): value = .string(bytes.array)
        case .integer(let number): value = .string(Array("\(number)".utf8))
        case .list(let list):
            var elements: [[UInt8]] = []
            try list.forEachElement { elements.append($0.array) }
            value = .list(elements)
        case .set(let set):
            var members: [[UInt8]] = []
            try set.forEachMember { members.append($0.array) }
            value = .set(members.sorted { $0.lexicographicallyPrecedes($1) })
        case .sortedSet(let set):
            var members: [Scored] = []
            try set.forEachMember {
                members.append(Scored(member: $0.array, bits: $1.bitPattern))
            }
            value = .sortedSet(members)
        case .hash(let hash):
            var fields: [Field] = []
            try hash.forEachField {
                fields.append(Field(name: $0.array, value: $1.array, deadline: $2))
            }
            value = .hash(fields.sorted { $0.name.lexicographicallyPrecedes($1.name) })
        case .stream(let stream): value = .stream(try Self.copy(stream))
        }
    }

    private static func copy(_ stream: any FrozenStream) throws -> Stream {
        var copy = Stream()
        let facts = stream.facts
        (copy.last, copy.maximumDeleted) = (facts.last, facts.maximumDeleted)
        copy.entriesAdded = facts.entriesAdded
        try stream.forEachEntry {
            copy.entries.append(Stream.Entry(id: $0, fields: $1.arrays))
        }
        try stream.forEachGroup { group in
            var one = Stream.Group(
                name: group.name.array, last: group.last, entriesRead: group.entriesRead)
            try group.forEachConsumer { one.consumers.append($0.name.array) }
            one.consumers.sort { $0.lexicographicallyPrecedes($1) }
            try group.forEachPending {
                one.pending.append(
                    Stream.Pending(
                        id: $0.id, consumer: $0.consumer.array, time: $0.time, count: $0.count))
            }
            copy.groups.append(one)
        }
        copy.groups.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return copy
    }
}

extension StreamID {
    /// As Redis writes it.
    var text: String { "\(milliseconds)-\(sequence)" }
}
