/// Transactions: one under way at a time, each with all that came while the last one ran.
///
/// A transaction that fails is rolled back, its buffers are kept, writes are refused, and it is tried again ten times a
/// second. Where another program has written, what is in memory and what is in the file are two datasets, and nothing
/// is written any more.
import Bytes
import Persistence

/// What is counted of transactions.
struct WriteFigures {
    var transactions = 0
    var rows = 0
    var changes: CommitTicket = 0
    var nanoseconds: UInt64 = 0
    var longest: UInt64 = 0
    var logBytes = 0
    /// By how much one transaction has lengthened the log file.
    var largestGrowth = 0
    /// Rows wait to be removed that nothing points at.
    var hasAbandoned = true
}

/// Who reads the file as it is at a sequence.
struct Barrier {
    let sequence: CommitTicket
    let reader: FileReader
}

/// A job of the sync lane: one transaction.
private struct WriteJob: Sendable {
    let store: SQLiteStore
    let buffers: [ChangeBuffer]
    let isFull: Bool
    /// The log was copied beside the last transactions: what came meanwhile is copied now, so that it is used anew.
    let endsCopy: Bool
    let clock: any Clock
    let fileSystem: any FileSystem
    let logPath: String

    struct Outcome: Sendable {
        var rows = 0
        var error: PersistenceError?
        var nanoseconds: UInt64 = 0
        var logBytes = 0
        var hasAbandoned = false
    }

    func run() -> Outcome {
        let begin = clock.monotonicNanoseconds
        var outcome = Outcome()
        do throws(PersistenceError) {
            try store.setFull(isFull)
            if endsCopy { _ = try WriteAheadLog.copy(store.connection, .passive) }
            if buffers.isEmpty {
                try store.sweep()
            } else {
                outcome.rows = try store.write(buffers, now: clock.now)
            }
        } catch {
            outcome.error = error
        }
        outcome.logBytes = logBytes
        outcome.hasAbandoned = store.hasAbandoned
        outcome.nanoseconds = clock.monotonicNanoseconds &- begin
        return outcome
    }

    private var logBytes: Int {
        do throws(PersistenceError) {
            return try fileSystem.status(logPath)?.size ?? 0
        } catch {
            // A figure; what is wrong with the disk shows where it is written.
            return 0
        }
    }
}

extension SQLiteBackend {
    /// Begins the next transaction, unless one is under way or nothing waits.
    func launch() {
        if isBusy || awaitsLoad || isClosed { return }
        if serveBarrier() { return }
        seal()
        let limit = barriers.map(\.sequence).min() ?? .max
        let buffers = sealed.prefix { $0.lastSequence <= limit }
        if !buffers.isEmpty { write(Array(buffers)) }
    }

    private func write(_ buffers: [ChangeBuffer]) {
        guard let store else { return }
        isBusy = true
        let isFull = settings.syncPolicy == .always
        let job = WriteJob(
            store: store, buffers: buffers, isFull: isFull, endsCopy: sync.endsCopy,
            clock: environment.clock, fileSystem: environment.fileSystem, logPath: logPath)
        sync.endsCopy = false
        environment.runner.run(on: .sync) {
            job.run()
        } finish: { outcome in
            self.isBusy = false
            self.figures.hasAbandoned = outcome.hasAbandoned
            let growth = outcome.logBytes - self.figures.logBytes
            self.figures.largestGrowth = max(self.figures.largestGrowth, growth)
            self.figures.logBytes = outcome.logBytes
            if let error = outcome.error { return self.writeFailed(error) }
            self.wrote(job.buffers, outcome, isFull: isFull)
        }
    }

    private func wrote(_ buffers: [ChangeBuffer], _ outcome: WriteJob.Outcome, isFull: Bool) {
        figures.rows += outcome.rows
        if let last = buffers.last {
            figures.transactions += 1
            figures.changes += last.lastSequence - written
            figures.nanoseconds += outcome.nanoseconds
            figures.longest = max(figures.longest, outcome.nanoseconds)
            environment.measured("sqlite-commit", outcome.nanoseconds)
            written = last.lastSequence
            drop(buffers.count)
        }
        if case .failing = health { healed() }
        if isFull { raiseDurable(to: written) }
        if settings.syncPolicy != .always || isFull { released = max(released, written) }
        copyLogIfDue()
        launch()
        if isClosed { return }
        tellSettled()
        serveQuestions()
        environment.progress(nil)
    }

    /// Removes what nothing points at while there is nothing else to do.
    func sweepIfIdle() {
        if isBusy || awaitsLoad || !figures.hasAbandoned || keptBytes > 0 { return }
        write([])
    }

    // MARK: Failures

    private func writeFailed(_ error: PersistenceError) {
        if error.code == .conflict {
            environment.log.write(.warning, "\(error)")
            health = .outsider(error)
        } else {
            if case .fine = health {
                environment.log.write(.warning, "Error writing to the database: \(error)")
            }
            health = .failing(error)
        }
        lastRetryNanoseconds = lastTickNanoseconds
        failBarriers(error)
        tellSettled()
        serveQuestions()
        environment.progress(sequence)
    }

    func healed() {
        health = .fine
        environment.log.write(
            .warning, "The database's write error looks solved. The server can write again.")
    }

    /// The durability of what was executed up to `ticket` is unknown: told after the current call.
    func announceFailure(through ticket: CommitTicket) {
        environment.runner.later {
            if self.isClosed { return }
            self.environment.progress(self.released < ticket ? ticket : nil)
        }
    }

    /// Tries again what failed.
    func retry(now: UInt64) {
        if isBusy || now &- lastRetryNanoseconds < 90_000_000 { return }
        lastRetryNanoseconds = now
        switch health {
        case .fine, .outsider: return
        case .failing:
            seal()
            write(sealed)
        case .distrusted, .logFull: emptyLog()
        }
    }

    // MARK: Barriers

    /// Opens the file for who waits for the state that it is in now; whether there was one.
    private func serveBarrier() -> Bool {
        guard let index = barriers.firstIndex(where: { $0.sequence == written }) else {
            return false
        }
        let reader = barriers.remove(at: index).reader
        isBusy = true
        environment.runner.run(on: .sync) {
            reader.open()
        } finish: { _ in
            self.isBusy = false
            self.launch()
        }
        return true
    }

    func failBarriers(_ error: PersistenceError) {
        for barrier in barriers { barrier.reader.fail(error) }
        barriers = []
    }
}
