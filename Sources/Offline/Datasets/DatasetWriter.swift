/// Puts a view into a new place: written under a hidden name, synced, read back, compared, renamed.
///
/// ORDER: the name appears only behind a sync of the content and after what was read back had the digest of the view.
/// What a signal interrupts is removed.
import Backends
import Bytes
import Digest
import Engine
import Persistence
import Records

/// Writes datasets; see the file's header.
struct DatasetWriter {
    let view: any FrozenDataset
    let target: DatasetTarget
    let header: SnapshotHeader
    let progress: @Sendable (RecoveryProgress) -> Void
    /// Asked before the name appears; what it throws ends the writing.
    var approve: (DigestReport) throws -> Void = { _ in }
    private let disk = SystemFileSystem()
    private let clock = SystemClock()

    init(
        _ view: any FrozenDataset, as target: DatasetTarget, _ header: SnapshotHeader,
        progress: @escaping @Sendable (RecoveryProgress) -> Void
    ) {
        self.view = view
        self.target = target
        self.header = header
        self.progress = progress
    }

    private static func hidden(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else {
            return "./" + SnapshotName.temporaryPrefix + path
        }
        let folder = path[..<slash]
        return "\(folder)/\(SnapshotName.temporaryPrefix)\(path[path.index(after: slash)...])"
    }

    /// Writes to `path`; answers digest and counts of what was written, and its bytes.
    ///
    /// - Throws: `PersistenceError`; what had the name before stays then.
    func write(to path: String) throws -> (report: DigestReport, bytes: Int) {
        switch target.kind {
        case .file(let format, let version): try writeFile(path, format, version)
        case .logFolder: try writeFolder(path)
        case .lines, .commands, .keys: try writeText(path)
        }
    }

    /// Writes to standard output.
    func writeToOutput() throws -> (report: DigestReport, bytes: Int) {
        switch target.kind {
        case .file(let format, let version):
            let scratch = ScratchFile(".out", suffixes: format.companionSuffixes)
            let written = try writeFile(scratch.path, format, version)
            try scratch.copyToOutput()
            return written
        case .logFolder:
            throw ToolFailure(.usage, "A folder can't go to standard output")
        case .lines, .commands, .keys:
            let output = SnapshotOutput(OutputHandle())
            let report = try TextWriter(view: view, output: output).write(target.kind)
            try output.finish()
            try approve(report)
            return (report, output.position)
        }
    }

    private func writeFile(
        _ path: String, _ format: any SnapshotFileFormat, _ version: SnapshotVersion
    ) throws -> (report: DigestReport, bytes: Int) {
        var settings = BackendSettings()
        settings.snapshotVersion = version
        let whole = Self.hidden(path)
        let task = SnapshotWriting(
            path: whole, header: header, settings: settings, fileSystem: disk, clock: clock)
        let names = [whole] + ([""] + format.companionSuffixes).map { Self.hidden(whole) + $0 }
        for name in names { Interruption.begin(name) }
        defer { for name in names { Interruption.end(name) } }
        let written = try SnapshotLibrary.write(view, as: format, task, progress: progress) {
            let engine = Engine(databases: 1024, clock: SystemClock())
            return MigrationSandbox(target: engine.replayTarget()) { engine.freeze() }
        }
        do {
            try approve(written.report)
            try disk.rename(whole, to: path)
            try disk.syncDirectory(Self.folder(path))
        } catch {
            if try disk.status(whole) != nil { try disk.unlink(whole) }
            throw error
        }
        return written
    }

    private func writeText(_ path: String) throws -> (report: DigestReport, bytes: Int) {
        let hidden = Self.hidden(path)
        Interruption.begin(hidden)
        defer { Interruption.end(hidden) }
        do {
            let file = try disk.open(hidden, .create)
            defer { file.close() }
            let output = SnapshotOutput(file)
            let report = try TextWriter(view: view, output: output).write(target.kind)
            try output.finish()
            if case .commands = target.kind, output.position > 0 {
                try compare(report.digest.root, hidden) { target in
                    _ = try LogSource.existing(hidden, disk).read(
                        into: target, disk, progress: progress)
                }
            }
            try approve(report)
            try disk.rename(hidden, to: path)
            try disk.syncDirectory(Self.folder(path))
            return (report, output.position)
        } catch {
            if try disk.status(hidden) != nil { try disk.unlink(hidden) }
            throw error
        }
    }

    private static func folder(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func writeFolder(_ path: String) throws -> (report: DigestReport, bytes: Int) {
        var path = path
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        let hidden = Self.hidden(path)
        let report = try DatasetDigest.of(view)
        try approve(report)
        let log = hidden + "/" + BackendSettings().appendDirectoryName
        for name in [hidden, log] { Interruption.begin(name) }
        defer { for name in [hidden, log] { Interruption.end(name) } }
        let rewrite = OfflineRewrite(disk, clock: clock)
        let written = try rewrite.write(
            view, sequence: header.sequence, as: .snapshot, to: hidden
        ) { (fresh) throws(PersistenceError) in
            do {
                try compare(report.digest.root, hidden) {
                    _ = try fresh.read(into: $0, disk, progress: progress)
                }
            } catch let error as PersistenceError {
                throw error
            } catch {
                throw PersistenceError(.io, "\(error)", path: hidden)
            }
        }
        try disk.rename(hidden, to: path)
        try disk.syncDirectory(Self.folder(path))
        return (report, written.bytes)
    }

    /// Reads back what was written.
    private func compare(
        _ expected: Hash256, _ path: String, _ read: (any ReplayTarget) throws -> Void
    ) throws {
        let engine = Engine(databases: 1024, clock: clock)
        try read(engine.replayTarget())
        let found = try DatasetDigest.of(engine.freeze(), at: .distantPast).digest.root
        if found == expected { return }
        throw PersistenceError(
            .corrupt,
            "What was read back isn't what was written: its digest is \(found.hex), the data's "
                + expected.hex, path: path,
            remedy: "Look after the disk and the memory of this machine")
    }
}
