/// PING [message] and ECHO message
///
/// PONG, or the message. O(1). The reply of a healthy connection. A RESP2 client that has subscribed gets an array
/// of `pong` and the message, as if it were one from a channel.
import Bytes
import Engine
import RESP

extension Server {
    func pingCommand() -> CommandSpec {
        CommandSpec(
            "ping", arity: -1, [.fast, .whileSubscribed], group: .connection, since: "1.0.0",
            summary: "Returns the server's liveliness response.", syntax: "[message]",
            tips: CommandTips.allShards
        ) { _, session, arguments, reply throws(CommandError) in
            if arguments.count > 2 {
                throw CommandError("ERR wrong number of arguments for 'ping' command")
            }
            if session.isSubscribed && session.version == 2 {
                reply.array(2)
                reply.bulk(ByteView("pong"))
                reply.bulk(arguments.count == 2 ? arguments[1] : .empty)
                return
            }
            if arguments.count == 2 { reply.bulk(arguments[1]) } else { reply.simple("PONG") }
        }
    }

    func echoCommand() -> CommandSpec {
        CommandSpec(
            "echo", arity: 2, [.loading, .stale, .fast], group: .connection, since: "1.0.0",
            summary: "Returns the given string.", syntax: "message"
        ) { _, _, arguments, reply throws(CommandError) in reply.bulk(arguments[1]) }
    }
}
