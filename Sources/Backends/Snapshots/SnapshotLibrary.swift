/// Files of whole datasets, in every format of the catalog: which one a file is, reading it, writing one so that it
/// is known to be right. The server's snapshots and backups, restoration, and the offline tools go through here.
///
///     SnapshotLibrary.formats                      every format, in the catalog's order
///     SnapshotLibrary.format(named: "rdb")         by the word behind FORMAT
///     SnapshotLibrary.format(forFile: "a.hfz")     by the extension
///     SnapshotLibrary.detect(path, disk)           by what the file begins with
///     SnapshotLibrary.read(source, into: target)   any file into a dataset
///     SnapshotLibrary.digest(source) { sandbox }   any file into its digest, and that compared with the one it names
///     SnapshotLibrary.write(view, format, task)    a file: written, synced, read back, compared, renamed, synced
///
/// ORDER in `write`: the name appears only behind a sync of the content, and after what was read back through a
/// fresh descriptor and decoder had the digest of the view. Whatever fails, what had the name before stays.
///
/// Threads: any; everything blocks on the disk.
import Bytes
import Digest
import Persistence
import Records

/// The formats' common desk; see the file's header.
public enum SnapshotLibrary {
    /// Every format that a whole dataset may be kept in.
    public static let formats: [any SnapshotFileFormat] = BackendCatalog.all.compactMap(\.file)

    /// The format that files get whose names tell nothing: the smallest and fastest of those that are checked in parts.
    public static let standard: any SnapshotFileFormat = BackendCatalog.standardFile

    /// The format of a name, nil where there is none.
    public static func format(named name: String) -> (any SnapshotFileFormat)? {
        formats.first { $0.name == name.lowercased() }
    }

    /// The format that a file's extension stands for, nil where it stands for none.
    public static func format(forFile name: String) -> (any SnapshotFileFormat)? {
        let base = name.split(separator: "/").last ?? ""
        guard let dot = base.lastIndex(of: "."), dot != base.startIndex else { return nil }
        let suffix = base[base.index(after: dot)...].lowercased()
        return formats.first { $0.fileExtensions.contains(suffix) }
    }

    /// The format that a file's first bytes tell; where they may be of several, its extension decides.
    ///
    /// - Throws: `.unsupportedFormat` where it is none that is known here; `.io`.
    public static func detect(
        _ path: String, _ fileSystem: any FileSystem = SystemFileSystem()
    ) throws(PersistenceError) -> any SnapshotFileFormat {
        let front = ByteWriter(capacity: 4096)
        let file = try fileSystem.open(path, .read)
        defer { file.close() }
        _ = try file.read(4096, at: 0, into: front)
        let named = format(forFile: path)
        let found = formats.filter {
            $0.recognises(front.view, isNamedSo: $0.name == named?.name)
        }
        if let named, found.contains(where: { $0.name == named.name }) { return named }
        if let first = found.first { return first }
        throw PersistenceError(
            .unsupportedFormat,
            "The file begins as none of the formats does that are known here ("
                + formats.map(\.name).joined(separator: ", ") + ")", path: path)
    }

    /// Reads a whole file into `target`; its digest is for the caller to compare, who knows the target.
    ///
    /// - Throws: as `SnapshotFileFormat.read`, and `detect` unless a format is given.
    public static func read(
        _ source: SnapshotSource, as format: (any SnapshotFileFormat)? = nil,
        into target: any ReplayTarget
    ) throws(PersistenceError) -> SnapshotContents {
        try chosen(format, source).read(source, into: target)
    }

    private static func chosen(
        _ format: (any SnapshotFileFormat)?, _ source: SnapshotSource
    ) throws(PersistenceError) -> any SnapshotFileFormat {
        if let format { return format }
        return try detect(source.path, source.fileSystem)
    }

