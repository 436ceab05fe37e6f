/// COMMAND INFO [command-name [command-name ...]]
///
/// Ten facts about each command: name, arity, flags, first key, last key, step, ACL categories, tips, key
/// specifications, subcommands (each of the same ten). O(commands). Replies nil for a name that is
/// none; a subcommand is named `container|sub`.
import Bytes
import RESP

enum CommandInfoCommand {
    static var spec: CommandSpec {
        CommandCommand.subcommand(
            "info", arity: -2, since: "2.8.13",
            summary: "Returns information about one, several or all commands.",
            complexity: "O(N) where N is the number of commands to look up",
            syntax: "[command-name [command-name ...]]", isOrdered: false
        ) { engine, _, arguments, reply throws(CommandError) in
            let names = arguments.dropFirst(2)
            if names.isEmpty {
                reply.array(engine.commands.all.count)
                for command in engine.commands.all { reply.information(of: command) }
                return
            }
            reply.array(names.count)
            for name in names {
                if let command = engine.commands.find(fullName: name) {
                    reply.information(of: command)
                } else {
                    reply.null()
                }
            }
        }
    }
}

extension CommandTable {
    /// The command of this name, a subcommand as `container|sub`; in any case.
    func find(fullName: ByteView) -> Command? {
        var end = 0
        while end < fullName.count && fullName[end] != UInt8(ascii: "|") { end += 1 }
        guard let command = find(fullName[0..<end]) else { return nil }
        if end == fullName.count { return command }
        return command.subcommands[fullName.dropFirst(end + 1).text.lowercased()]
    }

    /// The command that these words would execute; nil where a container lacks the word.
    func find(words: ByteViews) -> Command? {
        guard words.count > 0, let command = find(words[0]) else { return nil }
        if !command.isContainer || words.count == 1 { return command }
        return command.subcommands[words[1].text.lowercased()]
    }
}

extension Command {
    /// First key, last key and step over all key specifications: what clients knew before Redis 7.
    var keyRange: (first: Int, last: Int, step: Int) {
        let ranges = spec.keys.filter { $0.search == .range }
        guard let first = ranges.first else { return (0, 0, 0) }
        if ranges.count == 1 { return (first.first, first.last, first.step) }
        // Several specifications are one range where they follow one another.
        let last = ranges.contains { $0.last < 0 } ? -1 : ranges.map(\.last).max() ?? 0
        return (ranges.map(\.first).min() ?? 0, last, 1)
    }

    /// Subcommands by name, so that replies are the same every time.
    var orderedSubcommands: [Command] {
        subcommands.values.sorted { $0.fullName < $1.fullName }
    }
}

extension ReplyWriter {
    /// The ten facts of COMMAND INFO.
    func information(of command: Command) {
        array(10)
        bulk(text: command.fullName)
        integer(command.spec.arity)
        words(CommandFlags.names.filter { command.flags.contains($0.0) }.map(\.1))
        let range = command.keyRange
        integer(range.first)
        integer(range.last)
        integer(range.step)
        words(ACLCategory.names(of: command).map { "@" + $0 })
        set(command.spec.tips.count)
        for tip in command.spec.tips { bulk(text: tip) }
        set(command.spec.keys.count)
        for spec in command.spec.keys { keySpecification(spec) }
        // As Redis writes them: a set where there are none, an array where there are.
        command.subcommands.isEmpty ? set(0) : array(command.subcommands.count)
        for child in command.orderedSubcommands { information(of: child) }
    }

    /// A set of simple strings.
    func words(_ words: [String]) {
        set(words.count)
        for word in words { simple(text: word) }
    }

    private func keySpecification(_ spec: KeySpec) {
        map(spec.notes == nil ? 3 : 4)
        if let notes = spec.notes {
            bulk(text: "notes")
            bulk(text: notes)
        }
        bulk(text: "flags")
        words(spec.flags)
        bulk(text: "begin_search")
        switch spec.search {
        case .range, .counted: method("index", [("index", .number(spec.first))])
        case .behind(let word, _):
            method(
                "keyword",
                [("keyword", .word(word.uppercased())), ("startfrom", .number(spec.first))])
        case .unknown: method("unknown", [])
        }
        bulk(text: "find_keys")
        switch spec.search {
        case .range:
            // A last key counted from the front is told from the first key on.
            let last = spec.last < 0 ? spec.last : spec.last - spec.first
            range(last, step: spec.step, limit: 0)
        case .behind(_, let limit): range(spec.last, step: spec.step, limit: limit)
        case .counted:
            method(
                "keynum",
                [
                    ("keynumidx", .number(0)), ("firstkey", .number(1)),
                    ("keystep", .number(spec.step)),
                ]
            )
        case .unknown: method("unknown", [])
        }
    }

    private func range(_ last: Int, step: Int, limit: Int) {
        method(
            "range",
            [("lastkey", .number(last)), ("keystep", .number(step)), ("limit", .number(limit))])
    }

    private enum Fact {
        case number(Int)
        case word(String)
    }

    private func method(_ type: String, _ fields: [(String, Fact)]) {
        map(2)
        bulk(text: "type")
        bulk(text: type)
        bulk(text: "spec")
        map(fields.count)
        for (name, value) in fields {
            bulk(text: name)
            switch value {
            case .number(let number): integer(number)
            case .word(let word): bulk(text: word)
            }
        }
    }
}
