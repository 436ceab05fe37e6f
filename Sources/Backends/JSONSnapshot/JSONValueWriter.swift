/// Writes the value of a key: a string, an array of elements, of pairs, or a stream's object.
import Bytes
import Persistence
import Records

/// Writes values into a text; one thread.
struct JSONValueWriter {
    private let text: JSONText
    private let walk: SnapshotWalk
    private let isSorted: Bool

    init(_ text: JSONText, _ walk: SnapshotWalk, isSorted: Bool) {
        self.text = text
        self.walk = walk
        self.isSorted = isSorted
    }

    func write(_ value: FrozenValue) throws {
        switch value {
        case .string(let bytes): try text.append(bytes)
        case .integer(let number):
            text.append("\"")
            text.append(number)
            text.append("\"")
        case .list(let list):
            var separator = JSONSeparator("[")
            try list.forEachElement { element in
                separator.append(to: text)
                try text.append(element)
                try text.settle()
            }
            separator.close(text)
            text.append("]")
        case .set(let set): try write(set)
        case .sortedSet(let set):
            var separator = JSONSeparator("[")
            try set.forEachMember { member, score in
                separator.append(to: text)
                text.append("[")
                try text.append(member)
                text.append(",")
                text.append(score)
                text.append("]")
                try text.settle()
            }
            separator.close(text)
            text.append("]")
        case .hash(let hash): try write(hash)
        case .stream(let stream): try write(stream)
        }
    }

    private func write(_ set: any FrozenSet) throws {
        var separator = JSONSeparator("[")
        func append(_ member: ByteView) throws {
            separator.append(to: text)
            try text.append(member)
            try text.settle()
        }
        if isSorted {
            var members: [[UInt8]] = []
            members.reserveCapacity(set.count)
            try set.forEachMember { members.append($0.array) }
            members.sort { $0.lexicographicallyPrecedes($1) }
            for member in members { try member.withByteView { try append($0) } }
        } else {
            try set.forEachMember { try append($0) }
        }
        separator.close(text)
        text.append("]")
    }

    private func write(_ hash: any FrozenHash) throws {
        var separator = JSONSeparator("[")
        func append(_ field: ByteView, _ value: ByteView, _ deadline: Deadline?) throws {
            separator.append(to: text)
            text.append("[")
            try text.append(field)
            text.append(",")
            try text.append(value)
            if let deadline {
                text.append(",")
                text.append(deadline.millisecondsSinceEpoch)
            }
            text.append("]")
            try text.settle()
        }
        if isSorted {
            var fields: [(name: [UInt8], value: [UInt8], deadline: Deadline?)] = []
            try hash.forEachField { field, value, deadline in
                if walk.isLive(deadline) { fields.append((field.array, value.array, deadline)) }
            }
            fields.sort { $0.name.lexicographicallyPrecedes($1.name) }
            for field in fields {
                try field.name.withByteView { name in
                    try field.value.withByteView { try append(name, $0, field.deadline) }
                }
            }
        } else {
            try hash.forEachField { field, value, deadline in
                if walk.isLive(deadline) { try append(field, value, deadline) }
            }
        }
        separator.close(text)
        text.append("]")
    }

    // MARK: Streams

    private func write(_ stream: any FrozenStream) throws {
        var entries = JSONSeparator("{\"entries\":[")
        try stream.forEachEntry { id, fields in
            entries.append(to: text)
            text.append("[")
            text.append(id)
            var parts = JSONSeparator(",[")
            for part in fields {
                parts.append(to: text)
                try text.append(part)
                try text.settle()
            }
            parts.close(text)
            text.append("]]")
            try text.settle()
        }
        entries.close(text)
        let facts = stream.facts
        text.append("],\"last_id\":")
        text.append(facts.last)
        text.append(",\"max_deleted_id\":")
        text.append(facts.maximumDeleted)
        text.append(",\"entries_added\":")
        text.append(unsigned: facts.entriesAdded)
        var groups = JSONSeparator(",\"groups\":[")
        if isSorted {
            var names: [[UInt8]] = []
            try stream.forEachGroup { names.append($0.name.array) }
            names.sort { $0.lexicographicallyPrecedes($1) }
            for name in names {
                try stream.forEachGroup { group in
                    if group.name.array == name { try write(group, &groups) }
                }
            }
        } else {
            try stream.forEachGroup { try write($0, &groups) }
        }
        groups.close(text)
        text.append("]}")
    }

    private struct Consumer {
        let name: [UInt8]
        let seenTime: Int64
        let activeTime: Int64
    }

    private func write(_ group: any FrozenStreamGroup, _ separator: inout JSONSeparator) throws {
        separator.append(to: text)
        text.append("{\"name\":")
        try text.append(group.name)
        text.append(",\"last_id\":")
        text.append(group.last)
        text.append(",\"entries_read\":")
        if group.entriesRead < 0 { text.append("null") } else { text.append(group.entriesRead) }
        var owned: [[UInt8]: [(id: StreamID, time: Int64, count: UInt64)]] = [:]
        try group.forEachPending {
            owned[$0.consumer.array, default: []].append(($0.id, $0.time, $0.count))
        }
        var consumers: [Consumer] = []
        try group.forEachConsumer {
            consumers.append(
                Consumer(
                    name: $0.name.array, seenTime: $0.seenTime, activeTime: $0.activeTime))
        }
        if isSorted { consumers.sort { $0.name.lexicographicallyPrecedes($1.name) } }
        var each = JSONSeparator(",\"consumers\":[")
        for consumer in consumers {
            each.append(to: text)
            try write(consumer, owned[consumer.name] ?? [])
        }
        each.close(text)
        text.append("]}")
    }

    private func write(
        _ consumer: Consumer, _ owned: [(id: StreamID, time: Int64, count: UInt64)]
    ) throws {
        text.append("{\"name\":")
        try consumer.name.withByteView { try text.append($0) }
        if !isSorted {
            text.append(",\"seen_ms\":")
            text.append(consumer.seenTime)
            text.append(",\"active_ms\":")
            text.append(consumer.activeTime)
        }
        var separator = JSONSeparator(",\"pending\":[")
        for pending in owned {
            separator.append(to: text)
            text.append("[")
            text.append(pending.id)
            text.append(",")
            text.append(pending.time)
            text.append(",")
            text.append(unsigned: pending.count)
            text.append("]")
            try text.settle()
        }
        separator.close(text)
        text.append("]}")
    }
}

/// What stands before the next item: an opening, then commas.
struct JSONSeparator {
    private let opening: StaticString
    private var isOpen = false

    init(_ opening: StaticString) { self.opening = opening }

    @inline(__always)
    mutating func append(to text: JSONText) {
        if isOpen {
            text.append(",")
        } else {
            text.append(opening)
            isOpen = true
        }
    }

    /// The opening, where no item came.
    mutating func close(_ text: JSONText) {
        if !isOpen { text.append(opening) }
    }
}
