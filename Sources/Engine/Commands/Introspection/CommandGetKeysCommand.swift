/// COMMAND GETKEYS command [arg ...]
/// COMMAND GETKEYSANDFLAGS command [arg ...]
///
/// The keys in a command that is not executed, with what would happen to each. O(arguments). Replies an
/// array of keys, or of pairs of a key and flags. Errors: no such command, one without keys, too few or
/// too many arguments.
import Bytes
import RESP

enum CommandGetKeysCommand {
    static var getKeys: CommandSpec {
        CommandCommand.subcommand(
            "getkeys", arity: -4, since: "2.8.13", summary: "Extracts the keys from a command.",
            complexity: complexity
        ) { engine, _, arguments, reply throws(CommandError) in
            let found = try keys(arguments.dropFirst(2), engine)
            reply.array(found.count)
            for key in found { reply.bulk(key.bytes) }
        }
    }

    static var getKeysAndFlags: CommandSpec {
        CommandCommand.subcommand(
            "getkeysandflags", arity: -4, since: "7.0.0",
            summary: "Extracts the keys from a command, with what would happen to them.",
            complexity: complexity
        ) { engine, _, arguments, reply throws(CommandError) in
            let found = try keys(arguments.dropFirst(2), engine)
            reply.array(found.count)
            for key in found {
                reply.array(2)
                reply.bulk(key.bytes)
                reply.words(key.flags)
            }
        }
    }

    private static let complexity = "O(N) where N is the number of arguments to the command"

    private static func keys(
        _ words: ByteViews, _ engine: Engine
    ) throws(CommandError) -> [(bytes: ByteView, flags: [String])] {
        guard let command = engine.commands.find(words: words) else { throw .invalidCommand }
        if command.spec.keys.isEmpty { throw .noKeyArguments }
        guard command.accepts(argumentCount: words.count) else { throw .invalidArgumentCount }
        var found: [(bytes: ByteView, flags: [String])] = []
        for spec in command.spec.keys {
            let flags = spec.flags(for: words)
            for place in spec.places(amongst: words.count) { found.append((words[place], flags)) }
        }
        if found.isEmpty { throw .invalidArguments }
        return found
    }
}

extension KeySpec {
    /// Where the keys are amongst `count` arguments.
    func places(amongst count: Int) -> [Int] {
        let end = last < 0 ? count + last : min(last, count - 1)
        return end < first ? [] : Array(stride(from: first, through: end, by: step))
    }

    /// What happens to the keys of a command with these arguments.
    func flags(for arguments: ByteViews) -> [String] {
        let isVaried =
            variant.map { variant in
                !arguments.dropFirst(3).contains { $0.text.lowercased() == variant.word }
            } ?? false
        let flags = isVaried ? variant?.flags ?? flags : flags
        return flags.filter { $0 != "variable_flags" }
    }
}
