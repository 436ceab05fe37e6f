/// Entries as lines of text (NDJSON), each as it stands in a document: for streams that have no end to put a digest at.
///
///     {"db":0,"key":"greeting","type":"string","value":"hello"}
///
/// Threads: one.
import Bytes
import Persistence
import Records

/// Writes entries as lines; see the file's header.
public struct JSONEntryLines {
    private let text: JSONText
    private let writer: JSONValueWriter

    /// Lines into `out`; `settle` is called between the parts of large values, and may empty it.
    public init(_ walk: SnapshotWalk, to out: ByteWriter, settle: @escaping () throws -> Void) {
        text = JSONText(out: out, settle: settle)
        writer = JSONValueWriter(text, walk, isSorted: false)
    }

    /// Appends a line, without its end.
    public func append(_ entry: FrozenEntry, database: Int) throws {
        try JSONDocumentWriter.write(entry, JSONDocumentWriter.head(database), text, writer)
    }
}
