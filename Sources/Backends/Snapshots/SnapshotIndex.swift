/// What is known of the snapshots of a folder, so that a listing opens none of them.
///
///     holdfast-snapshots 1 LF
///     (name TAB format TAB bytes TAB modified TAB keys TAB digest TAB time TAB memory LF)*
///
/// A line counts only while the file has the size and the time of change (seconds since 1970) that it says. Lines that
/// don't read are passed over, and a missing index is an empty one: everything in it can be found out by verifying.
///
/// Names have no control characters (`SnapshotName`). The file is replaced as a whole; its own name is hidden.
import Bytes
import Persistence

/// The index of one folder; see the file's header.
struct SnapshotIndex {
    static let name = ".snapshots"
    private static let head = "holdfast-snapshots 1"
    private static let limit = 16 << 20

    private struct Line {
        var facts: SnapshotFacts
        var modified: Int
    }

    private var lines: [String: Line] = [:]

    static func read(
        _ directory: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> SnapshotIndex {
        var index = SnapshotIndex()
        guard let bytes = try disk.contents(of: directory + "/" + name, limit: limit) else {
            return index
        }
        let text = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        if text.first.map(String.init) != head { return index }
        for line in text.dropFirst() {
            guard let line = parse(line) else { continue }
            index.lines[line.facts.name] = line
        }
        return index
    }

    private static func parse(_ text: Substring) -> Line? {
        let words = text.split(separator: "\t", omittingEmptySubsequences: false)
        guard words.count == 8, let bytes = Int(words[2]), let modified = Int(words[3]),
            let keys = Int(words[4]), let time = Int64(words[6]), let memory = Int(words[7])
        else { return nil }
        var facts = SnapshotFacts(
            name: String(words[0]), format: String(words[1]), bytes: bytes, keys: keys, time: time)
        facts.digest = String(words[5])
        facts.memoryBytes = memory
        return Line(facts: facts, modified: modified)
    }

    /// What is known of a file with this size and time, nil where nothing is.
    func facts(of name: String, _ status: FileStatus) -> SnapshotFacts? {
        guard let line = lines[name], line.facts.bytes == status.size,
            line.modified == status.modifiedSeconds
        else { return nil }
        return line.facts
    }

    /// Notes a file, forgets those that are gone, and writes the index.
    mutating func note(
        _ facts: SnapshotFacts, _ status: FileStatus, _ directory: String, _ disk: any FileSystem
    ) throws(PersistenceError) {
        let there = Set(try disk.list(directory))
        lines = lines.filter { there.contains($0.key) }
        lines[facts.name] = Line(facts: facts, modified: status.modifiedSeconds)
        var text = Self.head + "\n"
        for (name, line) in lines.sorted(by: { $0.key < $1.key }) {
            let facts = line.facts
            let words = [
                name, facts.format, "\(facts.bytes)", "\(line.modified)", "\(facts.keys ?? 0)",
                facts.digest, "\(facts.time)", "\(facts.memoryBytes)",
            ]
            text += words.joined(separator: "\t") + "\n"
        }
        // What stands here can be found out again: no sync.
        let temporary = directory + "/" + SnapshotName.temporaryPrefix + "index"
        let file = try disk.open(temporary, .create)
        defer { file.close() }
        try file.writeAll(Array(text.utf8))
        try disk.rename(temporary, to: directory + "/" + Self.name)
    }
}
