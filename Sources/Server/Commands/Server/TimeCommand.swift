/// TIME, ROLE, LOLWUT, REPLICAOF, READONLY, READWRITE, ASKING
///
/// Small answers that clients expect of any server.
import Bytes
import Engine
import RESP

extension Server {
    func timeCommand() -> CommandSpec {
        CommandSpec(
            "time", arity: 1, [.loading, .stale, .fast], group: .server, since: "2.6.0",
            summary: "Returns the server time.", tips: CommandTips.varies
        ) { engine, _, _, reply throws(CommandError) in
            reply.array(2)
            let now = engine.clock.microsecondsSinceEpoch
            reply.bulk(decimal: now / 1_000_000)
            reply.bulk(decimal: now % 1_000_000)
        }
    }

    func roleCommand() -> CommandSpec {
        CommandSpec(
            "role", arity: 1, [.noscript, .loading, .stale, .fast], group: .server,
            since: "2.8.12", summary: "Returns the replication role.",
            categories: ["admin", "dangerous"]
        ) { _, _, _, reply throws(CommandError) in
            reply.array(3)
            reply.bulk(ByteView("master"))
            reply.integer(0)
            reply.array(0)
        }
    }

    /// REPLICAOF NO ONE is true already; anything else is refused: there is no replication yet.
    func replicaofCommand(_ name: String) -> CommandSpec {
        CommandSpec(
            name, arity: 3, [.admin, .noscript, .stale, .noAsyncLoading], group: .server,
            since: "1.0.0",
            summary: "Configures a server as replica of another, or promotes it to a master.",
            syntax: "<host port | NO ONE>"
        ) { _, _, arguments, reply throws(CommandError) in
            guard arguments[1].equalsIgnoringCase("no"), arguments[2].equalsIgnoringCase("one")
            else { throw CommandError("ERR replication is not supported by this server") }
            reply.ok()
        }
    }

    func lolwutCommand() -> CommandSpec {
        CommandSpec(
            "lolwut", arity: -1, [.readonly, .fast], group: .server, since: "5.0.0",
            summary: "Displays the version.", syntax: "[VERSION version]"
        ) { _, _, _, reply throws(CommandError) in
            reply.verbatim(
                Array(
                    "Holdfast ver. \(ServerVersion.holdfast) (Redis ver. \(ServerVersion.redis))\n"
                        .utf8))
        }
    }

    /// READONLY, READWRITE and ASKING: words of a cluster.
    func clusterWord(_ name: String, flags: CommandFlags, since: String) -> CommandSpec {
        CommandSpec(
            name, arity: 1, flags, group: .connection, since: since,
            summary: "Answers an error: this server is no part of a cluster."
        ) { _, _, _, _ throws(CommandError) in
            throw CommandError("ERR This instance has cluster support disabled")
        }
    }
}
