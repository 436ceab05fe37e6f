/// One entry out of a dataset of any format: a file is read up to the key and no further, and nothing of it is kept; a log
/// is executed, since only then its keys are known.
import Backends
import Bytes
import Digest
import Engine
import Persistence
import Records

/// Finds one key; see the file's header.
public enum KeyLookup {
    /// The key was found: the reading may end.
    private struct Found: Error {}

    /// The entries of that name; of one database, or of each that has it.
    ///
    /// - Throws: `PersistenceError` where the file can't be read up to the key.
    public static func find(
        _ key: [UInt8], database: Int?, in path: String, _ options: OpenDataset.Options
    ) throws -> [(database: Int, entry: EntryParts)] {
        var found: [(database: Int, entry: EntryParts)] = []
        let place = try DatasetPlace.find(path, named: options.format, options.disk)
        guard case .file(let file, let format) = place else {
            let dataset = try OpenDataset(path, options)
            for number in 0..<dataset.view.databaseCount
            where database.map({ $0 == number }) ?? true {
                try dataset.view.forEachEntry(database: number) { entry in
                    if key.withByteView({ $0 == entry.key }) {
                        found.append((number, try EntryParts(entry)))
                    }
                }
            }
            return found
        }
        var source = SnapshotSource(
            path: file, fileSystem: options.disk, progress: options.progress)
        source.missing = { _ in }
        let target = VisitingTarget { entry, number in
            guard database.map({ $0 == number }) ?? true, key.withByteView({ $0 == entry.key })
            else { return }
            found.append((number, try EntryParts(entry)))
            if database != nil { throw Found() }
        }
        do {
            _ = try format.read(source, into: target)
        } catch {
            // The end that was asked for; what lies behind it wasn't looked at.
            if !(target.failure is Found) { throw target.failure ?? error }
        }
        return found
    }

    /// The lines for people.
    public static func text(_ database: Int, _ key: [UInt8], _ entry: EntryParts) -> [String] {
        var lines = [
            "db \(database) \(KeyText.quoted(key))  \(entry.type.name), "
                + Figures.counted(entry.parts.count, "part") + ", "
                + (entry.deadline.map { "expires at \($0.millisecondsSinceEpoch) ms" }
                    ?? "never expires")
        ]
        for part in entry.parts {
            let name = part.name.isEmpty && entry.type == .string ? "" : KeyText.quoted(part.name)
            let content = entry.type == .set ? "" : KeyText.quoted(part.content)
            lines.append("  " + name + (name.isEmpty || content.isEmpty ? "" : "  ") + content)
        }
        return lines
    }

    /// For programs.
    public static func json(_ database: Int, _ key: [UInt8], _ entry: EntryParts) -> JSONValue {
        .object([
            ("db", .integer(database)), ("key", .bytes(key)), ("type", .string(entry.type.name)),
            (
                "deadline_ms",
                entry.deadline.map { .integer(Int($0.millisecondsSinceEpoch)) } ?? .null
            ),
            (
                "parts",
                .array(
                    entry.parts.map {
                        .object([("name", .bytes($0.name)), ("content", .bytes($0.content))])
                    })
            ),
        ])
    }
}
