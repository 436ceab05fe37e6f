/// TTL, PTTL, EXPIRETIME and PEXPIRETIME key
///
/// How long a key has to live, or until when. O(1). Replies -2 where it is absent, -1 without a deadline.
import Bytes
import RESP
import Records

enum TTLCommands {
    static var ttl: CommandSpec {
        spec("ttl", "1.0.0", "Returns the expiration time in seconds of a key.") {
            (max(0, $0.millisecondsSinceEpoch &- $1.millisecondsSinceEpoch) &+ 500) / 1000
        }
    }
    static var pttl: CommandSpec {
        spec("pttl", "2.6.0", "Returns the expiration time in milliseconds of a key.") {
            max(0, $0.millisecondsSinceEpoch &- $1.millisecondsSinceEpoch)
        }
    }
    static var expiretime: CommandSpec {
        spec("expiretime", "7.0.0", "Returns the expiration time of a key as a Unix timestamp.") {
            deadline, _ in
            // No deadline is negative, and the far end of time rounds up beyond what is signed.
            Int64(UInt64(bitPattern: deadline.millisecondsSinceEpoch &+ 500) / 1000)
        }
    }
    static var pexpiretime: CommandSpec {
        spec(
            "pexpiretime", "7.0.0",
            "Returns the expiration time of a key as a Unix milliseconds timestamp."
        ) { deadline, _ in deadline.millisecondsSinceEpoch }
    }

    private static func spec(
        _ name: String, _ since: String, _ summary: String,
        _ answer: @escaping (_ deadline: Deadline, _ now: Deadline) -> Int64
    ) -> CommandSpec {
        CommandSpec(
            name, arity: 2, [.readonly, .fast], keys: [.read], group: .generic, since: since,
            summary: summary, syntax: "key",
            // What is left depends on when one asks.
            tips: name.hasSuffix("ttl") ? ["nondeterministic_output"] : []
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.read(arguments[1], session, stamps: false) else {
                reply.integer(-2)
                return
            }
            reply.integer(entry.deadline.map { Int(answer($0, engine.now)) } ?? -1)
        }
    }
}
