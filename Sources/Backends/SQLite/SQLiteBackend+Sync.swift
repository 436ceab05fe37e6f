/// SQLite's log: when it is synced, when it is copied into the file, and what happens where either fails.
///
///     data.db-wal   | copied | not copied yet            |
///                             ^ durable    ^ written
///
/// Syncing goes through a descriptor of our own: a NORMAL commit leaves the sync to whoever wants it, and closing a
/// descriptor of the log harms nobody's locks (they are on the file and on its shared memory).
///
/// Copying (SQLite calls it a checkpoint) is done by a second connection beside the commits; what they added
/// meanwhile is copied in front of the next one, and where no reader is in the log, it is written from its
/// beginning again. A reader of another program that doesn't end keeps it growing: at its bound writes are refused.
///
/// After a failed sync nobody knows what of the log is on the platter, and the next sync would succeed without it. So
/// the log is copied whole into the file, which writes and syncs every page anew, and cut, before a transaction begins.
import Bytes
import Persistence

/// What is known of the log.
struct LogSync {
    var isInFlight = false
    var lastBegin: UInt64 = 0
    /// Since when something recorded is not durable (monotonic; 0: nothing is).
    var dirtySince: UInt64 = 0
    /// Syncs that were due while one was in flight.
    var delayed = 0
    var isCopying = false
    /// A copy beside the commits has ended, the rest goes with the next transaction.
    var endsCopy = false
    var lastCopyBegin: UInt64 = 0
    var copies = 0
    var syncs = 0
    var longest: UInt64 = 0
}

extension SQLiteBackend {
    /// Begins the sync that the policy asks for at this tick.
    func syncIfDue(now: UInt64) {
        guard durable < written else { return }
        // A tick is 100 ms: half of one is rounded off, so that a second doesn't become 1.1.
        let age = now &- sync.lastBegin &+ 50_000_000
        let isDue =
            switch settings.syncPolicy {
            case .always, .everysec: age >= 1_000_000_000
            case .no: age >= 30_000_000_000
            }
        if !isDue { return }
        if sync.isInFlight { sync.delayed += 1 } else { beginSync() }
    }

    func beginSync() {
        guard let log, !sync.isInFlight, !isClosed else { return }
        sync.isInFlight = true
        sync.lastBegin = environment.clock.monotonicNanoseconds
        let covered = written
        let clock = environment.clock
        environment.runner.run(on: .checkpoint) { () -> (PersistenceError?, UInt64) in
            let begin = clock.monotonicNanoseconds
            do throws(PersistenceError) {
                try log.sync()
                return (nil, clock.monotonicNanoseconds &- begin)
            } catch {
                return (error, clock.monotonicNanoseconds &- begin)
            }
        } finish: { outcome in
            self.endSync(outcome.0, outcome.1, covered)
        }
    }

    private func endSync(_ error: PersistenceError?, _ nanoseconds: UInt64, _ covered: CommitTicket)
    {
        sync.isInFlight = false
        sync.syncs += 1
        sync.longest = max(sync.longest, nanoseconds)
        environment.measured("sqlite-sync", nanoseconds)
        if let error { return syncFailed(error) }
        raiseDurable(to: covered)
        // What is younger than the beginning of this sync: the bound is a little too strict.
        sync.dirtySince = durable >= sequence ? 0 : sync.lastBegin
        if isClosed { return }
        tellSettled()
        environment.progress(nil)
    }

    /// Everything up to `sequence` is on the platter.
    func raiseDurable(to sequence: CommitTicket) {
        durable = max(durable, sequence)
        released = max(released, durable)
        if durable >= self.sequence { sync.dirtySince = 0 }
    }

    private func syncFailed(_ error: PersistenceError) {
        environment.log.write(
            .warning,
            "Fail to fsync the database's log: \(SystemErrorText.text(error.errno)). It will be copied into the "
                + "database")
        health = .distrusted(error)
        lastRetryNanoseconds = lastTickNanoseconds
        failBarriers(error)
        tellSettled()
        environment.progress(sequence)
    }

    // MARK: Copying

    /// Has the log copied into the file once it is big.
    func copyLogIfDue() {
        let limit = settings.databaseLogLimitBytes
        // The next transaction may be as big as the biggest so far.
        if figures.logBytes + figures.largestGrowth >= limit, case .fine = health {
            environment.log.write(
                .warning,
                "The write-ahead log has grown to \(figures.logBytes) bytes: a reader in another program keeps it "
                    + "from being used again. Writes are refused until it ends")
            health = .logFull
            environment.progress(nil)
        }
        let now = environment.clock.monotonicNanoseconds
        // Near the limit the second isn't waited for: a small one would be reached within it.
        guard let copier, !sync.isCopying,
            figures.logBytes > WriteAheadLog.startBytes(limit: limit),
            now &- sync.lastCopyBegin >= 1_000_000_000 || figures.logBytes > limit / 2
        else { return }
        sync.isCopying = true
        sync.lastCopyBegin = now
        environment.runner.run(on: .cleanup) { () -> PersistenceError? in
            do throws(PersistenceError) {
                _ = try WriteAheadLog.copy(copier, .passive)
                return nil
            } catch {
                return error
            }
        } finish: { error in
            self.sync.isCopying = false
            self.sync.copies += 1
            if let error {
                // The log goes on growing, and it is tried again.
                self.environment.log.write(.warning, "The log can't be copied yet: \(error)")
            } else {
                self.sync.endsCopy = true
            }
        }
    }

    /// Copies all of the log and cuts it; then writes are taken again.
    func emptyLog() {
        guard let store else { return }
        isBusy = true
        let covered = written
        environment.runner.run(on: .sync) { () -> (isDone: Bool, error: PersistenceError?) in
            do throws(PersistenceError) {
                try store.setFull(true)
                return (try WriteAheadLog.copy(store.connection, .truncate), nil)
            } catch {
                return (false, error)
            }
        } finish: { outcome in
            self.isBusy = false
            if outcome.isDone {
                self.figures.logBytes = 0
                self.raiseDurable(to: covered)
                self.healed()
            }
            if self.isClosed { return }
            if outcome.isDone { self.launch() }
            self.tellSettled()
            self.environment.progress(nil)
        }
    }

    // MARK: Settling

    /// Makes all that was committed durable now.
    public func settle(_ finish: @escaping (PersistenceError?) -> Void) {
        settling.append((sequence, finish))
        launch()
        environment.runner.later { self.tellSettled() }
    }

    /// Tells those whose sequence is durable, or can't be made so.
    func tellSettled() {
        if settling.isEmpty { return }
        var failure: PersistenceError?
        switch health {
        case .fine, .logFull: break
        case .failing(let error), .distrusted(let error), .outsider(let error): failure = error
        }
        let waiting = settling
        settling = []
        for one in waiting {
            if one.through <= durable {
                one.finish(nil)
            } else if let failure {
                one.finish(failure)
            } else {
                settling.append(one)
            }
        }
        if settling.contains(where: { $0.through <= written }) { beginSync() }
    }
}
