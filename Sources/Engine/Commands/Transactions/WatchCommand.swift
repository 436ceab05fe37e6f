/// WATCH key [key ...]
///
/// Makes the next EXEC conditional: it does nothing if one of the keys changed or expired by then.
/// O(1) a key. Replies OK. Errors: within a transaction.
///
/// A key that is already past its deadline is deleted here and now, so that its disappearance is no
/// change that EXEC could see.
///
/// UNWATCH
///
/// Forgets all watches. O(1). Replies OK.

enum WatchCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "watch", arity: -2, [.noscript, .loading, .stale, .fast, .allowBusy, .notQueued],
            keys: [KeySpec(["RO"], last: -1)], group: .transactions, since: "2.2.0",
            summary: "Watches keys: the next transaction does nothing if one of them changes.",
            complexity: "O(1) for every key.", syntax: "key [key ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if session.isInTransaction { throw .watchInTransaction }
            if !session.isDirty {
                for index in 1..<arguments.count {
                    _ = engine.locate(arguments[index], session)
                    engine.watch(arguments[index], session)
                }
            }
            reply.ok()
        }
    }

    static var unwatch: CommandSpec {
        CommandSpec(
            "unwatch", arity: 1, [.noscript, .loading, .stale, .fast, .allowBusy],
            group: .transactions, since: "2.2.0", summary: "Forgets all watched keys."
        ) { engine, session, _, reply throws(CommandError) in
            engine.unwatch(session)
            reply.ok()
        }
    }
}

/// The family of transactions: one file a command (or a tight pair), one line here.
enum TransactionCommands {
    static var all: [CommandSpec] {
        [
            MultiCommand.spec, ExecCommand.spec, DiscardCommand.spec, WatchCommand.spec,
            WatchCommand.unwatch,
        ]
    }
}
