/// The path of one command: find it, check that it may run, queue or execute it, account for it.
import Bytes
import Persistence
import RESP
import Records

extension Engine {
    /// Executes one command; exactly one reply is appended to `reply`.
    public func execute(_ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter) {
        reply.version = session.version
        if let command = commands.find(arguments[0]), isPlain(command, session, arguments) {
            if session.lastCommand !== command { session.lastCommand = command }
            call(command, session, arguments, reply)
        } else {
            executeChecked(session, arguments, reply)
        }
        if !pendingExpiry.isEmpty { deleteExpired() }
        serveBlocked()
    }

    /// Whether nothing that `admit` asks for can stand in the way: most commands of most servers.
    @inline(__always)
    private func isPlain(_ command: Command, _ session: Session, _ arguments: ByteViews) -> Bool {
        if command.hasWords || session.transaction != nil || !session.isUnrestricted {
            return false
        }
        if isLoading || session.isSubscribed || session.isReplay { return false }
        if settings.maximumMemory > 0 || !command.accepts(argumentCount: arguments.count) {
            return false
        }
        return !command.flags.contains(.write) || backend?.refusal == nil
    }

    private func executeChecked(
        _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) {
        do {
            let command = try admit(session, arguments)
            session.lastCommand = command
            if session.transaction != nil && !command.flags.contains(.notQueued) {
                queue(command, arguments, session)
                reply.bytes.append("+QUEUED\r\n")
                return
            }
            call(command, session, arguments, reply)
        } catch {
            fail(error, session, arguments, reply)
        }
    }

    /// Executes a command of a log: as `execute`, without what only clients need (limits, figures).
    func executeReplayed(_ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter) {
        do throws(CommandError) {
            guard let command = commands.find(arguments[0]), !command.isContainer,
                command.accepts(argumentCount: arguments.count)
            else {
                execute(session, arguments, reply)
                return
            }
            if session.transaction != nil && !command.flags.contains(.notQueued) {
                queue(command, arguments, session)
                return
            }
            try command.handler(self, session, arguments, reply)
        } catch {
            reply.bytes.removeAll()
            reply.error(error.message)
        }
    }

    /// Finds the command and checks that it may run now.
    private func admit(
        _ session: Session, _ arguments: ByteViews
    ) throws(CommandError) -> Command {
        guard let found = commands.find(arguments[0]) else {
            throw .unknownCommand(arguments)
        }
        var command = found
        if found.isContainer && arguments.count > 1 {
            if let child = found.subcommands[arguments[1].text.lowercased()] {
                command = child
            } else if !found.spec.takesOtherWords {
                throw .unknownSubcommand(arguments[1], of: found.spec.name)
            }
        } else if let words = found.sharedWords, arguments.count > 1,
            let word = sharedWord(of: words, session, arguments)
        {
            command = word
        }
        guard command.accepts(argumentCount: arguments.count) else {
            command.rejectedCalls += 1
            throw .wrongArity(command.fullName)
        }
        let flags = command.flags
        if flags.contains(.noMulti) && session.isInTransaction {
            throw CommandError("ERR Command not allowed inside a transaction")
        }
        if !session.isUnrestricted { try checkAccess(command, session, arguments) }
        if isLoading && !flags.contains(.loading) && !session.isReplay { throw .loading }
        try checkResources(command, session)
        if session.isSubscribed && session.version == 2 && !flags.contains(.whileSubscribed) {
            command.rejectedCalls += 1
            throw .subscribed(command.fullName)
        }
        return command
    }

    /// The word of a container that follows a command on one key: more arguments than that command takes, or a
    /// word in capitals that is no key here.
    private func sharedWord(
        of words: Command, _ session: Session, _ arguments: ByteViews
    ) -> Command? {
        let text = arguments[1].text
        guard let word = words.subcommands[text.lowercased()],
            word.accepts(argumentCount: arguments.count)
        else { return nil }
        if arguments.count > 2 { return word }
        if text != text.uppercased() || locate(arguments[1], session) != nil { return nil }
        return word
    }

