/// COMMAND DOCS [command-name [command-name ...]]
///
/// What the documentation says of each command: a map by name of maps (summary, since, group, complexity,
/// arguments, subcommands, ...). O(commands). Names that are none are left out. `redis-cli` takes its
/// hints from here.
import Bytes
import RESP

enum CommandDocsCommand {
    static var spec: CommandSpec {
        CommandCommand.subcommand(
            "docs", arity: -2, since: "7.0.0",
            summary: "Returns documentary information about one, several or all commands.",
            complexity: "O(N) where N is the number of commands to look up",
            syntax: "[command-name [command-name ...]]", isOrdered: false
        ) { engine, _, arguments, reply throws(CommandError) in
            let names = arguments.dropFirst(2)
            let commands =
                names.isEmpty
                ? engine.commands.all
                : names.compactMap { engine.commands.find(fullName: $0) }
            reply.map(commands.count)
            for command in commands {
                reply.bulk(text: command.fullName)
                reply.documentation(of: command)
            }
        }
    }
}

extension ReplyWriter {
    /// One command's map of COMMAND DOCS.
    func documentation(of command: Command) {
        let spec = command.spec
        let arguments = CommandSyntax.arguments(of: command)
        var count = 4
        var flags: [String] = []
        if spec.deprecation != nil {
            flags.append("deprecated")
            count += 2
        }
        if spec.isInternal { flags.append("syscmd") }
        if !flags.isEmpty { count += 1 }
        if !arguments.isEmpty { count += 1 }
        if !command.subcommands.isEmpty { count += 1 }
        map(count)
        pair("summary", spec.summary)
        pair("since", spec.since)
        pair("group", spec.group.rawValue)
        pair("complexity", spec.complexity)
        if !flags.isEmpty {
            bulk(text: "doc_flags")
            words(flags)
        }
        if let deprecation = spec.deprecation {
            pair("deprecated_since", deprecation.since)
            pair("replaced_by", deprecation.replacement)
        }
        if !arguments.isEmpty {
            bulk(text: "arguments")
            array(arguments.count)
            for argument in arguments { self.argument(argument) }
        }
        if !command.subcommands.isEmpty {
            bulk(text: "subcommands")
            map(command.subcommands.count)
            for child in command.orderedSubcommands {
                bulk(text: child.fullName)
                documentation(of: child)
            }
        }
    }

    private func argument(_ argument: CommandArgument) {
        let flags = argument.flags
        var count = 2
        for isThere in [
            argument.keySpecification != nil, argument.token != nil, !flags.isEmpty,
            !argument.children.isEmpty,
        ] where isThere { count += 1 }
        map(count)
        pair("name", argument.name)
        pair("type", argument.kind.rawValue)
        if let index = argument.keySpecification {
            bulk(text: "key_spec_index")
            integer(index)
        }
        if let token = argument.token { pair("token", token) }
        if !flags.isEmpty {
            bulk(text: "flags")
            words(flags)
        }
        if !argument.children.isEmpty {
            bulk(text: "arguments")
            array(argument.children.count)
            for child in argument.children { self.argument(child) }
        }
    }

    private func pair(_ name: String, _ value: String) {
        bulk(text: name)
        bulk(text: value)
    }
}
