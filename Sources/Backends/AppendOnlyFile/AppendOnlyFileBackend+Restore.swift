/// The way up: restore reads, repairs what a crash left, and `start` makes the log ready to go on.
///
/// ORDER of the repairs, so that a crash among them finds the same tail again: increments behind an unsynced tail
/// leave the manifest, the tail is cut and synced, the dropped files go. Then temporary files go, every
/// increment is synced (a killed process leaves written bytes that no sync covered), and only then does `CURRENT`
/// name this engine.
import Bytes
import Persistence

extension AppendOnlyFileBackend {
    /// Feeds the log into `target`; then repairs what has to be.
    public func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport {
        let begin = environment.clock.monotonicNanoseconds
        let outcome = withoutActuallyEscaping(progress) {
            progress -> Result<RecoveryReport, PersistenceError> in
            let recovery = LogRecovery(
                places: places, settings: settings, disk: environment.fileSystem, target: target,
                progress: progress)
            do throws(PersistenceError) {
                try recovery.run()
            } catch {
                return .failure(error)
            }
            recovered = recovery.log
            return .success(recovery.report)
        }
        var report = try outcome.get()
        if !report.foundData && directory.isClaimed {
            throw PersistenceError(
                .conflict,
                "\(CurrentFile.name) says that there is a log here, but its files are gone",
                path: places.manifest,
                remedy: "Bring them back, or remove \(CurrentFile.name) to begin with nothing")
        }
        try repair()
        let span = environment.clock.monotonicNanoseconds &- begin
        report.seconds = Double(span) / 1e9
        return report
    }

    /// Changes on disk what the recovery found has to change.
    private func repair() throws(PersistenceError) {
        guard var log = recovered else { return }
        let disk = environment.fileSystem
        if !log.dropped.isEmpty {
            let names = Set(log.dropped.map(\.name))
            log.manifest.increments.removeAll { names.contains($0.name) }
            log.manifest.isOurs = true
            try disk.replace(
                places.manifestName, in: places.directory, with: log.manifest.serialized)
        }
        for cut in log.cuts {
            let file = try disk.open(cut.path, .update)
            defer { file.close() }
            try file.truncate(to: cut.size)
            try file.sync()
        }
        for entry in log.dropped {
            // Nothing names it any more: it may as well stay.
            do { try disk.unlink(places.path(entry.name)) } catch { continue }
        }
        log.dropped = []
        log.cuts = []
        recovered = log
    }

    /// Begins a log beside another engine's files, behind `ticket`.
    public func start(after ticket: CommitTicket) throws(PersistenceError) {
        var log = RecoveredLog()
        log.sequence = ticket
        recovered = log
        try start()
    }

    /// Makes the log ready to go on.
    public func start() throws(PersistenceError) {
        let log = recovered ?? RecoveredLog()
        recovered = nil
        let disk = environment.fileSystem
        try disk.makeDirectory(places.directory)
        try disk.syncDirectory(places.parent)
        manifest = log.manifest
        if log.upgrade != nil { try moveOldFile() }
        try removeTemporaries()
        try syncIncrements()
        durable = log.sequence
        released = log.sequence
        rewrite.baseBytes = log.baseBytes
        rewrite.olderBytes = log.olderBytes
        try numberFiles()
        resume(log)
        if let last = log.last {
            try goOn(in: last, database: log.database)
        } else {
            try switchIncrement()
        }
        try directory.claim(engine: Self.descriptor.name)
        if !manifest.history.isEmpty { cleanHistory {} }
    }

    private func resume(_ log: RecoveredLog) {
        writer.resume(after: log.sequence, salt: log.last?.header.salt ?? Salt(bits: 0))
        writer.writesTimestamps = settings.writesTimestamps
        queue.startAfter(log.sequence)
    }

    private func goOn(
        in last: (header: IncrementHeader, entry: Manifest.Entry, size: Int), database: Int
    ) throws(PersistenceError) {
        let path = places.path(last.entry.name)
        let handle = try environment.fileSystem.open(path, .append)
        files = [
            LogFile(
                name: last.entry.name, number: last.entry.number, path: path,
                salt: last.header.salt, handle: handle, size: last.size,
                firstSequence: last.header.firstSequence)
        ]
        writer.continueFile(database: database)
    }

    /// The old single file becomes the base, in Redis's order: the manifest first, then the file moves
    /// (a manifest whose only base is absent is finished at the next start).
    ///
    /// Between two folders a rename is two changes, and a power cut may leave the file in neither: it is in
    /// both instead until the new name is durable. A start then takes the new one and leaves the old alone.
    private func moveOldFile() throws(PersistenceError) {
        let disk = environment.fileSystem
        try disk.replace(places.manifestName, in: places.directory, with: manifest.serialized)
        let path = places.path(places.prefix)
        do throws(PersistenceError) {
            try disk.link(places.oldFile, to: path)
        } catch {
            // A file system without second names: then one that moves a file in one step.
            guard error.saysUnsupported else { throw error }
            try disk.rename(places.oldFile, to: path)
            try disk.syncDirectory(places.directory)
            try disk.syncDirectory(places.parent)
            return
        }
        // ORDER: the new name is on the platter before the old one goes.
        try disk.syncDirectory(places.directory)
        try disk.unlink(places.oldFile)
        try disk.syncDirectory(places.parent)
    }

    /// Removes what unfinished rewrites and replacements left.
    private func removeTemporaries() throws(PersistenceError) {
        let disk = environment.fileSystem
        for name in try disk.list(places.directory) {
            guard name.hasPrefix(LogPlaces.temporaryPrefix), name.contains(places.prefix) else {
                continue
            }
            try disk.unlink(places.path(name))
            environment.log.write(.notice, "Removed the unfinished file \(places.path(name))")
        }
    }

    private func syncIncrements() throws(PersistenceError) {
        let disk = environment.fileSystem
        for entry in manifest.chain {
            let file = try disk.open(places.path(entry.name), .update)
            defer { file.close() }
            try file.sync()
        }
        try disk.syncDirectory(places.directory)
    }

    private func numberFiles() throws(PersistenceError) {
        let entries = manifest.history + manifest.chain
        let increments = entries.filter { $0.name.hasSuffix(".incr.aof") }
        nextIncrement = (increments.map(\.number).max() ?? 0) + 1
        let bases = entries.filter { !$0.name.hasSuffix(".incr.aof") }
        nextBase = (bases.map(\.number).max() ?? 0) + 1
        // A file that no manifest names may be all that somebody has left of something: it is not written over.
        for name in try environment.fileSystem.list(places.directory) {
            guard let part = PartName(name), part.prefix == places.prefix, part.number < 1 << 40
            else { continue }
            if part.isBase {
                nextBase = max(nextBase, part.number + 1)
            } else {
                nextIncrement = max(nextIncrement, part.number + 1)
            }
        }
    }
}
