/// QUIT and RESET
///
/// QUIT closes the connection once its reply is out; RESET puts it back to how it began. O(1).
import Bytes
import Engine
import RESP

extension Server {
    func quitCommand() -> CommandSpec {
        CommandSpec(
            "quit", arity: -1,
            [
                .noscript, .loading, .stale, .fast, .noAuth, .allowBusy, .notQueued,
                .whileSubscribed,
            ],
            group: .connection, since: "1.0.0", summary: "Closes the connection."
        ) { _, session, _, reply throws(CommandError) in
            reply.ok()
            session.connection?.closeAfterReplies()
        }
    }

    func resetCommand() -> CommandSpec {
        CommandSpec(
            "reset", arity: 1,
            [
                .noscript, .loading, .stale, .fast, .noAuth, .allowBusy, .notQueued,
                .whileSubscribed,
            ],
            group: .connection, since: "6.2.0", summary: "Resets the connection."
        ) { [unowned self] engine, session, _, reply throws(CommandError) in
            engine.resetSession(session)
            engine.enterAsDefault(session)
            if let connection = session.connection as? Connection {
                connection.replyMode = .on
                subscriptions.unsubscribeAll(connection)
                disableTracking(connection)
                if monitors.removeValue(forKey: session.id) != nil { updateMonitor() }
            }
            reply.version = 2
            reply.simple("RESET")
        }
    }
}
