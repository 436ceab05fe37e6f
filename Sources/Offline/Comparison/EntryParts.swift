/// An entry taken apart for people: what it consists of, by names, and how two of them differ.
import Bytes
import Digest
import Records

/// The parts of an entry; a copy that may be kept.
public struct EntryParts: Sendable {
    /// The type.
    public let type: DatasetType
    /// The deadline.
    public let deadline: Deadline?
    /// Name and content of each part: index and element, member, member and score, field and value, id and fields; a string
    /// has one without a name.
    public private(set) var parts: [(name: [UInt8], content: [UInt8])] = []

    /// Copies an entry.
    public init(_ entry: FrozenEntry) throws {
        type = entry.value.type
        deadline = entry.deadline
        switch entry.value {
        case .string(let text): parts = [([], text.array)]
        case .integer(let number): parts = [([], Decimal.text(number))]
        case .list(let list):
            try list.forEachElement {
                parts.append((Array("[\(parts.count)]".utf8), $0.array))
            }
        case .set(let set): try set.forEachMember { parts.append(($0.array, [])) }
        case .sortedSet(let set):
            try set.forEachMember { parts.append(($0.array, ScoreText.bytes($1))) }
        case .hash(let hash):
            try hash.forEachField { field, value, deadline in
                let tail = deadline.map { " until \(TimeText.text($0))" } ?? ""
                parts.append((field.array, value.array + Array(tail.utf8)))
            }
        case .stream(let stream): try take(stream)
        }
    }

    private mutating func take(_ stream: any FrozenStream) throws {
        try stream.forEachEntry { id, fields in
            let text = fields.map { KeyText.quoted($0.array) }.joined(separator: " ")
            parts.append((Array(Self.text(id).utf8), Array(text.utf8)))
        }
        let facts = stream.facts
        add("last id", Self.text(facts.last))
        add("highest deleted id", Self.text(facts.maximumDeleted))
        add("entries added", "\(facts.entriesAdded)")
        try stream.forEachGroup { group in
            let name = "group \(KeyText.quoted(group.name.array))"
            add(name, "last id \(Self.text(group.last)), entries read \(group.entriesRead)")
            try group.forEachConsumer {
                add(
                    "\(name) consumer \(KeyText.quoted($0.name.array))",
                    "\($0.pendingCount) pending")
            }
            try group.forEachPending {
                add(
                    "\(name) pending \(Self.text($0.id))",
                    "\(KeyText.quoted($0.consumer.array)) at \($0.time), \($0.count) times")
            }
        }
    }

    private mutating func add(_ name: String, _ content: String) {
        parts.append((Array(name.utf8), Array(content.utf8)))
    }

    private static func text(_ id: StreamID) -> String { "\(id.milliseconds)-\(id.sequence)" }

    // MARK: Differences

    private static let mostDifferences = 3

    /// How another entry of the same key differs, in a few phrases: first what this one has, then the other.
    public func differences(from other: EntryParts) -> [String] {
        var found: [String] = []
        if type != other.type { found.append("\(type.name) / \(other.type.name)") }
        if deadline != other.deadline {
            found.append("expires: \(Self.words(deadline)) / \(Self.words(other.deadline))")
        }
        if type != other.type { return found }
        if type == .string {
            let (mine, theirs) = (parts[0].content, other.parts[0].content)
            if mine != theirs { found.append(Self.strings(mine, theirs)) }
            return found
        }
        let differing = differingParts(other)
        found += differing.prefix(Self.mostDifferences)
        if differing.count > Self.mostDifferences {
            found.append("and \(differing.count - Self.mostDifferences) more")
        }
        return found
    }

    private func differingParts(_ other: EntryParts) -> [String] {
        var rest: [[UInt8]: [UInt8]] = [:]
        for part in other.parts { rest[part.name] = part.content }
        var found: [String] = []
        for part in parts {
            let name = KeyText.quoted(part.name)
            if let content = rest.removeValue(forKey: part.name) {
                if content == part.content { continue }
                found.append("\(name): \(shown(part.content)) / \(shown(content))")
            } else {
                found.append("\(name): \(shown(part.content)) / absent")
            }
        }
        for part in other.parts where rest[part.name] != nil {
            found.append("\(KeyText.quoted(part.name)): absent / \(shown(part.content))")
        }
        return found
    }

    /// A part's content; a set's members have none.
    private func shown(_ content: [UInt8]) -> String {
        type == .set ? "present" : Self.short(content)
    }

    private static func words(_ deadline: Deadline?) -> String {
        deadline.map(TimeText.text) ?? "never"
    }

    private static func short(_ content: [UInt8]) -> String {
        let text = KeyText.quoted(Array(content.prefix(40)))
        return content.count > 40 ? text + "... (\(content.count) bytes)" : text
    }

    private static func strings(_ mine: [UInt8], _ theirs: [UInt8]) -> String {
        if max(mine.count, theirs.count) <= 40 { return "\(short(mine)) / \(short(theirs))" }
        let place = zip(mine, theirs).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        return "\(mine.count) bytes / \(theirs.count) bytes, different from byte "
            + "\(place ?? min(mine.count, theirs.count)) on"
    }
}
