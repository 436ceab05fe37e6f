/// The commands that need the server around the engine: connections, configuration, saves, messages.
///
/// Handlers hold the server unowned: it owns the table they live in.
import Engine

extension Server {
    /// Their declarations.
    func serverCommands() -> [CommandSpec] {
        connectionCommands() + administrationCommands() + persistenceCommands()
            + subscriptionCommands() + [publishCommand(), shardPublishCommand(), pubsubCommand()]
    }

    private func connectionCommands() -> [CommandSpec] {
        [
            pingCommand(), echoCommand(), helloCommand(), authCommand(), quitCommand(),
            resetCommand(), clientCommand(),
            clusterWord("readonly", flags: [.loading, .stale, .fast], since: "3.0.0"),
            clusterWord("readwrite", flags: [.loading, .stale, .fast], since: "3.0.0"),
            clusterWord("asking", flags: .fast, since: "3.0.0"),
        ]
    }

    private func administrationCommands() -> [CommandSpec] {
        [
            infoCommand(), configCommand(), timeCommand(), slowlogCommand(), memoryCommand(),
            latencyCommand(), monitorCommand(), debugCommand(), roleCommand(),
            replicaofCommand("replicaof"), replicaofCommand("slaveof"), lolwutCommand(),
            aclCommand(), functionCommand(), holdfastCommand(),
        ]
    }

    private func persistenceCommands() -> [CommandSpec] {
        [
            engineCommand(), migrateCommand(), saveCommand(), bgsaveCommand(),
            bgrewriteaofCommand(),
            lastsaveCommand(), snapshotCommand(),
            waitCommand(), waitaofCommand(), shutdownCommand(),
        ]
    }

    /// The connection that a session's command came over.
    ///
    /// Every session of the server has one; only a replayed log's has none, and it runs no command
    /// of this folder.
    func connection(_ session: Session) throws(CommandError) -> Connection {
        guard let connection = session.connection as? Connection else {
            throw CommandError("ERR this command needs a connection")
        }
        return connection
    }
}
