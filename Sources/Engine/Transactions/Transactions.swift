/// MULTI's queue and WATCH's promise; the commands are in Commands/Transactions.
import Bytes
import RESP

extension Engine {
    /// Queues an admitted command behind MULTI.
    func queue(_ command: Command, _ arguments: ByteViews, _ session: Session) {
        let copies = arguments.arrays
        session.transaction?.bytes += copies.reduce(0) { $0 + $1.count }
        session.transaction?.flags.formUnion(command.flags)
        session.transaction?.queue.append(.init(command: command, arguments: copies))
    }

    /// Executes what was queued, as one unit; the reply is an array of the replies.
    func runQueued(_ session: Session, _ reply: ReplyWriter) {
        guard let transaction = session.transaction else { return }
        session.transaction = nil
        unwatch(session)
        reply.array(transaction.queue.count)
        isInExec = true
        for queued in transaction.queue {
            session.lastCommand = queued.command
            queued.arguments.withByteViews { views in
                reply.version = session.version
                if !session.isUnrestricted, let error = refusal(queued.command, session, views) {
                    countError(error)
                    reply.error(error.message)
                } else {
                    call(queued.command, session, views, reply)
                }
            }
        }
        isInExec = false
        closeUnit()
    }

    /// Why a queued command may not run any more, nil where it may.
    private func refusal(
        _ command: Command, _ session: Session, _ arguments: ByteViews
    ) -> CommandError? {
        do throws(CommandError) {
            try checkQueued(command, session, arguments)
            return nil
        } catch {
            return error
        }
    }

    /// Forgets what was queued, and the watches.
    public func discardTransaction(_ session: Session) {
        session.transaction = nil
        unwatch(session)
    }

    // MARK: WATCH

    /// Puts a key under watch for a session.
    func watch(_ key: ByteView, _ session: Session) {
        let watched = WatchedKey(database: session.database, key: key.array)
        if session.watched.contains(watched) { return }
        session.watched.append(watched)
        watchers[watched, default: [:]][ObjectIdentifier(session)] = WeakSession(session: session)
    }

    /// Forgets a session's watches; also when it disconnects.
    public func unwatch(_ session: Session) {
        for watched in session.watched {
            watchers[watched]?[ObjectIdentifier(session)] = nil
            if watchers[watched]?.isEmpty == true { watchers[watched] = nil }
        }
        session.watched.removeAll()
        session.isDirty = false
    }

    /// Marks those who watch the key.
    func touchWatched(_ key: ByteView, _ database: Int) {
        guard let sessions = watchers[WatchedKey(database: database, key: key.array)] else {
            return
        }
        for weak in sessions.values { weak.session?.isDirty = true }
    }

    /// A database was emptied or exchanged: marks those who watch a key that was, or now is, in it.
    ///
    /// - Parameter other: the database exchanged with; nil where it was emptied.
    func touchDatabase(_ database: Int, exchangedWith other: Int? = nil) {
        for (watched, sessions) in watchers where watched.database == database {
            let isAffected = watched.key.withByteView { key in
                let hash = heap.sip.hash(key)
                if keyspace.tables[database].find(key, hash: hash) != nil { return true }
                guard let other else { return false }
                return keyspace.tables[other].find(key, hash: hash) != nil
            }
            if isAffected { for weak in sessions.values { weak.session?.isDirty = true } }
        }
    }

    /// Whether a watched key has expired since (Redis treats that as a touch).
    func hasExpiredWatch(_ session: Session) -> Bool {
        session.watched.contains { watched in
            watched.key.withByteView { key in
                let table = keyspace.tables[watched.database]
                guard let entry = table.find(key, hash: heap.sip.hash(key)) else { return false }
                return isExpired(entry)
            }
        }
    }
}

extension Engine {
    /// Puts a session back to how it began: RESET.
    public func resetSession(_ session: Session) {
        session.transaction = nil
        unwatch(session)
        session.database = 0
        session.version = 2
        session.name = []
        session.leavesStamps = false
    }
}
