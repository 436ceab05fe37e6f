/// SAVE, BGSAVE [SCHEDULE], BGREWRITEAOF, LASTSAVE
///
/// All are a checkpoint (Server+Save.swift). SAVE replies when it is done; other clients are served
/// meanwhile. Errors: one is in progress already; it failed.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    func saveCommand() -> CommandSpec {
        CommandSpec(
            "save", arity: 1, [.admin, .noscript, .noMulti, .noAsyncLoading], group: .server,
            since: "1.0.0",
            summary: "Saves the database to disk.",
            complexity: "O(N) where N is the total number of keys in all databases"
        ) { [unowned self] _, session, _, reply throws(CommandError) in
            if saveState.running == .save {
                throw CommandError("ERR Background save already in progress")
            }
            guard backend?.abilitiesIncludeCheckpoint == true else {
                reply.ok()
                return
            }
            let connection = try connection(session)
            connection.postpone()
            save { result in
                connection.complete { reply in
                    switch result {
                    case .success: reply.ok()
                    case .failure(let error): reply.error(Array("ERR \(error)".utf8))
                    }
                }
            }
        }
    }

    /// Saves everything as it is now; where a save or rewrite runs that was begun before, when it is done.
    func save(_ whenDone: @escaping (Result<CheckpointReport, PersistenceError>) -> Void) {
        if saveState.isRunning {
            saveState.whenDone.append { [unowned self] _ in save(whenDone) }
            return
        }
        do throws(PersistenceError) {
            try startCheckpoint(.save, whenDone)
        } catch {
            whenDone(.failure(error))
        }
    }

    func bgsaveCommand() -> CommandSpec {
        CommandSpec(
            "bgsave", arity: -1, [.admin, .noscript, .noAsyncLoading], group: .server,
            since: "1.0.0",
            summary: "Asynchronously saves the database(s) to disk.", syntax: "[SCHEDULE]"
        ) { [unowned self] engine, _, arguments, reply throws(CommandError) in
            let isScheduled = arguments.count == 2 && arguments[1].equalsIgnoringCase("schedule")
            if arguments.count > 2 || arguments.count == 2 && !isScheduled { throw .syntaxError }
            if saveState.running == .save {
                throw CommandError("ERR Background save already in progress")
            }
            if saveState.isRunning || engine.isExecuting {
                guard isScheduled || engine.isExecuting else {
                    throw CommandError(
                        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use "
                            + "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.")
                }
                saveState.scheduled.insert(.save)
                reply.simple("Background saving scheduled")
                return
            }
            try begin(.save)
            reply.simple("Background saving started")
        }
    }

    func bgrewriteaofCommand() -> CommandSpec {
        CommandSpec(
            "bgrewriteaof", arity: 1, [.admin, .noscript, .noAsyncLoading], group: .server,
            since: "1.0.0",
            summary: "Asynchronously rewrites the append-only file to disk."
        ) { [unowned self] engine, _, _, reply throws(CommandError) in
            if saveState.running == .rewrite {
                throw CommandError(
                    "ERR Background append only file rewriting already in progress")
            }
            if saveState.isRunning || engine.isExecuting {
                saveState.scheduled.insert(.rewrite)
                reply.simple("Background append only file rewriting scheduled")
                return
            }
            try begin(.rewrite)
            reply.simple("Background append only file rewriting started")
        }
    }

    private func begin(_ kind: SaveState.Kind) throws(CommandError) {
        guard backend?.abilitiesIncludeCheckpoint == true else { return }
        // There is nothing to rewrite where there is no log.
        if kind == .rewrite && savesSnapshots { return }
        do throws(PersistenceError) {
            try startCheckpoint(kind)
        } catch {
            throw CommandError("ERR \(error)")
        }
    }

    func lastsaveCommand() -> CommandSpec {
        CommandSpec(
            "lastsave", arity: 1, [.loading, .stale, .fast], group: .server, since: "1.0.0",
            summary: "Returns the Unix timestamp of the last successful save to disk.",
            tips: CommandTips.varies, categories: ["admin", "dangerous"]
        ) { [unowned self] _, _, _, reply throws(CommandError) in
            reply.integer(Int(saveState.lastSave.millisecondsSinceEpoch / 1000))
        }
    }
}

extension PersistenceBackend {
    /// Whether a checkpoint means anything to it.
    var abilitiesIncludeCheckpoint: Bool {
        !descriptor.abilities.isDisjoint(with: [.compaction, .snapshots])
    }
}
