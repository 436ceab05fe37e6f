/// The HELP word of a container: the words it knows, as Redis lists them.
import Bytes
import Engine
import RESP

/// HELP of the container `name`; `lines` without those that every HELP has.
func helpWord(
    of name: String, group: CommandGroup, since: String, categories: [String]? = nil,
    _ lines: [String]
) -> CommandSpec {
    CommandSpec(
        "help", arity: 2, [.loading, .stale], group: group, since: since,
        summary: "Returns helpful text about the different subcommands.",
        categories: categories
    ) { _, _, _, reply throws(CommandError) in reply.help(name.uppercased(), lines) }
}
