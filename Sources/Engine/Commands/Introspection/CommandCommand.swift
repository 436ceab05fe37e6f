/// COMMAND
/// COMMAND COUNT | HELP | DOCS | GETKEYS | GETKEYSANDFLAGS | INFO | LIST
///
/// What the server can do, answered from the declarations of the commands and from nothing else. Without a
/// word: INFO of everything. O(commands).
import Bytes
import RESP

enum CommandCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "command", arity: -1, [.loading, .stale], group: .server, since: "2.8.13",
            summary: "Returns detailed information about all commands.",
            complexity: "O(N) where N is the total number of Redis commands",
            tips: ["nondeterministic_output_order"], categories: ["connection"],
            subcommands: [
                count, CommandDocsCommand.spec, CommandGetKeysCommand.getKeys,
                CommandGetKeysCommand.getKeysAndFlags, help, CommandInfoCommand.spec,
                CommandListCommand.spec,
            ]
        ) { engine, _, _, reply throws(CommandError) in
            reply.array(engine.commands.all.count)
            for command in engine.commands.all { reply.information(of: command) }
        }
    }

    /// A subcommand of COMMAND: they have flags and category in common.
    static func subcommand(
        _ name: String, arity: Int, since: String, summary: String, complexity: String,
        syntax: String = "", isOrdered: Bool = true, handler: @escaping CommandHandler
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.loading, .stale], group: .server, since: since, summary: summary,
            complexity: complexity, syntax: syntax,
            tips: isOrdered ? [] : ["nondeterministic_output_order"],
            categories: ["connection"], handler: handler)
    }

    private static var count: CommandSpec {
        subcommand(
            "count", arity: 2, since: "2.8.13", summary: "Returns how many commands there are.",
            complexity: "O(1)"
        ) { engine, _, _, reply throws(CommandError) in
            reply.integer(engine.commands.all.count)
        }
    }

    private static var help: CommandSpec {
        subcommand(
            "help", arity: 2, since: "5.0.0",
            summary: "Returns helpful text about the different subcommands.", complexity: "O(1)"
        ) { _, _, _, reply throws(CommandError) in
            reply.help(
                "COMMAND",
                [
                    "(no subcommand)",
                    "    Return details about all Redis commands.",
                    "COUNT",
                    "    Return the total number of commands in this Redis server.",
                    "LIST",
                    "    Return a list of all commands in this Redis server.",
                    "INFO [<command-name> ...]",
                    "    Return details about multiple Redis commands.",
                    "    If no command names are given, documentation details for all",
                    "    commands are returned.",
                    "DOCS [<command-name> ...]",
                    "    Return documentation details about multiple Redis commands.",
                    "    If no command names are given, documentation details for all",
                    "    commands are returned.",
                    "GETKEYS <full-command>",
                    "    Return the keys from a full Redis command.",
                    "GETKEYSANDFLAGS <full-command>",
                    "    Return the keys and the access flags from a full Redis command.",
                ])
        }
    }
}
