/// WAIT numreplicas timeout, WAITAOF numlocal numreplicas timeout
///
/// WAITAOF (Redis 7.2) replies once this client's writes are on the platter here, or the timeout is
/// over: [1 or 0, 0 replicas]. There are no replicas: WAIT replies 0.
import Bytes
import Engine
import Persistence
import RESP

/// A client that waits for its writes to be durable.
struct DurabilityWaiter {
    let connection: Connection
    let ticket: CommitTicket
    /// Monotonic end of the wait; nil: none.
    let end: UInt64?
    /// The reply, by whether the writes are durable.
    let reply: (ReplyWriter, Bool) -> Void
}

extension Server {
    func waitCommand() -> CommandSpec {
        CommandSpec(
            "wait", arity: 3, [.noscript], group: .generic, since: "3.0.0",
            summary:
                "Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.",
            syntax: "numreplicas timeout", tips: CommandTips.leastOfShards,
            categories: ["connection"]
        ) { [unowned self] engine, session, arguments, reply throws(CommandError) in
            guard let wanted = Decimal.parse(arguments[1]) else { throw .integerExpected }
            let end = try deadline(arguments[2])
            if wanted <= 0 || session.isInTransaction || engine.isExecuting {
                reply.integer(0)
                return
            }
            let connection = try connection(session)
            connection.postpone()
            durabilityWaiters.append(
                DurabilityWaiter(connection: connection, ticket: .max, end: end) { reply, _ in
                    reply.integer(0)
                })
        }
    }

    func waitaofCommand() -> CommandSpec {
        CommandSpec(
            "waitaof", arity: 4, [.noscript], group: .generic, since: "7.2.0",
            summary:
                "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.",
            syntax: "numlocal numreplicas timeout", tips: CommandTips.leastOfShards,
            categories: ["connection"]
        ) { [unowned self] engine, session, arguments, reply throws(CommandError) in
            guard let local = Decimal.parse(arguments[1]), (0...1).contains(local) else {
                throw CommandError("ERR value is out of range, must be between 0 and 1")
            }
            guard let replicas = Decimal.parse(arguments[2]), replicas >= 0 else {
                throw CommandError("ERR value is out of range, must be positive")
            }
            let end = try deadline(arguments[3])
            guard let backend, backend.descriptor.abilities.contains(.journal) else {
                if local > 0 {
                    throw CommandError(
                        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
                    )
                }
                reply.array(2)
                reply.integer(0)
                reply.integer(0)
                return
            }
            let connection = try connection(session)
            // What this batch wrote is in the next ticket.
            let ticket = connection.wroteInBatch ? backend.commit() : connection.lastWriteTicket
            let isDurable = backend.durable >= ticket
            if isDurable && replicas == 0 || local == 0 && replicas == 0 || engine.isExecuting {
                WaitReply.write(reply, isDurable)
                return
            }
            connection.postpone()
            durabilityWaiters.append(
                DurabilityWaiter(
                    connection: connection, ticket: replicas > 0 ? .max : ticket, end: end
                ) { [unowned self] reply, _ in
                    WaitReply.write(reply, (self.backend?.durable ?? 0) >= ticket)
                })
        }
    }

    private func deadline(_ text: ByteView) throws(CommandError) -> UInt64? {
        guard let milliseconds = Decimal.parse(text) else {
            throw CommandError("ERR timeout is not an integer or out of range")
        }
        if milliseconds < 0 { throw CommandError("ERR timeout is negative") }
        if milliseconds == 0 { return nil }
        let nanoseconds = UInt64(milliseconds).multipliedReportingOverflow(by: 1_000_000)
        let end = engine.clock.monotonicNanoseconds.addingReportingOverflow(
            nanoseconds.partialValue)
        if nanoseconds.overflow || end.overflow {
            throw CommandError("ERR timeout is out of range")
        }
        return end.partialValue
    }

    /// Replies to those whose writes are durable now, or whose time is over.
    func checkDurabilityWaiters() {
        if durabilityWaiters.isEmpty { return }
        let now = engine.clock.monotonicNanoseconds
        let durable = backend?.durable ?? 0
        let waiting = durabilityWaiters
        durabilityWaiters = []
        for waiter in waiting {
            let isDurable = waiter.ticket <= durable
            if isDurable || waiter.end.map({ $0 <= now }) == true {
                waiter.connection.complete { waiter.reply($0, isDurable) }
            } else {
                durabilityWaiters.append(waiter)
            }
        }
    }
}

/// WAITAOF's reply.
private enum WaitReply {
    static func write(_ reply: ReplyWriter, _ isDurable: Bool) {
        reply.array(2)
        reply.integer(isDurable ? 1 : 0)
        reply.integer(0)
    }
}
