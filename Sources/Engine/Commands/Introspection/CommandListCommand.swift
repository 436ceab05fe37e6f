/// COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]
///
/// The names of all commands, subcommands included as `container|sub`, or of those that a filter lets
/// through. O(commands). There are no modules: their filter answers none. Errors: syntax.
import Bytes
import RESP

enum CommandListCommand {
    static var spec: CommandSpec {
        CommandCommand.subcommand(
            "list", arity: -2, since: "7.0.0", summary: "Returns the names of all commands.",
            complexity: "O(N) where N is the total number of Redis commands",
            syntax: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
            isOrdered: false
        ) { engine, _, arguments, reply throws(CommandError) in
            let filter = try Filter(arguments)
            let names = engine.commands.allWithSubcommands.filter(filter.passes).map(\.fullName)
            reply.array(names.count)
            for name in names { reply.bulk(text: name) }
        }
    }

    private enum Filter {
        case all
        case none
        case category(String)
        case pattern(ByteView)

        init(_ arguments: ByteViews) throws(CommandError) {
            if arguments.count == 2 {
                self = .all
                return
            }
            guard arguments.count == 5, arguments[2].equalsIgnoringCase("filterby") else {
                throw .syntax
            }
            if arguments[3].equalsIgnoringCase("module") {
                self = .none
            } else if arguments[3].equalsIgnoringCase("aclcat") {
                self = .category(arguments[4].text.lowercased())
            } else if arguments[3].equalsIgnoringCase("pattern") {
                self = .pattern(arguments[4])
            } else {
                throw .syntax
            }
        }

        func passes(_ command: Command) -> Bool {
            switch self {
            case .all: true
            case .none: false
            case .category(let name): ACLCategory.names(of: command).contains(name)
            case .pattern(let pattern):
                Array(command.fullName.utf8).withByteView {
                    GlobPattern.matches(pattern, $0, ignoringCase: true)
                }
            }
        }
    }
}

extension CommandTable {
    /// All commands, each followed by its subcommands.
    var allWithSubcommands: [Command] { all.flatMap { [$0] + $0.orderedSubcommands } }
}
