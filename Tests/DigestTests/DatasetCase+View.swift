/// A frozen view as the vectors would spell it.
import Bytes
import Foundation
import Records

extension DatasetCase {
    /// The keys of two datasets that differ, as each has them; for messages.
    static func difference(_ left: any FrozenDataset, _ right: any FrozenDataset) throws -> String {
        func keys(_ view: any FrozenDataset) throws -> [String: String] {
            var keys: [String: String] = [:]
            let all = try DatasetCase("", view)
            for key in all.keys {
                let one = DatasetCase(name: "", frozenAt: all.frozenAt, keys: [key])
                let text = String(decoding: try JSONEncoder().encode(key), as: UTF8.self)
                keys[try one.report().digest.root.hex] = String(text.prefix(400))
            }
            return keys
        }
        let (one, other) = (try keys(left), try keys(right))
        let texts =
            one.filter { other[$0.key] == nil }.map { "left: \($0.value)" }
            + other.filter { one[$0.key] == nil }.map { "right: \($0.value)" }
        return texts.joined(separator: "\n")
    }

    /// Everything in a view, what is past its deadline included.
    init(_ name: String, _ view: any FrozenDataset) throws {
        var keys: [KeyCase] = []
        for database in 0..<view.databaseCount {
            try view.forEachEntry(database: database) { entry in
                keys.append(
                    KeyCase(
                        db: database, key: Hex(entry.key),
                        deadline: entry.deadline?.millisecondsSinceEpoch,
                        value: try KeyCase.Value(entry.value)))
            }
        }
        self.init(name: name, frozenAt: view.frozenAt.millisecondsSinceEpoch, keys: keys)
    }
}

extension KeyCase.Value {
    init(_ value: FrozenValue) throws {
        switch value {
        case .string(let text): self = .string(Hex(text))
        case .integer(let number): self = .string(Hex("\(number)"))
        case .list(let list):
            var elements: [Hex] = []
            try list.forEachElement { elements.append(Hex($0)) }
            self = .list(elements)
        case .set(let set):
            var members: [Hex] = []
            try set.forEachMember { members.append(Hex($0)) }
            self = .set(members)
        case .sortedSet(let set):
            var members: [(member: Hex, score: Double)] = []
            try set.forEachMember { members.append((Hex($0), $1)) }
            self = .sortedSet(members)
        case .hash(let hash):
            var fields: [KeyCase.Field] = []
            try hash.forEachField {
                fields.append(
                    KeyCase.Field(
                        field: Hex($0), value: Hex($1), deadline: $2?.millisecondsSinceEpoch))
            }
            self = .hash(fields)
        case .stream(let stream): self = .stream(try KeyCase.Stream(stream))
        }
    }
}

extension KeyCase.Stream {
    init(_ stream: any FrozenStream) throws {
        func parts(_ id: StreamID) -> [UInt64] { [id.milliseconds, id.sequence] }
        let facts = stream.facts
        last = parts(facts.last)
        maximumDeleted = parts(facts.maximumDeleted)
        entriesAdded = facts.entriesAdded
        try stream.forEachEntry { id, fields in
            entries.append(Entry(id: parts(id), fields: fields.arrays.map { Hex($0) }))
        }
        try stream.forEachGroup { group in
            var new = Group(
                name: Hex(group.name), last: parts(group.last), entriesRead: group.entriesRead,
                consumers: [], pending: [])
            try group.forEachConsumer { new.consumers.append(Hex($0.name)) }
            try group.forEachPending {
                new.pending.append(
                    Pending(
                        id: parts($0.id), consumer: Hex($0.consumer), time: $0.time,
                        count: $0.count))
            }
            groups.append(new)
        }
    }
}
