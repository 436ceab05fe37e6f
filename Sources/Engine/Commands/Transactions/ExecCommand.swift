/// EXEC
///
/// Executes what was queued since MULTI, as one unit that no other client's command interrupts and
/// that is recorded whole or not at all. Costs what the commands cost.
///
/// Replies an array of their replies; a null array where a watched key changed or expired since WATCH.
/// Errors: outside a transaction; EXECABORT where a command could not be queued, or where one of the
/// queue would now be refused (memory is full, the disk fails: Engine+Execute sees to that).

enum ExecCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "exec", arity: 1,
            [.noscript, .loading, .stale, .skipSlowlog, .notQueued, .runsQueue],
            group: .transactions, since: "1.2.0",
            summary: "Executes all commands of a transaction.",
            complexity: "Depends on commands in the transaction"
        ) { engine, session, _, reply throws(CommandError) in
            guard let transaction = session.transaction else { throw .withoutTransaction("EXEC") }
            let isDirty = session.isDirty || engine.hasExpiredWatch(session)
            if transaction.isAborted {
                engine.discardTransaction(session)
                throw .executionAborted
            }
            if isDirty {
                engine.discardTransaction(session)
                reply.nullArray()
                return
            }
            engine.runQueued(session, reply)
        }
    }
}
