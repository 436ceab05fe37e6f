/// DEBUG: behind `enable-debug-command`, as in Redis.
///
/// RELOAD and LOADAOF load the files into a fresh engine beside the live one and take its data over.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    func debugCommand() -> CommandSpec {
        let own = [
            CommandSpec(
                "reload", arity: -2, [.admin, .noscript, .loading, .stale], group: .server,
                since: "1.0.0", summary: "Saves the data and loads it back."
            ) { [unowned self] _, session, arguments, _ throws(CommandError) in
                var savesFirst = true
                for word in arguments.dropFirst(2) {
                    if word.equalsIgnoringCase("nosave") {
                        savesFirst = false
                    } else if word.equalsIgnoringCase("noflush") || word.equalsIgnoringCase("merge")
                    {
                        throw CommandError("ERR DEBUG RELOAD always replaces all data here")
                    } else {
                        throw CommandError(
                            "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
                    }
                }
                try reload(session, savesFirst: savesFirst)
            },
            CommandSpec(
                "loadaof", arity: -2, [.admin, .noscript, .loading, .stale], group: .server,
                since: "1.0.0", summary: "Loads the data back from the log."
            ) { [unowned self] _, session, _, _ throws(CommandError) in
                try reload(session, savesFirst: false)
            },
        ]
        var words: [String: CommandSpec] = [:]
        for spec in DebugSubcommands.all + own { words[spec.name] = spec }
        return CommandSpec(
            "debug", arity: -2, [.admin, .noscript, .loading, .stale], group: .server,
            since: "1.0.0", summary: "A container for debugging commands.",
            complexity: "Depends on subcommand."
        ) { [unowned self] engine, session, arguments, reply throws(CommandError) in
            let isLocal = try connection(session).info.isLocal
            guard configuration.settings.debugCommand.permits(isLocalClient: isLocal) else {
                throw CommandError(
                    "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                        + "\"local\", you can run it from a local connection, otherwise you need to "
                        + "set this option in the configuration file, and then restart the server.")
            }
            guard let word = words[arguments[1].text.lowercased()],
                word.arity >= 0 ? arguments.count == word.arity : arguments.count >= -word.arity
            else { throw .subcommandSyntax(arguments[1], of: "debug") }
            try word.handler(engine, session, arguments, reply)
        }
    }

    /// Loads what the backend has into a fresh engine and takes its data over; replies when done.
    private func reload(_ session: Session, savesFirst: Bool) throws(CommandError) {
        guard let reloadable = backend as? any ReloadableBackend else {
            throw CommandError("ERR Error trying to load the data: no files keep this dataset")
        }
        let connection = try connection(session)
        connection.postpone()
        let load = { [unowned self] in
            _ = reloadable.commit()
            let fresh = freshEngine()
            do throws(PersistenceError) {
                _ = try reloadable.reload(into: fresh.replayTarget())
                engine.adopt(fresh.keyspace)
                disposeElsewhere()
                connection.complete { $0.ok() }
            } catch {
                log.warning("Error trying to load the data: \(error)")
                connection.complete {
                    $0.error(Array("ERR Error trying to load the data, check server logs.".utf8))
                }
            }
        }
        guard savesFirst else { return load() }
        save { result in
            if case .failure(let error) = result {
                connection.complete { $0.error(Array("ERR \(error)".utf8)) }
            } else {
                load()
            }
        }
    }
}
