/// ENGINE MIGRATE TO name | COMMIT | ROLLBACK | STATUS | HELP: changes how the data is kept, while the server runs
///
/// The same words follow PERSIST. Redis's PERSIST takes the name of one key, so a word that could be one (STATUS,
/// COMMIT, ROLLBACK) is ours only in capitals, and where the database has no key of that name; rights are asked
/// for as for ENGINE either way.
///
/// COMMIT and ROLLBACK reply when they are done; other clients are served meanwhile.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    func engineCommand() -> CommandSpec {
        CommandSpec(
            container: "engine", group: .server, since: "7.2.0",
            summary: "A container for commands that change how the data is kept.",
            subcommands: [
                engineWord(
                    "migrate", 4, "Changes the persistence engine of the running server.",
                    "TO engine",
                    complexity: "O(N) on other threads; writes wait for the switch at the end"
                ) { [unowned self] _, arguments, reply throws(CommandError) in
                    if !arguments[2].equalsIgnoringCase("to") { throw .syntaxError }
                    do throws(PersistenceError) {
                        try migrate(to: arguments[3].text.lowercased())
                    } catch {
                        throw CommandError("ERR \(error)")
                    }
                    reply.simple("Background migration started")
                },
                engineWord("commit", 2, "Gives up the engine that was in force before.") {
                    [unowned self] session, _, _ throws(CommandError) in
                    try finishMigration(session) { [unowned self] finish in
                        if let running = migration.running { return running.commitChange(finish) }
                        if engineChanger?.uncommitted != nil {
                            engineChanger?.commitRemains(finish)
                        } else {
                            finish(Self.noMigration)
                        }
                    }
                },
                engineWord("rollback", 2, "Returns to the engine that was in force before.") {
                    [unowned self] session, _, _ throws(CommandError) in
                    try finishMigration(session) { [unowned self] finish in
                        if let running = migration.running { return running.rollBack(finish) }
                        finish(engineChanger?.uncommitted.map(Self.tooLate) ?? Self.noMigration)
                    }
                },
                engineWord("status", 2, "Returns how far a change of engine is.") {
                    [unowned self] _, _, reply in writeMigrationStatus(reply)
                },
                helpWord(
                    of: "engine", group: .server, since: "7.2.0",
                    [
                        "MIGRATE TO <engine>",
                        "    Change how the data is kept, in the background; both engines record from then on.",
                        "COMMIT",
                        "    Give up the old engine and remove its files.",
                        "ROLLBACK",
                        "    Return to the old engine; nothing is lost.",
                        "STATUS",
                        "    Show the stage of the change, what was verified, and the engine in force.",
                    ]),
            ])
    }

    private static var noMigration: PersistenceError {
        PersistenceError(
            .conflict, "No change of engine is under way",
            remedy: "ENGINE MIGRATE TO name begins one")
    }

    private static func tooLate(_ file: MigrationFile) -> PersistenceError {
        PersistenceError(
            .conflict,
            "The server was restarted since the change from '\(file.from)' to '\(file.to)': the engine that "
                + "isn't in force has missed what was written",
            remedy: "PERSIST COMMIT, then PERSIST MIGRATE TO another engine")
    }

    private func engineWord(
        _ name: String, _ arity: Int, _ summary: String, _ syntax: String = "",
        complexity: String = "O(1)",
        _ handler:
            @escaping (Session, ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.admin, .noscript, .noMulti, .noAsyncLoading], group: .server,
            since: "7.2.0", summary: summary, complexity: complexity, syntax: syntax
        ) { _, session, arguments, reply throws(CommandError) in
            try handler(session, arguments, reply)
        }
    }

    private func finishMigration(
        _ session: Session, _ begin: (@escaping (PersistenceError?) -> Void) -> Void
    ) throws(CommandError) {
        let connection = try connection(session)
        connection.postpone()
        begin { error in
            connection.complete { reply in
                if let error { reply.error(Array("ERR \(error)".utf8)) } else { reply.ok() }
            }
        }
    }

    private func writeMigrationStatus(_ reply: ReplyWriter) {
        var fields: [(name: String, value: String)] = [
            ("engine", backend?.descriptor.name ?? "none")
        ]
        if let running = migration.running {
            fields += running.figures
        } else if let last = migration.last {
            fields += [("stage", last.outcome)] + last.figures.filter { $0.name != "stage" }
        } else if let file = engineChanger?.uncommitted {
            fields += [("stage", "uncommitted"), ("from", file.from), ("to", file.to)]
        } else {
            fields += [("stage", "none")]
        }
        reply.map(fields.count)
        for field in fields {
            reply.bulk(text: field.name)
            reply.bulk(text: field.value)
        }
    }
}
