/// How two contents of one key differ, in a few words.
import Bytes
import Records

extension DatasetDifference.Difference {
    /// One line for people.
    public var line: String {
        let head = "db \(database)  \(KeyText.quoted(key))"
        switch kind {
        case .removed: return Terminal.styled("- \(head)", .bad) + "  \(old?.type ?? "")"
        case .added: return Terminal.styled("+ \(head)", .good) + "  \(new?.type ?? "")"
        case .changed:
            return Terminal.styled("! \(head)", .warning) + "  " + ways.joined(separator: "; ")
        }
    }

    /// In what they differ.
    public var ways: [String] {
        guard let old, let new else { return [] }
        var ways: [String] = []
        if old.type != new.type { ways.append("type: \(old.type), \(new.type)") }
        if old.deadline != new.deadline {
            ways.append("expires: \(Self.text(old.deadline)), \(Self.text(new.deadline))")
        }
        ways += Self.ways(old.value, new.value)
        return ways
    }

    private static func text(_ deadline: Deadline?) -> String {
        deadline.map(TimeText.text) ?? "never"
    }

    private static func ways(_ old: EntryContent.Value, _ new: EntryContent.Value) -> [String] {
        if old == new { return [] }
        switch (old, new) {
        case (.string(let left), .string(let right)):
            let place = zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset
            let at = place ?? min(left.count, right.count)
            return [
                "value: \(short(left)), \(short(right))"
                    + (left.count + right.count > 60 ? " (from byte \(at) on)" : "")
            ]
        case (.list(let left), .list(let right)):
            let place = zip(left, right).enumerated().first { $1.0 != $1.1 }?.offset
            let at = place ?? min(left.count, right.count)
            return [
                "\(left.count) elements, \(right.count); the first that differs is number \(at)"
            ]
        case (.set(let left), .set(let right)):
            return parts("members", Set(left), Set(right)) { short($0) }
        case (.sortedSet(let left), .sortedSet(let right)):
            let scores = { (all: [EntryContent.Scored]) in
                Dictionary(all.map { ($0.member, $0.bits) }) { $1 }
            }
            return pairs("members", scores(left), scores(right))
        case (.hash(let left), .hash(let right)):
            let fields = { (all: [EntryContent.Field]) in
                Dictionary(all.map { ($0.name, $0) }) { $1 }
            }
            return pairs("fields", fields(left), fields(right))
        case (.stream(let left), .stream(let right)): return ways(left, right)
        default: return []
        }
    }

    private static func ways(
        _ left: EntryContent.Stream, _ right: EntryContent.Stream
    ) -> [String] {
        var ways: [String] = []
        if left.entries != right.entries {
            ways.append("entries: \(left.entries.count), \(right.entries.count)")
        }
        if left.last != right.last { ways.append("last id: \(left.last.text), \(right.last.text)") }
        if left.maximumDeleted != right.maximumDeleted {
            ways.append(
                "highest deleted id: \(left.maximumDeleted.text), \(right.maximumDeleted.text)")
        }
        if left.entriesAdded != right.entriesAdded {
            ways.append("ever added: \(left.entriesAdded), \(right.entriesAdded)")
        }
        if left.groups != right.groups { ways.append("consumer groups or what is pending in them") }
        return ways
    }

    private static func pairs<Part: Equatable>(
        _ noun: String, _ left: [[UInt8]: Part], _ right: [[UInt8]: Part]
    ) -> [String] {
        var ways = parts(noun, Set(left.keys), Set(right.keys)) { short($0) }
        let changed = left.keys.filter { right[$0] != nil && right[$0] != left[$0] }
        if let one = changed.min(by: { $0.lexicographicallyPrecedes($1) }) {
            ways.append("\(changed.count) \(noun) changed (\(short(one)))")
        }
        return ways
    }

    private static func parts(
        _ noun: String, _ left: Set<[UInt8]>, _ right: Set<[UInt8]>, _ name: ([UInt8]) -> String
    ) -> [String] {
        var ways: [String] = []
        let gone = left.subtracting(right)
        let come = right.subtracting(left)
        if let one = gone.min(by: { $0.lexicographicallyPrecedes($1) }) {
            ways.append("\(gone.count) \(noun) only in the first (\(name(one)))")
        }
        if let one = come.min(by: { $0.lexicographicallyPrecedes($1) }) {
            ways.append("\(come.count) \(noun) only in the second (\(name(one)))")
        }
        return ways
    }

    private static func short(_ bytes: [UInt8]) -> String { KeyText.quoted(bytes, limit: 30) }

    /// The object for programs.
    public var json: JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("change", .string(kind.rawValue)), ("db", .integer(database)), ("key", .bytes(key)),
        ]
        if kind == .changed { members.append(("ways", .array(ways.map { .string($0) }))) }
        if let old { members.append(("first", old.json)) }
        if let new { members.append(("second", new.json)) }
        return .object(members)
    }
}
