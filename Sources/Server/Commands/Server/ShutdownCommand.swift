/// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]
///
/// Ends the server with everything durable; there is no reply to a shutdown that happens. Errors: syntax, no
/// shutdown to abort, the disk refuses.
import Bytes
import Engine
import NIOCore
import RESP

extension Server {
    func shutdownCommand() -> CommandSpec {
        CommandSpec(
            "shutdown", arity: -1, [.admin, .noscript, .noMulti, .loading, .stale, .allowBusy],
            group: .server, since: "1.0.0",
            summary: "Synchronously saves the database(s) to disk and shuts down the server.",
            syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]"
        ) { [unowned self] _, session, arguments, reply throws(CommandError) in
            var state = ShutdownState()
            var isAbort = false
            for word in arguments.dropFirst(1) {
                if word.equalsIgnoringCase("nosave") {
                    state.noSave = true
                } else if word.equalsIgnoringCase("save") {
                    state.save = true
                } else if word.equalsIgnoringCase("now") {
                    state.now = true
                } else if word.equalsIgnoringCase("force") {
                    state.force = true
                } else if word.equalsIgnoringCase("abort") {
                    isAbort = true
                } else {
                    throw .syntaxError
                }
            }
            if state.noSave && state.save || isAbort && arguments.count > 2 { throw .syntaxError }
            if isAbort {
                guard shutdownState != nil else {
                    throw CommandError("ERR No shutdown in progress.")
                }
                abortShutdown()
                reply.ok()
                return
            }
            let connection = try connection(session)
            connection.postpone()
            state.whenAborted.append {
                connection.complete {
                    $0.error(
                        Array("ERR Errors trying to SHUTDOWN. Check logs.".utf8))
                }
            }
            let bound = NIOLoopBound((self, state), eventLoop: loop)
            loop.execute { bound.value.0.beginShutdown(bound.value.1) }
        }
    }
}
