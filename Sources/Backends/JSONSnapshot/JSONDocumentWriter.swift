/// Writes the document: head, an entry a line, foot.
///
/// Sorted: databases by number, keys, members and fields by their bytes, groups and consumers by name; nothing
/// that isn't data: no time, no id, no sequence, no version of a server, no times of consumers' visits. The
/// lines of one database are made in memory and put in order there.
import Bytes
import Digest
import Persistence
import Records

/// Writes one document; one thread.
final class JSONDocumentWriter {
    private let walk: SnapshotWalk
    private let output: SnapshotOutput
    private let isSorted: Bool
    private var isFirst = true

    init(_ walk: SnapshotWalk, to output: SnapshotOutput, isSorted: Bool) {
        self.walk = walk
        self.output = output
        self.isSorted = isSorted
    }

    func write(_ header: SnapshotHeader) throws {
        let output = output
        let text = JSONText(out: output.buffer) { try output.settle() }
        try append(header, text)
        text.append(",\n\"entries\":[")
        let writer = JSONValueWriter(text, walk, isSorted: isSorted)
        for database in 0..<walk.view.databaseCount {
            if isSorted {
                try writeSorted(database)
            } else {
                let head = Self.head(database)
                try walk.forEachEntry(database: database) { entry in
                    separate()
                    try Self.write(entry, head, text, writer)
                    try output.settle()
                }
            }
        }
        text.append("\n],\n")
        appendFooter(text)
        if let checksum = try output.checksum() {
            text.append("\"checksum\":\"")
            output.buffer.append(text: checksum.hex)
        }
        text.append("\"}}\n")
    }

    private func separate() {
        output.buffer.append(isFirst ? "\n" : ",\n")
        isFirst = false
    }

    /// What every line of a database begins with.
    static func head(_ database: Int) -> [UInt8] {
        Array("{\"db\":\(database),\"key\":".utf8)
    }

    static func write(
        _ entry: FrozenEntry, _ head: [UInt8], _ text: JSONText, _ writer: JSONValueWriter
    ) throws {
        text.out.append(head)
        try text.append(entry.key)
        text.append(",\"type\":\"")
        text.append(entry.value.typeName)
        text.append("\"")
        if let deadline = entry.deadline {
            text.append(",\"deadline_ms\":")
            text.append(deadline.millisecondsSinceEpoch)
        }
        text.append(",\"value\":")
        try writer.write(entry.value)
        text.append("}")
    }

    private func writeSorted(_ database: Int) throws {
        let keys = ByteWriter()
        let lines = ByteWriter()
        let text = JSONText(out: lines) {}
        let writer = JSONValueWriter(text, walk, isSorted: true)
        let head = Self.head(database)
        var places: [(key: Range<Int>, line: Range<Int>)] = []
        try walk.forEachEntry(database: database) { entry in
            let (key, line) = (keys.count, lines.count)
            keys.append(entry.key)
            try Self.write(entry, head, text, writer)
            places.append((key..<keys.count, line..<lines.count))
        }
        let names = keys.view
        places.sort { names[$0.key] < names[$1.key] }
        for place in places {
            separate()
            output.buffer.append(lines.view[place.line])
            try output.settle()
        }
    }

    private func append(_ header: SnapshotHeader, _ text: JSONText) throws {
        text.append("{\"header\":{\"format\":\"")
        text.append(JSONSnapshot.formatName)
        text.append("\",\"version\":")
        text.append(Int64(JSONSnapshot.version))
        if isSorted { return text.append(",\"sorted\":true}") }
        text.append(",\"server_version\":")
        try Array(header.version.utf8).withByteView { try text.append($0) }
        text.append(",\"server_id\":")
        try Array(header.serverID.utf8).withByteView { try text.append($0) }
        text.append(",\"sequence\":")
        text.append(unsigned: header.sequence)
        text.append(",\"time_ms\":")
        text.append(header.frozenAt.millisecondsSinceEpoch)
        text.append("}")
    }

    private func appendFooter(_ text: JSONText) {
        let report = walk.report
        text.append("\"footer\":{\"keys\":")
        text.append(Int64(report.counts.keys))
        text.append(",\"databases\":[")
        for (index, database) in report.counts.databases.enumerated() {
            text.append(index == 0 ? "{\"db\":" : ",{\"db\":")
            text.append(Int64(database.number))
            text.append(",\"keys\":")
            text.append(Int64(database.keys))
            text.append(",\"expires\":")
            text.append(Int64(database.deadlines))
            for (name, type) in JSONType.all {
                text.append(",\"")
                text.append(name)
                text.append("\":")
                text.append(Int64(database[type]))
            }
            text.append("}")
        }
        text.append("],\"digest_version\":")
        text.append(Int64(DatasetDigest.version))
        text.append(",\"digest\":\"")
        text.out.append(text: report.digest.root.hex)
        text.append("\",\n")
    }
}

extension FrozenValue {
    /// What `type` says in the text.
    fileprivate var typeName: StaticString {
        switch self {
        case .string, .integer: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        case .stream: "stream"
        }
    }
}
