/// Reads the notation in which Redis's documentation writes a command's syntax.
///
///     key value [NX | XX] [EX seconds | KEEPTTL]      alternatives, optional
///     key [key ...]                                    once or more
///     key value [key value ...]                        the same for a group
///     [FILTERBY <MODULE name | ACLCAT category>]       one of these, no less
///     [GET pattern [GET pattern ...]]                  repeated with its token
///     [GET field | SET field value ...]                any of these, any number of times
///
///     sequence     = item item ...
///     item         = word | "[" alternatives "]" | "<" alternatives ">"
///     alternatives = sequence "|" sequence ...
///
/// A word in capitals is a token: of the item behind it, or, where none follows, an argument of its own. The
/// type of an argument is told by its name, a key by its place.

/// The parser; one declaration's syntax is read once for each reply, which nobody asks for often.
struct CommandSyntax {
    /// The arguments of a command.
    static func arguments(of command: Command) -> [CommandArgument] {
        var parser = CommandSyntax(command.spec)
        var arguments = parser.sequence()
        var place: Int? = command.fullName.contains("|") ? 2 : 1
        for index in arguments.indices {
            markKeys(&arguments[index], command.spec.keys, &place)
        }
        return arguments
    }

    private let words: [String]
    private let command: CommandSpec
    private var next = 0

    private init(_ command: CommandSpec) {
        let text = command.syntax
        var spaced = ""
        for character in text {
            spaced += "[]<>|".contains(character) ? " \(character) " : String(character)
        }
        words = spaced.split(separator: " ").map(String.init)
        self.command = command
    }

    private var word: String? { next < words.count ? words[next] : nil }

    /// Items up to the end of the enclosing group.
    private mutating func sequence() -> [CommandArgument] {
        var items: [CommandArgument] = []
        while let word, !["]", ">", "|", "..."].contains(word) {
            if word == "[", let (count, repeatsToken) = repetition(of: items) {
                let repeated = items.suffix(count)
                var item = repeated.first.map { $0 }
                if count > 1 { item = .group(Array(repeated), .block) }
                items.removeLast(count)
                if var item {
                    item.isMultiple = true
                    item.repeatsToken = count == 1 && repeatsToken
                    items.append(item)
                }
            } else {
                items.append(item())
            }
        }
        return items
    }

    /// Reads `[a b ...]` where `a b` are the last items: how many they are, and whether the token before
    /// them comes again. Reads nothing where it isn't so.
    private mutating func repetition(of items: [CommandArgument]) -> (Int, Bool)? {
        let start = next
        next += 1
        var repeated: [CommandArgument] = []
        while let word, word != "]", word != "|", word != "[", word != "<", word != "..." {
            repeated.append(item())
        }
        if word == "...", !repeated.isEmpty, repeated.count <= items.count,
            zip(items.suffix(repeated.count), repeated).allSatisfy({ item, again in
                item.isSpelled(as: again) || again.token == nil && item.name == again.name
            })
        {
            next += 2
            return (repeated.count, repeated.first?.token != nil)
        }
        next = start
        return nil
    }

    private mutating func item() -> CommandArgument {
        guard let word else { return CommandArgument(name: "", kind: .string) }
        next += 1
        if word == "[" || word == "<" {
            var group = alternatives()
            group.isOptional = word == "["
            return group
        }
        guard CommandSyntax.isToken(word) else {
            return CommandArgument(name: word, kind: kind(of: word))
        }
        if let follower = self.word, follower == "<" || !"[]>|".contains(follower),
            !CommandSyntax.isToken(follower), follower != "..."
        {
            var argument = item()
            argument.token = word
            return argument
        }
        return CommandArgument(name: word.lowercased(), kind: .pureToken, token: word)
    }

    /// What stands between brackets; the closing one is read too.
    private mutating func alternatives() -> CommandArgument {
        var choices: [CommandArgument] = []
        var isMultiple = false
        while true {
            var items = sequence()
            if items.count > 1, let token = items[0].token, items[0].kind != .pureToken,
                items.dropFirst().allSatisfy({ $0.token == nil })
            {
                // A token before several words is that of all of them.
                items[0].token = nil
                items = [.group(items, .block)]
                items[0].token = token
            }
            choices.append(items.count == 1 ? items[0] : .group(items, .block))
            if word == "..." {
                isMultiple = true
                next += 1
            }
            let end = word
            next += 1
            if end != "|" { break }
        }
        var all = choices.count == 1 ? choices[0] : .group(choices, .oneOf)
        if isMultiple { all.isMultiple = true }
        return all
    }

    private static func isToken(_ word: String) -> Bool {
        word.contains { $0.isUppercase } && !word.contains { $0.isLowercase }
    }

    private static let integers: Set<String> = [
        "seconds", "milliseconds", "offset", "start", "end", "stop", "count", "decrement", "index",
        "index1", "index2", "db", "destination-db", "cursor", "timeout", "port", "limit", "len",
        "min-match-len", "numkeys", "numreplicas", "numlocal", "ttl", "frequency", "protover",
        "client-id", "version", "rank", "num-matches", "weight",
        "bit",
    ]

    private static let doubles: Set<String> = [
        "longitude", "latitude", "radius", "width", "height",
    ]

    private func kind(of word: String) -> CommandArgument.Kind {
        if word == "increment" { return command.name.hasSuffix("float") ? .double : .integer }
        if word == "timeout" && command.flags.contains(.blocking) { return .double }
        if command.group == .bitmap && (word == "bit" || word == "value") { return .integer }
        if command.group == .sortedSet {
            if word == "min" || word == "max" { return takesScores ? .double : .string }
            // Indexes, scores or words, as the options say.
            if command.name == "zrange" && word != "offset" && word != "count" { return .string }
        }
        if CommandSyntax.integers.contains(word) { return .integer }
        if CommandSyntax.doubles.contains(word) { return .double }
        if word == "pattern" { return .pattern }
        if word.hasPrefix("unix-time") { return .unixTime }
        return .string
    }

    private var takesScores: Bool { command.name == "zcount" || command.name.hasSuffix("byscore") }

    /// Marks the arguments that stand where a key specification says keys are.
    ///
    /// - Parameter place: the argument's own; nil behind optional ones, where nobody knows.
    private static func markKeys(
        _ argument: inout CommandArgument, _ keys: [KeySpec], _ place: inout Int?
    ) {
        if argument.isOptional { place = nil }
        if !argument.children.isEmpty {
            for index in argument.children.indices {
                markKeys(&argument.children[index], keys, &place)
            }
        } else {
            if let place {
                argument.keySpecification = keys.firstIndex { $0.covers(place) }
            } else if ["key", "source", "destination"].contains(argument.name), !keys.isEmpty {
                argument.keySpecification = keys.count - 1
            }
            if argument.keySpecification != nil { argument.kind = .key }
            if let here = place { place = here + 1 }
        }
        if argument.isMultiple { place = nil }
    }
}

extension KeySpec {
    /// Whether the argument at `place` is one of the keys, as far as that doesn't depend on their number.
    func covers(_ place: Int) -> Bool {
        switch search {
        case .range: place >= first && (last < 0 || place <= last) && (place - first) % step == 0
        case .counted: place == first + 1
        case .behind, .unknown: false
        }
    }
}
