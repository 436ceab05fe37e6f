/// The way up: the file is read into an empty dataset; any damage stops the start, and nothing on disk changes.
///
/// ORDER: what a killed process renamed may not be synced yet: `start` does it before the sequence is called
/// durable and `CURRENT` names this engine.
import Bytes
import Persistence

extension SnapshotBackend {
    /// Feeds the snapshot into `target`.
    public func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport {
        guard let report = try load(into: target, progress: progress) else {
            if !directory.isClaimed { return RecoveryReport() }
            throw PersistenceError(
                .conflict,
                "\(CurrentFile.name) says that there is a snapshot here, but its file is gone",
                path: path,
                remedy: "Bring it back, or remove \(CurrentFile.name) to begin with nothing")
        }
        resume(after: report.sequence)
        return report
    }

    private func load(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport? {
        let begin = environment.clock.monotonicNanoseconds
        let disk = environment.fileSystem
        guard let status = try disk.status(path), !status.isDirectory else { return nil }
        let result = withoutActuallyEscaping(progress) {
            progress -> Result<SnapshotContents, PersistenceError> in
            do {
                let input = try SnapshotInput(
                    path, disk, now: environment.clock.now, progress: progress)
                return .success(try Format(settings).read(input, into: target))
            } catch let error as PersistenceError {
                return .failure(error)
            } catch {
                return .failure(PersistenceError(.corrupt, "\(error)", path: path))
            }
        }
        let contents = try result.get()
        var report = RecoveryReport()
        report.foundData = true
        report.keys = target.keyCount
        report.expiredKeys = contents.expiredKeys
        report.bytes = status.size
        report.sequence = contents.header.sequence
        report.warnings = contents.warnings
        report.seconds = Double(environment.clock.monotonicNanoseconds &- begin) / 1e9
        return report
    }

    /// Makes ready for a first save beside another engine's files, which holds what was counted up to `ticket`.
    public func start(after ticket: CommitTicket) throws(PersistenceError) {
        sequence = ticket
        durable = 0
    }

    /// Makes what was restored last, and removes what an unfinished save left.
    public func start() throws(PersistenceError) {
        let disk = environment.fileSystem
        let prefix = Self.temporaryPrefix + Format.fileName(settings)
        for name in try disk.list(settings.directory) where name == prefix {
            try disk.unlink(settings.directory + "/" + name)
            environment.log.write(.notice, "Removed the unfinished file \(name)")
        }
        guard try disk.status(path) != nil else { return }
        let file = try disk.open(path, .update)
        defer { file.close() }
        try file.sync()
        try disk.syncDirectory(settings.directory)
        try directory.claim(engine: Format.descriptor.name)
    }
}

extension SnapshotBackend: ReloadableBackend {
    /// Feeds what the file holds now into `target`; nothing changes.
    ///
    /// - Throws: `.conflict` where nothing was saved yet.
    public func reload(
        into target: any ReplayTarget
    ) throws(PersistenceError) -> RecoveryReport {
        if let report = try load(into: target, progress: { _ in }) { return report }
        throw PersistenceError(.conflict, "Nothing was saved yet", path: path)
    }
}