    @inline(__always)
    private func checkResources(_ command: Command, _ session: Session) throws(CommandError) {
        if session.isReplay { return }
        var flags = command.flags
        if flags.contains(.runsQueue), let transaction = session.transaction {
            flags.formUnion(transaction.flags)
        }
        if settings.maximumMemory > 0 {
            let isOver = !evictIfNeeded()
            // A queue takes memory whatever is queued.
            let queueWouldGrow = session.isInTransaction && !flags.contains(.notQueued)
            if isOver && (flags.contains(.denyoom) || queueWouldGrow) {
                command.rejectedCalls += 1
                throw .outOfMemory
            }
        }
        if flags.contains(.write), let refusal = backend?.refusal {
            command.rejectedCalls += 1
            throw .misconfigured(refusal)
        }
    }

    /// Runs an admitted command and does the accounts.
    func call(
        _ command: Command, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) {
        let start = clockOfLastCommand
        let cpuStart = settings.tracksCommandCPU ? ThreadCPU.nanoseconds() : 0
        let mark = reply.bytes.count
        do {
            try command.handler(self, session, arguments, reply)
        } catch {
            reply.bytes.truncate(to: mark)
            command.failedCalls += 1
            countError(error)
            reply.error(error.message)
        }
        closeUnit()
        command.calls &+= 1
        statistics.commandsProcessed &+= 1
        if session.isReplay { return }
        if session.tracksReads && command.flags.contains(.readonly) {
            // What the command found expired goes first: the client has read that it is not there.
            if !pendingExpiry.isEmpty { deleteExpired() }
            onRead?(session, command, arguments)
        }
        let end = clock.monotonicNanoseconds
        clockOfLastCommand = end
        let elapsed = end &- start
        command.nanoseconds &+= elapsed
        if settings.tracksLatency { command.latency.add(elapsed) }
        if settings.tracksCommandCPU {
            let spent = ThreadCPU.nanoseconds() &- cpuStart
            statistics.maximumCommandCPU = max(statistics.maximumCommandCPU, spent)
        }
        if elapsed >= slowLog.thresholdNanoseconds && !command.flags.contains(.skipSlowlog) {
            slowLog.add(
                arguments, hiding: secrets(command, arguments), nanoseconds: elapsed, at: now,
                session: session, keeping: settings.slowlogLength)
        }
        if elapsed >= latencyThresholdNanoseconds { onSlowCommand(command, elapsed) }
        if let monitor, command.flags.isDisjoint(with: [.skipMonitor, .admin]) {
            monitor(session, arguments, secrets(command, arguments))
        }
    }

    /// Places of the arguments that nobody may read.
    private func secrets(_ command: Command, _ arguments: ByteViews) -> Set<Int> {
        command.flags.contains(.secrets) ? secretArguments(command, arguments) : []
    }

    /// Tells the engine that a batch of commands begins: time spent before belongs to none of them.
    @inline(__always)
    public func beginBatch() {
        clockOfLastCommand = clock.monotonicNanoseconds
        refreshTime()
        keyspace.collect()
    }

    private func fail(
        _ error: CommandError, _ session: Session, _ arguments: ByteViews, _ reply: ReplyWriter
    ) {
        var error = error
        if commands.find(arguments[0])?.flags.contains(.runsQueue) == true {
            discardTransaction(session)
            error = .executionAborted(because: error)
        } else if session.transaction != nil {
            // A command that can't be queued spoils its transaction.
            session.transaction?.isAborted = true
        }
        countError(error)
        reply.error(error.message)
    }

    /// Counts an error reply under its code.
    func countError(_ error: CommandError) {
        statistics.errorReplies += 1
        let code = String(decoding: error.message.prefix { $0 != 32 }, as: UTF8.self)
        if statistics.errors.count < 128 || statistics.errors[code] != nil {
            statistics.errors[code, default: 0] += 1
        }
    }

    // MARK: Units

    /// Records one change of the dataset.
    @inline(__always)
    public func record(_ mutation: Mutation, database: Int) {
        changes &+= 1
        guard let backend else { return }
        if !isUnitOpen {
            isUnitOpen = true
            backend.beginUnit()
        }
        backend.record(mutation, database: database)
    }

    @inline(__always)
    func closeUnit() {
        if isUnitOpen && !isInExec {
            isUnitOpen = false
            backend?.endUnit()
        }
    }
}
