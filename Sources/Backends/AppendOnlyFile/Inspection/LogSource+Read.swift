/// Reading a log that was found as a server's start reads it, without changing a byte.
import Bytes
import Persistence

extension LogSource {
    /// As `find`, where nothing else than a log will do.
    ///
    /// - Throws: also `.conflict` where there is none.
    public static func existing(
        _ path: String, _ disk: any FileSystem
    ) throws(PersistenceError) -> LogSource {
        let source = try find(path, disk)
        if source.shape == .nothing || source.shape == .withoutManifest {
            _ = try source.files(disk)
        }
        return source
    }

    /// Where the manifest is, or would be.
    public var manifestPath: String { places.manifest }

    /// Whether the log is one file.
    public var isSingleFile: Bool { shape == .file || shape == .oldFile }

    /// The files in force and their sizes in bytes.
    ///
    /// - Throws: `.conflict` where there is no log; `.corrupt` where the manifest can't be read or names a file that
    ///   isn't there.
    public func files(_ disk: any FileSystem) throws(PersistenceError) -> [(
        path: String, bytes: Int
    )] {
        if let manifestError { throw manifestError }
        if shape == .nothing || shape == .withoutManifest {
            throw PersistenceError(
                .conflict,
                shape == .nothing
                    ? "There is no append-only file here"
                    : "There are files of a log here, but no manifest that names them", path: path,
                remedy: shape == .nothing
                    ? "Name a data directory, a log's folder, its manifest, or a single file"
                    : "'aof-check --salvage' writes a new log of them")
        }
        let present = try presentParts(disk)
        for part in parts where !present.contains(where: { $0.part == part }) {
            throw LogReader.corrupt(
                "The file doesn't exist, but the manifest names it", part.path, 0)
        }
        return present.map { ($0.part.path, $0.size) }
    }

    /// Reads the whole log; what a start would cut off is told in the report.
    ///
    /// - Throws: where a server would refuse to start.
    public func read(
        into target: any ReplayTarget, _ disk: any FileSystem,
        progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) -> RecoveryReport {
        let recovery = LogRecovery(
            places: places, settings: settings, disk: disk, target: target, progress: progress)
        try recovery.run()
        return recovery.report
    }
}
