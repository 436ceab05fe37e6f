/// Texts for other programs: an entry a line, commands, a list of keys.
///
/// Keys past their deadline are in them: whoever wanted them left out said so before.
import Backends
import Bytes
import Digest
import Persistence
import Records

/// Writes a view as text; one thread.
struct TextWriter {
    let view: any FrozenDataset
    let output: SnapshotOutput

    /// Writes all entries; answers digest and counts of what was written.
    func write(_ kind: DatasetTarget.Kind) throws -> DigestReport {
        let walk = SnapshotWalk(view)
        switch kind {
        case .lines: try writeLines(walk)
        case .commands: try writeCommands(walk)
        default: try writeKeys(walk)
        }
        return walk.report
    }

    private func writeLines(_ walk: SnapshotWalk) throws {
        let output = output
        let lines = JSONEntryLines(walk, to: output.buffer) { try output.settle() }
        for database in 0..<view.databaseCount {
            try walk.forEachEntry(database: database) { entry in
                try lines.append(entry, database: database)
                output.buffer.append("\n")
                try output.settle()
            }
        }
    }

    private func writeCommands(_ walk: SnapshotWalk) throws {
        let output = output
        let script = CommandScript(to: output.buffer)
        for database in 0..<view.databaseCount {
            try walk.forEachEntry(database: database) { entry in
                try script.make(entry, database: database) { try output.settle() }
                try output.settle()
            }
        }
    }

    private func writeKeys(_ walk: SnapshotWalk) throws {
        output.buffer.append("db,key,type,deadline_ms,elements,bytes\n")
        for database in 0..<view.databaseCount {
            try walk.forEachEntry(database: database) { entry in
                let size = try ValueSize(entry.value)
                output.buffer.append(decimal: database)
                output.buffer.append(",")
                output.buffer.append(text: Self.field(entry.key.array))
                output.buffer.append(text: ",\(entry.value.type.name),")
                if let deadline = entry.deadline {
                    output.buffer.append(decimal: Int(deadline.millisecondsSinceEpoch))
                }
                output.buffer.append(text: ",\(size.elements),\(size.bytes)\n")
                try output.settle()
            }
        }
    }

    /// A field of RFC 4180; what is no text is spelled as redis-cli spells it.
    private static func field(_ key: [UInt8]) -> String {
        let isText = key.withByteView { $0.isUTF8 } && !key.contains { $0 < 32 || $0 == 127 }
        let text = isText ? String(decoding: key, as: UTF8.self) : KeyText.quoted(key)
        if !text.utf8.contains(where: { $0 == 34 || $0 == 44 }) { return text }
        let doubled = text.split(separator: "\"", omittingEmptySubsequences: false)
        return "\"" + doubled.joined(separator: "\"\"") + "\""
    }
}

/// How large a value is.
struct ValueSize {
    /// Elements, members, fields, entries; 1 of a string.
    private(set) var elements = 1
    /// Bytes of what it holds, without what any format adds; scores and ids are 8 and 16.
    private(set) var bytes = 0

    init(_ value: FrozenValue) throws {
        switch value {
        case .string(let text): bytes = text.count
        case .integer(let number): bytes = Decimal.text(number).count
        case .list(let list):
            elements = list.count
            try list.forEachElement { bytes += $0.count }
        case .set(let set):
            elements = set.count
            try set.forEachMember { bytes += $0.count }
        case .sortedSet(let set):
            elements = set.count
            try set.forEachMember { member, _ in bytes += member.count + 8 }
        case .hash(let hash):
            elements = hash.count
            try hash.forEachField { field, value, _ in bytes += field.count + value.count }
        case .stream(let stream):
            elements = stream.facts.length
            try stream.forEachEntry { _, fields in
                bytes += fields.reduce(16) { $0 + $1.count }
            }
        }
    }
}
