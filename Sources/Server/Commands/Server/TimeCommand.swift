/// TIME, ROLE, LOLWUT, REPLICAOF, ACL WHOAMI, FUNCTION
///
/// Small answers that clients expect of any server.
import Bytes
import Engine
import RESP

extension Server {
    func timeCommand() -> CommandSpec {
        CommandSpec(
            "time", arity: 1, [.loading, .stale, .fast], group: .server, since: "2.6.0",
            summary: "Returns the server time."
        ) { engine, _, _, reply throws(CommandError) in
            let now = engine.clock.now.millisecondsSinceEpoch
            reply.array(2)
            reply.bulk(decimal: now / 1000)
            reply.bulk(decimal: now % 1000 * 1000)
        }
    }

    func roleCommand() -> CommandSpec {
        CommandSpec(
            "role", arity: 1, [.noscript, .loading, .stale, .fast], group: .server,
            since: "2.8.12", summary: "Returns the replication role."
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
            name, arity: 3, [.admin, .noscript, .stale], group: .server, since: "1.0.0",
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

    func aclCommand() -> CommandSpec {
        CommandSpec(
            container: "acl", group: .server, since: "6.0.0",
            summary: "A container for Access List Control commands.",
            subcommands: [
                CommandSpec(
                    "whoami", arity: 2, [.noscript, .loading, .stale], group: .server,
                    since: "6.0.0",
                    summary: "Returns the authenticated username of the current connection."
                ) { _, _, _, reply throws(CommandError) in reply.bulk(ByteView("default")) }
            ])
    }

    /// There are no functions yet: FLUSH has nothing to do, LIST nothing to list.
    func functionCommand() -> CommandSpec {
        CommandSpec(
            container: "function", group: .scripting, since: "7.0.0",
            summary: "A container for function commands.",
            subcommands: [
                CommandSpec(
                    "flush", arity: -2, [.noscript, .write], group: .scripting, since: "7.0.0",
                    summary: "Deletes all libraries and functions.", syntax: "[ASYNC | SYNC]"
                ) { _, _, arguments, reply throws(CommandError) in
                    if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "function") }
                    if arguments.count == 3 && !arguments[2].equalsIgnoringCase("async")
                        && !arguments[2].equalsIgnoringCase("sync")
                    {
                        throw CommandError(
                            "ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
                    }
                    reply.ok()
                },
                CommandSpec(
                    "list", arity: -2, [.noscript], group: .scripting, since: "7.0.0",
                    summary: "Returns information about all libraries.",
                    syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]"
                ) { _, _, arguments, reply throws(CommandError) in
                    try checkFunctionList(arguments)
                    reply.array(0)
                },
            ])
    }
}

/// Checks the words of FUNCTION LIST, each of which may come once.
private func checkFunctionList(_ arguments: ByteViews) throws(CommandError) {
    var hasCode = false
    var hasName = false
    var index = 2
    while index < arguments.count {
        let word = arguments[index]
        if !hasCode && word.equalsIgnoringCase("withcode") {
            hasCode = true
        } else if !hasName && word.equalsIgnoringCase("libraryname") {
            guard index + 1 < arguments.count else {
                throw CommandError("ERR library name argument was not given")
            }
            hasName = true
            index += 1
        } else {
            throw CommandError(
                bytes: Array("ERR Unknown argument ".utf8) + CommandError.shown(word))
        }
        index += 1
    }
}