    /// Reads a whole file for its digest, which must be the one that the file names, if it names one.
    ///
    /// - Parameter makeSandbox: makes empty datasets, for formats that are read by executing commands.
    /// - Throws: `.corrupt` where the digests differ, and as `read`.
    public static func digest(
        _ source: SnapshotSource, as format: (any SnapshotFileFormat)? = nil,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        let format = try chosen(format, source)
        let found = try format.digest(source, makeSandbox)
        try compare(found.report.digest.root, with: found.contents.digest, source.path)
        return found
    }

    /// - Throws: `.corrupt` where a file names another digest than its data has.
    public static func compare(
        _ digest: Hash256, with named: Hash256?, _ path: String
    ) throws(PersistenceError) {
        guard let named, named != digest else { return }
        throw PersistenceError(
            .corrupt,
            "The file names the digest \(named.hex), but its data has \(digest.hex)", path: path,
            remedy: "Use another snapshot: this one was damaged or changed")
    }

    /// Writes `view` to the file of `task`; see the file's header.
    ///
    /// - Parameters:
    ///   - stages: told what begins: the writing, the reading back, the publishing.
    ///   - progress: told how far the reading back is.
    /// - Throws: `.corrupt` where something else was read than was written; `.io`, `.unsupportedFormat`.
    public static func write(
        _ view: any FrozenDataset, as format: any SnapshotFileFormat, _ task: SnapshotWriting,
        stages: (SnapshotActivity.Stage) -> Void = { _ in },
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in },
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (report: DigestReport, bytes: Int) {
        let (directory, name) = split(task.path)
        var hidden = task
        hidden.path = directory + "/" + SnapshotName.temporaryPrefix + name
        let disk = task.fileSystem
        // What an unfinished one left, be it a link to elsewhere.
        remove(hidden.path, format, disk)
        do throws(PersistenceError) {
            stages(.writing)
            let written = try format.write(view, hidden)
            stages(.verifying)
            var source = SnapshotSource(
                path: hidden.path, settings: task.settings, fileSystem: disk, token: task.token)
            source.progress = progress
            try verify(source, format, written.report, makeSandbox)
            stages(.publishing)
            if task.token.isCancelled { throw SnapshotOutput.cancelled }
            try disk.rename(hidden.path, to: task.path)
            try disk.syncDirectory(directory)
            return written
        } catch {
            remove(hidden.path, format, disk)
            throw error
        }
    }

    /// - Throws: `.corrupt` where the file holds something else than was written.
    private static func verify(
        _ source: SnapshotSource, _ format: any SnapshotFileFormat, _ expected: DigestReport,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) {
        let reason: String
        do throws(PersistenceError) {
            let found = try format.digest(source, makeSandbox)
            if found.report == expected && found.contents.digest == expected.digest.root { return }
            reason =
                "it holds \(found.report.counts.keys) keys of the digest "
                + "\(found.report.digest.root.hex) and names \(found.contents.digest?.hex ?? "none"); "
                + "the data has \(expected.counts.keys) keys of \(expected.digest.root.hex)"
        } catch {
            if source.token.isCancelled { throw SnapshotOutput.cancelled }
            reason = "\(error)"
        }
        throw PersistenceError(
            .corrupt,
            "The snapshot was read back and isn't what was written: \(reason). It was removed",
            path: source.path, remedy: "Look after the disk and the memory of this machine")
    }

    private static func remove(
        _ path: String, _ format: any SnapshotFileFormat, _ disk: any FileSystem
    ) {
        for suffix in [""] + format.companionSuffixes {
            do throws(PersistenceError) {
                let isThere = try disk.status(path + suffix) != nil
                let isLink = try disk.isSymbolicLink(path + suffix)
                if isThere || isLink { try disk.unlink(path + suffix) }
            } catch {
                // Hidden, and written over by the next snapshot of the name.
                continue
            }
        }
    }

    /// The folder and the name that a path is made of.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.index(after: slash)...]))
    }
}
