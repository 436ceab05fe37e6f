/// Writes a frozen view as a base in Redis's snapshot format: what `aof-use-rdb-preamble yes` asks for.
///
/// The lowest version that holds the data, with a checksum whatever `rdbchecksum` says, for a base must not go
/// bad unseen. Keys past their deadline are written with it: the log behind the base decides what
/// becomes of them (Redis's rule). Our facts name the sequence that the base ends with; the manifest has no
/// salt for it.
///
/// Threads: the checkpoint lane's.
import Bytes
import Persistence
import RDB
import Records

/// Writes one base; see the file's header.
struct SnapshotBaseWriter: Sendable {
    let header: SnapshotHeader
    let compresses: Bool

    /// Writes `view` to the new file `path` and forces it to the platter.
    ///
    /// - Returns: keys and bytes written.
    func write(
        _ view: any FrozenDataset, path: String, _ disk: any FileSystem, token: CancelToken
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        let file = try disk.open(path, .create)
        defer { file.close() }
        let output = SnapshotOutput(file, token: token)
        var keys = 0
        do {
            try RDBFileWriter.write(
                view, facts: RDBFact.redis(header, isBase: true), more: RDBFact.head(header),
                compresses: compresses,
                visited: {
                    if token.isCancelled { throw BaseWriter.cancelled }
                    keys += 1
                },
                drain: {
                    output.buffer.append($0)
                    try output.settle()
                })
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.io, "\(error)", path: path)
        }
        try output.finish()
        return (keys, output.position)
    }
}
