/// DISCARD
///
/// Forgets what was queued since MULTI, and all watches. O(N) in commands queued. Replies OK. Errors:
/// outside a transaction.

enum DiscardCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "discard", arity: 1, [.noscript, .loading, .stale, .fast, .allowBusy, .notQueued],
            group: .transactions, since: "2.0.0",
            summary: "Discards a transaction: nothing that was queued is executed.",
            complexity: "O(N), when N is the number of queued commands"
        ) { engine, session, _, reply throws(CommandError) in
            guard session.isInTransaction else { throw .withoutTransaction("DISCARD") }
            engine.discardTransaction(session)
            reply.ok()
        }
    }
}
