/// Cuts an unfinished tail, as a server does on its way up.
///
/// A directory is repaired by the backend's own restore, under the directory's lock: exactly what the next start would
/// do. A file that stands alone is cut to the size that the recovery names, and synced.
import Bytes
import Persistence

/// Repairs logs; see the file's header.
public enum LogRepair {
    /// Cuts what `verdict` says has to be cut.
    ///
    /// - Parameter target: takes the log, for a directory is read once more.
    /// - Throws: `.locked` where a server runs, `.io`, and what prevents a start.
    public static func cutTail(
        _ source: LogSource, _ verdict: ServerVerdict, into target: any ReplayTarget,
        _ disk: any FileSystem, clock: any Clock
    ) throws(PersistenceError) {
        if source.shape == .file {
            for cut in verdict.cuts {
                let file = try disk.open(cut.path, .update)
                defer { file.close() }
                try file.truncate(to: cut.offset)
                try file.sync()
            }
            return
        }
        let directory = try DataDirectory(path: source.directory, fileSystem: disk)
        defer { directory.release() }
        let environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: ServerVerdict.NoRunner(), log: .silent,
            progress: { _ in })
        let backend = AppendOnlyFileBackend(
            environment: environment, settings: source.settings, directory: directory)
        _ = try backend.restore(into: target, progress: { _ in })
    }
}
