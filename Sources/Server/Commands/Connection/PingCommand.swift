/// PING [message] and ECHO message
///
/// PONG, or the message. O(1). The reply of a healthy connection.
import Bytes
import Engine
import RESP

extension Server {
    func pingCommand() -> CommandSpec {
        CommandSpec(
            "ping", arity: -1, [.fast], group: .connection, since: "1.0.0",
            summary: "Returns the server's liveliness response.", syntax: "[message]",
            tips: CommandTips.allShards
        ) { _, _, arguments, reply throws(CommandError) in
            if arguments.count > 2 {
                throw CommandError("ERR wrong number of arguments for 'ping' command")
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
