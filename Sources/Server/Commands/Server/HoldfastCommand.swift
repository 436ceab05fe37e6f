/// HOLDFAST: what Redis has no word for.
///
/// WALK reads a frozen view of everything on a background thread and replies with the keys it met, when
/// it is done: how much a snapshot's reader disturbs the engine can be measured with it.
import Bytes
import Engine
import RESP

extension Server {
    func holdfastCommand() -> CommandSpec {
        CommandSpec(
            container: "holdfast", group: .server, since: "7.2.0",
            summary: "A container for commands that only Holdfast has.",
            subcommands: [
                digestCommand(), queryCommand(),
                helpWord(
                    of: "holdfast", group: .server, since: "7.2.0",
                    [
                        "DIGEST [DB <n>] [BUCKETS <level>]",
                        "    Answer the digest of all data, or of one database, as it is now. With BUCKETS",
                        "    also the parts it is made of: of 16^<level> buckets those with keys, 0 to 4.",
                        "SQL <select> [<value> ...]",
                        "    Ask the engine's database; each value takes the place of a '?'. Answers the",
                        "    columns' names, then the rows. Off unless 'sql-command yes'.",
                        "WALK",
                        "    Walk a frozen view of all data in the background.",
                    ]),
                CommandSpec(
                    "walk", arity: 2, [.admin, .noscript, .noMulti], group: .server, since: "7.2.0",
                    summary: "Walks a frozen view of all data in the background.",
                    complexity: "O(N) on another thread, O(1) on the engine's"
                ) { [unowned self] engine, session, _, _ throws(CommandError) in
                    let connection = try connection(session)
                    connection.postpone()
                    let view = engine.freeze()
                    runner.run(on: .checkpoint) { () -> (keys: Int, bytes: Int) in
                        var keys = 0
                        var bytes = 0
                        for database in 0..<view.databaseCount {
                            // A visitor that doesn't throw makes a walk that doesn't.
                            try? view.forEachEntry(database: database) { entry in
                                keys += 1
                                bytes += entry.key.count
                                if case .string(let value) = entry.value { bytes += value.count }
                            }
                        }
                        return (keys, bytes)
                    } finish: { result in
                        connection.complete { reply in
                            reply.array(2)
                            reply.integer(result.keys)
                            reply.integer(result.bytes)
                        }
                    }
                },
            ])
    }
}
