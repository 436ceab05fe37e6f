/// The way up: the tables are read in one transaction of a read-only connection; then the file is opened to write.
///
/// A digest that was recorded for the very sequence that the file is at (a clean end, or a checkpoint without a write
/// behind it) is compared with what is read: any difference stops the start.
///
/// ORDER: `start` commits with synchronous=FULL before the sequence is called durable and `CURRENT` names this engine: a
/// killed process leaves a log that no sync covered.
import Bytes
import Digest
import Persistence
import Records

extension SQLiteBackend {
    /// Feeds the tables into `target`.
    public func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport {
        let begin = environment.clock.monotonicNanoseconds
        guard var report = try load(into: target, progress: progress) else {
            if !directory.isClaimed { return RecoveryReport() }
            throw PersistenceError(
                .conflict,
                "\(CurrentFile.name) says that there is a database here, but it is gone or empty",
                path: path,
                remedy: "Bring it back, or remove \(CurrentFile.name) to begin with nothing")
        }
        report.seconds = Double(environment.clock.monotonicNanoseconds &- begin) / 1e9
        return report
    }

    private func load(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport? {
        let disk = environment.fileSystem
        guard let status = try disk.status(path), !status.isDirectory else { return nil }
        // A cut while the file was made leaves a rollback journal, which only a writer can play back. It was never
        // ours to read: `CURRENT` didn't name this engine yet.
        let wasBeingMade = try disk.status(path + "-journal") != nil
        let connection = try SQLiteConnection(path, isReadOnly: !wasBeingMade)
        guard try Schema.holdsTables(connection) else { return nil }
        try connection.execute("BEGIN")
        let reader = try TableReader(connection, now: environment.clock.now)
        let facts = try reader.readFacts()
        let recorded = facts.digest.flatMap { $0.sequence == facts.sequence ? $0 : nil }
        let sink = recorded.map { DigestSink(at: $0.time) }
        let total = status.size
        try reader.read(into: target, digest: sink) { bytes in
            progress(RecoveryProgress(loadedBytes: min(bytes, total), totalBytes: total))
        }
        if let recorded, let sink, sink.digest.root.hex != recorded.text {
            throw PersistenceError(
                .corrupt,
                "The database's digest is \(sink.digest.root.hex), but \(recorded.text) was recorded for "
                    + "sequence \(recorded.sequence): it was changed while no server ran",
                path: path,
                remedy:
                    "Restore a backup; or, if the change was meant, 'sqlite3 \(path) \"UPDATE meta SET "
                    + "digest = NULL\"' and start again")
        }
        try connection.execute("COMMIT")
        recovered = facts
        digest.adopt(facts)
        var report = RecoveryReport()
        report.foundData = true
        report.keys = target.keyCount
        report.bytes = total
        report.sequence = facts.sequence
        return report
    }

    /// Opens the file to write, makes it if absent.
    public func start() throws(PersistenceError) {
        try open(after: recovered.sequence)
        try directory.claim(engine: Self.descriptor.name)
    }

    /// Makes a file beside another engine's, to be loaded.
    public func start(after ticket: CommitTicket) throws(PersistenceError) {
        try open(after: ticket)
        awaitsLoad = true
    }

    private func open(after ticket: CommitTicket) throws(PersistenceError) {
        let disk = environment.fileSystem
        if try disk.status(path) == nil {
            // SQLite's other files get the permissions of this one.
            let file = try disk.open(path, .create)
            file.close()
        }
        store = try SQLiteStore(
            path: path, serverID: environment.identity.id,
            keptLogBytes: WriteAheadLog.startBytes(limit: settings.databaseLogLimitBytes))
        try disk.syncDirectory(settings.directory)
        log = try disk.open(logPath, .update)
        copier = try SQLiteConnection(path)
        sync.lastBegin = environment.clock.monotonicNanoseconds
        sequence = ticket
        written = ticket
        durable = ticket
        released = ticket
    }
}

extension SQLiteBackend: ReloadableBackend {
    /// Feeds what the file holds now into `target`; nothing changes.
    public func reload(
        into target: any ReplayTarget
    ) throws(PersistenceError) -> RecoveryReport {
        launch()
        environment.runner.drain()
        if written < sequence, let refusal {
            throw PersistenceError(.io, refusal.reason, path: path)
        }
        let reader = FileReader(path: path, sequence: written, now: environment.clock.now)
        reader.open()
        try reader.read(into: target)
        var report = RecoveryReport()
        report.foundData = true
        report.keys = target.keyCount
        report.sequence = written
        return report
    }

    /// Reads the state that the last commit so far leads to.
    public func readback() -> Readback? {
        seal()
        let reader = FileReader(path: path, sequence: sequence, now: environment.clock.now)
        switch health {
        case .fine, .logFull:
            barriers.append(Barrier(sequence: sequence, reader: reader))
            launch()
        case .failing(let error), .distrusted(let error), .outsider(let error): reader.fail(error)
        }
        return { target throws(PersistenceError) in try reader.read(into: target) }
    }
}
