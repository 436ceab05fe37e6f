/// MULTI
///
/// Begins a transaction: commands are queued until EXEC or DISCARD. O(1). Replies OK. Errors: within
/// a transaction (which goes on).

enum MultiCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "multi", arity: 1, [.noscript, .loading, .stale, .fast, .allowBusy, .notQueued],
            group: .transactions, since: "1.2.0",
            summary: "Starts a transaction: commands are queued until EXEC."
        ) { _, session, _, reply throws(CommandError) in
            if session.isInTransaction { throw .nestedTransaction }
            session.transaction = Transaction()
            reply.ok()
        }
    }
}
