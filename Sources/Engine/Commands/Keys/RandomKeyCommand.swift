/// RANDOMKEY
///
/// A key, each as likely as any other; nil in an empty database. O(1).
import Bytes
import RESP

enum RandomKeyCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "randomkey", arity: 1, [.readonly], group: .generic, since: "1.0.0",
            summary: "Returns a random key name from the database.",
            tips: ["request_policy:all_shards", "nondeterministic_output"]
        ) { engine, session, _, reply throws(CommandError) in
            // Expired keys that are still there are passed over, for a while.
            for _ in 0..<100 {
                guard let entry = engine.table(session).randomEntry(using: &engine.random) else {
                    reply.null()
                    return
                }
                if session.isReplay || !engine.isExpired(entry) {
                    reply.bulk(entry.key)
                    return
                }
                // The look has it deleted after the command.
                _ = engine.peek(entry.key, session)
            }
            reply.null()
        }
    }
}
