/// Reads the document: head, entries, foot.
///
/// Members may come in any order: what needs another one first is passed over and read when that is known
/// (`JSONReader.seek`). Members that the format doesn't know are refused, but in the head.
///
/// The foot of a file as it was written guards it: the checksum covers every byte before it, and the counts are
/// compared. A person who edits the file removes the foot, or writes `"checksum": null`: then the file is
/// read with a warning, and nothing of the foot is compared.
import Bytes
import Digest
import Persistence
import Records

/// Reads one document into a target; one thread.
final class JSONDocumentReader {
    private let reader: JSONReader
    private let target: any ReplayTarget
    private var contents = SnapshotContents()
    private var counts = DatasetCounts()
    private let key = ByteWriter(capacity: 256)
    private let values: JSONValueReader

    private struct Footer {
        var offset = 0
        var keys: Int?
        var databases: [Int: [DatasetType: Int]]?
        var isChecked = false
    }

    init(_ reader: JSONReader, _ target: any ReplayTarget) {
        self.reader = reader
        self.target = target
        values = JSONValueReader(reader)
    }

    func read() throws -> SnapshotContents {
        var hasHeader = false
        var hasEntries = false
        var entries: Int?
        var footer: Footer?
        var isFirst = true
        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            if footer?.isChecked == true {
                throw reader.damaged("expected the end behind a foot with a checksum")
            }
            let place = reader.offset
            switch try reader.memberName() {
            case ByteView("header") where !hasHeader:
                try readHeader(place)
                hasHeader = true
            case ByteView("entries") where !hasEntries:
                hasEntries = true
                if hasHeader {
                    try readEntries()
                } else {
                    entries = reader.offset
                    try reader.skip()
                }
            case ByteView("footer") where footer == nil: footer = try readFooter(place)
            default:
                throw reader.damaged(
                    "expected one 'header', one 'entries' and at most one 'footer'", at: place)
            }
        }
        try reader.expectEnd()
        guard hasHeader, hasEntries else {
            throw reader.damaged("the document has no 'header', or no 'entries'", at: 0)
        }
        if let entries {
            try reader.seek(to: entries)
            try readEntries()
        }
        try check(footer)
        contents.keys = counts.keys
        return contents
    }

    // MARK: Head

    private func readHeader(_ place: Int) throws {
        var isFirst = true
        var format: [UInt8] = []
        var version: Int?
        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            switch try reader.memberName() {
            case ByteView("format"): format = try reader.text().array
            case ByteView("version"): version = try reader.count()
            case ByteView("server_version"): contents.header.version = try reader.text().text
            case ByteView("server_id"): contents.header.serverID = try reader.text().text
            case ByteView("sequence"): contents.header.sequence = try reader.unsigned()
            case ByteView("time_ms"):
                contents.header.frozenAt = Deadline(millisecondsSinceEpoch: try reader.integer())
            default: try reader.skip()
            }
        }
        guard format.withByteView({ $0 == ByteView(JSONSnapshot.formatName) }), let version,
            version > 0
        else {
            throw reader.damaged(
                "expected the head of a snapshot: \"format\":\"holdfast-json\" and a version",
                at: place, code: .unsupportedFormat)
        }
        if version > JSONSnapshot.version {
            throw reader.damaged(
                "the file has version \(version) of the format, this build reads up to "
                    + "\(JSONSnapshot.version)", at: place, code: .unsupportedVersion)
        }
    }

    // MARK: Entries

    private func readEntries() throws {
        var isFirst = true
        try reader.take(0x5B)
        while try reader.hasNext(&isFirst, closing: 0x5D) { try readEntry() }
    }

    /// An entry's members as far as they were read.
    private struct Entry {
        var offset = 0
        var database: Int?
        var hasKey = false
        var type: DatasetType?
        var deadline: Deadline?
        /// Where the value stands that was passed over.
        var value: Int?
    }

    /// The deadline came behind the value, which was loaded without it.
    private struct LateDeadline: Error {
        let deadline: Deadline
    }

    private func readEntry() throws {
        try reader.take(0x7B)
        var entry = Entry(offset: reader.offset)
        var isFirst = true
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            let place = reader.offset
            let name = try reader.memberName()
            if name == ByteView("value"), entry.value == nil {
                if entry.database != nil, entry.hasKey, entry.type != nil {
                    // The rest of the entry is read with it.
                    return try load(&entry)
                }
                entry.value = reader.offset
                try reader.skip()
            } else {
                try readMember(name, place, &entry)
            }
        }
        guard let value = entry.value else {
            throw reader.damaged("an entry without a value", at: entry.offset)
        }
        let end = reader.offset
        try reader.seek(to: value)
        try load(&entry, end: end)
    }

    private func readMember(_ name: ByteView, _ place: Int, _ entry: inout Entry) throws {
        switch name {
        case ByteView("key") where !entry.hasKey:
            key.removeAll(keepingUpTo: 1 << 20)
            key.append(try reader.bytes())
            entry.hasKey = true
        case ByteView("db") where entry.database == nil:
            let place = reader.offset
            let database = try reader.count()
            guard database < target.databaseCount else {
                throw reader.damaged(
                    "a key of database \(database), of \(target.databaseCount) there are ('databases')",
                    at: place)
            }
            entry.database = database
        case ByteView("type") where entry.type == nil:
            let place = reader.offset
            entry.type = JSONType.named(try reader.text())
            if entry.type == nil {
                throw reader.damaged(
                    "expected string, list, set, zset, hash or stream", at: place)
            }
        case ByteView("deadline_ms") where entry.deadline == nil:
            entry.deadline = try reader.deadline()
        default:
            throw reader.damaged(
                "an entry has 'db', 'key', 'type', 'value' and may have 'deadline_ms', each once",
                at: place)
        }
    }

    /// Loads the value at the place, and reads the rest of the entry, unless it was (`end`).
    private func load(_ entry: inout Entry, end: Int? = nil) throws {
        guard let database = entry.database, entry.hasKey, let type = entry.type else {
            throw reader.damaged("an entry needs 'db', 'key' and 'type'", at: entry.offset)
        }
        let value = reader.offset
        let outcome: LoadOutcome
        do {
            outcome = try target.load(key.view, database: database, deadline: entry.deadline) {
                try values.read(type, into: $0)
                if end == nil { try readRest(entry) }
            }
        } catch let late as LateDeadline {
            let end = reader.offset
            entry.deadline = late.deadline
            try reader.seek(to: value)
            return try load(&entry, end: end)
        }
        if let end { try reader.seek(to: end) }
        switch outcome {
        case .new: counts.add(type, database: database, hasDeadline: entry.deadline != nil)
        case .replaced: throw reader.damaged("the key was there before", at: entry.offset)
        case .empty: throw reader.damaged("a value without elements", at: value)
        }
    }

    private func readRest(_ entry: Entry) throws {
        if try reader.takeIf(0x7D) { return }
        var rest = entry
        var isFirst = false
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            let place = reader.offset
            try readMember(try reader.memberName(), place, &rest)
        }
        if let deadline = rest.deadline, entry.deadline == nil {
            throw LateDeadline(deadline: deadline)
        }
    }

    // MARK: Foot

    private func readFooter(_ place: Int) throws -> Footer {
        var footer = Footer(offset: place)
        var isFirst = true
        try reader.take(0x7B)
        while try reader.hasNext(&isFirst, closing: 0x7D) {
            if footer.isChecked {
                throw reader.damaged("expected 'checksum' to be the last member of the foot")
            }
            try reader.pinHere()
            let place = reader.offset
            let name = try reader.memberName()
            if name != ByteView("checksum") { reader.unpin() }
            switch name {
            case ByteView("keys") where footer.keys == nil: footer.keys = try reader.count()
            case ByteView("databases") where footer.databases == nil:
                footer.databases = try readCounts()
            case ByteView("digest") where contents.digest == nil:
                if try !reader.takeNull() { contents.digest = Hash256(hex: try reader.hexDigits()) }
            case ByteView("digest_version"): _ = try reader.count()
            case ByteView("checksum"):
                let computed = reader.hashBeforePin()
                if try reader.takeNull() { break }
                footer.isChecked = true
                let found = try reader.hexDigits()
                if Hash256(hex: found) != computed {
                    throw reader.damaged(
                        "the checksum \(computed.hex) of the bytes before it isn't \(found.text); who "
                            + "edits a file writes null for it", at: place)
                }
            default:
                throw reader.damaged(
                    "the foot has 'keys', 'databases', 'digest', 'digest_version', 'checksum', each "
                        + "once", at: place)
            }
        }
        return footer
    }

    private func readCounts() throws -> [Int: [DatasetType: Int]] {
        var all: [Int: [DatasetType: Int]] = [:]
        var isFirst = true
        try reader.take(0x5B)
        while try reader.hasNext(&isFirst, closing: 0x5D) {
            var database = -1
            var counts: [DatasetType: Int] = [:]
            var isFirstMember = true
            try reader.take(0x7B)
            while try reader.hasNext(&isFirstMember, closing: 0x7D) {
                let name = try reader.memberName()
                let type = JSONType.named(name)
                let isDatabase = name == ByteView("db")
                let number = try reader.count()
                if isDatabase { database = number }
                if let type { counts[type] = number }
            }
            all[database] = counts
            if all.count > 1 << 20 { throw reader.damaged("more databases than can be") }
        }
        return all
    }

    private func check(_ footer: Footer?) throws {
        guard let footer, footer.isChecked else {
            let reason = footer == nil ? "has no foot" : "has no checksum"
            contents.warnings.append(
                "\(reader.input.path) \(reason), as a file that was edited: it was loaded as it is, "
                    + "and nothing could be compared")
            contents.digest = nil
            return
        }
        var found: [Int: [DatasetType: Int]] = [:]
        for database in counts.databases {
            found[database.number] = Dictionary(
                uniqueKeysWithValues: DatasetType.allCases.map { ($0, database[$0]) })
        }
        if footer.keys != counts.keys || footer.databases != found {
            throw reader.damaged(
                "the foot counts other keys than there are (\(counts.keys))", at: footer.offset)
        }
    }
}
