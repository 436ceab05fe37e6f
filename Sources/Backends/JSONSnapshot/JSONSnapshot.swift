/// The `json` format: one JSON document that people, `jq` and Python read; FORMAT.md has every member.
///
///     {"header":{…},
///     "entries":[
///     {"db":0,"key":"greeting","type":"string","value":"hello"},
///     …
///     ],
///     "footer":{"keys":1,…,"digest":"…",
///     "checksum":"…"}}
///
/// It is streamed both ways: memory is a window of some 300 KB, the longest string, and of a stream's group what is
/// pending in it. `json-sorted` gives equal files for equal data, and holds the text of one database in memory.
import Bytes
import Digest
import Persistence
import Records

/// Reads and writes snapshots as JSON; see the file's header.
public struct JSONSnapshot: SnapshotFormat {
    /// Name and abilities.
    public static let descriptor = BackendDescriptor(
        name: "json", abilities: [.snapshots],
        summary: "one JSON document, an entry a line: people, jq, Python")
    /// `.json`.
    public static let fileExtension = "json"
    /// The version that is written and the highest that is read.
    static let version = 1
    /// What `format` in the head says.
    static let formatName: StaticString = "holdfast-json"

    private let isSorted: Bool

    /// The format with `json-sorted` as it is.
    public init(_ settings: BackendSettings) { isSorted = settings.sortsText }

    /// Writes the document.
    public func write(
        _ walk: SnapshotWalk, _ header: SnapshotHeader, to output: SnapshotOutput
    ) throws {
        output.beginChecksum()
        let writer = JSONDocumentWriter(walk, to: output, isSorted: isSorted)
        try writer.write(header)
    }

    /// Reads the document.
    public func read(
        _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> SnapshotContents {
        let reader = JSONDocumentReader(JSONReader(input), target)
        return try reader.read()
    }
}

/// A key's type in the text.
enum JSONType {
    static let all: [(name: StaticString, type: DatasetType)] = [
        ("string", .string), ("list", .list), ("set", .set), ("zset", .sortedSet),
        ("hash", .hash), ("stream", .stream),
    ]

    static func named(_ name: ByteView) -> DatasetType? {
        all.first { ByteView($0.name) == name }?.type
    }
}
