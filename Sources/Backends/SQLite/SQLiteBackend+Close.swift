/// The way down, and the figures for INFO.
import Bytes
import Digest
import Persistence
import Records

extension SQLiteBackend {
    /// How long a clean end may take to digest the file, for the next start to compare: about three million keys.
    private static let closingDigestNanoseconds: UInt64 = 3_000_000_000

    /// Everything durable, the digest recorded, the log copied into the file, the lock released. Blocks.
    ///
    /// - Throws: where something could not be written; the file is as after a crash then, and the lock is
    ///   released all the same.
    public func close() throws(PersistenceError) {
        if isClosed { return }
        digest.token.cancel()
        cancelQuestions()
        environment.runner.drain()
        defer { finishClosing() }
        switch health {
        case .fine, .logFull: launch()
        case .failing, .distrusted:
            lastRetryNanoseconds = 0
            retry(now: .max / 2)
        case .outsider: break
        }
        environment.runner.drain()
        switch health {
        case .fine, .logFull: break
        case .failing(let error), .distrusted(let error), .outsider(let error): throw error
        }
        guard let store, !awaitsLoad else { return }
        recordClosingDigest(store)
        try store.finish()
        raiseDurable(to: written)
    }

    /// Digests the file unless a checkpoint did; a file that takes long to read goes without.
    private func recordClosingDigest(_ store: SQLiteStore) {
        if digest.sequence == written && !digest.text.isEmpty { return }
        let clock = environment.clock
        let limit = clock.monotonicNanoseconds &+ Self.closingDigestNanoseconds
        let target = DigestTarget { clock.monotonicNanoseconds > limit }
        do throws(PersistenceError) {
            let reader = try TableReader(store.connection, now: clock.now)
            try reader.read(into: target, digest: nil) { _ in }
            let text = target.report.digest.root.hex
            try store.record(digest: text, sequence: written, time: .distantPast)
        } catch {
            environment.log.write(.notice, "The database was closed without a new digest: \(error)")
        }
    }

    private func finishClosing() {
        isClosed = true
        environment.runner.drain()
        serveQuestions()
        failBarriers(PersistenceError(.io, "The database was closed", path: path))
        store = nil
        copier = nil
        log?.close()
        log = nil
        directory.release()
    }

    /// Figures for INFO.
    public func status() -> BackendStatus {
        var fields: [(name: String, value: String)] = []
        func add(_ name: String, _ value: some CustomStringConvertible) {
            fields.append((name, "\(value)"))
        }
        add("sqlite_file", path)
        add("sqlite_last_write_status", refusal == nil ? "ok" : "err")
        add("sqlite_last_sequence", sequence)
        add("sqlite_written_sequence", written)
        add("sqlite_durable_sequence", durable)
        add("sqlite_queue_bytes", keptBytes)
        add("sqlite_transactions", figures.transactions)
        add("sqlite_changes", figures.changes)
        add("sqlite_rows_written", figures.rows)
        add(
            "sqlite_transaction_mean_usec",
            figures.nanoseconds / 1000 / UInt64(max(1, figures.transactions)))
        add("sqlite_transaction_max_usec", figures.longest / 1000)
        add("sqlite_wal_bytes", figures.logBytes)
        add("sqlite_wal_limit_bytes", settings.databaseLogLimitBytes)
        add("sqlite_wal_copies", sync.copies)
        add("sqlite_syncs", sync.syncs)
        add("sqlite_delayed_syncs", sync.delayed)
        add("sqlite_sync_max_usec", sync.longest / 1000)
        add("sqlite_digest", digest.text)
        add("sqlite_digest_sequence", digest.sequence)
        return BackendStatus(fields: fields)
    }
}
