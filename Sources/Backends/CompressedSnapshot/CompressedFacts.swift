/// What the head and the foot of a file hold.
///
///     head     version of the server (length, text), its id (length, text), sequence varint, time zigzag (ms)
///     foot     the head's bytes; digest's version varint; 32 bytes of the digest; count of databases varint;
///              for each, by rising number: number, keys with a deadline, strings, lists, sets, sorted sets,
///              hashes, streams: varints
import Bytes
import Digest
import Persistence
import Records

/// Head and foot of a file; see the file's header.
enum CompressedFacts {
    private static let types: [DatasetType] = [.string, .list, .set, .sortedSet, .hash, .stream]

    static func append(_ header: SnapshotHeader, to out: ByteWriter) {
        for text in [header.version, header.serverID] {
            out.append(varint: text.utf8.count)
            out.append(text: text)
        }
        out.append(varint: header.sequence)
        out.append(zigzag: header.frozenAt.millisecondsSinceEpoch)
    }

    static func readHead(_ bytes: CompressedBytes) throws -> SnapshotHeader {
        let scratch = ByteWriter(capacity: 64)
        let version = try bytes.bytes(scratch).text
        let id = try bytes.bytes(scratch).text
        let sequence = try bytes.varint()
        let time = Deadline(millisecondsSinceEpoch: try bytes.zigzag())
        return SnapshotHeader(
            version: version, serverID: id, sequence: CommitTicket(sequence), frozenAt: time)
    }

    static func append(_ report: DigestReport, to out: ByteWriter) {
        out.append(varint: DatasetDigest.version)
        out.append(report.digest.root.bytes)
        append(report.counts, to: out)
    }

    static func append(_ counts: DatasetCounts, to out: ByteWriter) {
        out.append(varint: counts.databases.count)
        for database in counts.databases {
            out.append(varint: database.number)
            out.append(varint: database.deadlines)
            for type in types { out.append(varint: database[type]) }
        }
    }

    /// The digest of a foot behind its head, and the bytes that count the keys.
    static func readFoot(_ bytes: CompressedBytes) throws -> (digest: Hash256?, counts: [UInt8]) {
        let version = try bytes.varint()
        let words = try bytes.take(32)
        let digest = Hash256(
            words.fixed64(at: 0), words.fixed64(at: 8), words.fixed64(at: 16),
            words.fixed64(at: 24))
        return (version == UInt64(DatasetDigest.version) ? digest : nil, try bytes.rest().array)
    }

    /// Keys that a foot counts.
    static func keys(_ counts: [UInt8]) throws -> Int {
        try counts.withByteView { view in
            let bytes = CompressedBytes(view, at: 0)
            let databases = try bytes.count()
            var keys = 0
            for _ in 0..<databases {
                _ = try bytes.count()
                _ = try bytes.count()
                // More keys than any file has: only to stay within bounds.
                for _ in types { keys += min(try bytes.count(), 1 << 40) }
            }
            return keys
        }
    }
}
