/// The commands that rules may name: those there are, under the names they were declared with, and Redis's that
/// this server doesn't have.
///
/// Rules are written for Redis: a file that says `-script` must mean the same and start the server whether or not
/// there is a SCRIPT to take away. So names of Redis 7.0's other commands are accepted, have numbers of
/// their own, and take part in categories. ACL CAT shows only what there is.

/// One command that a rule may name.
struct AccessWord {
    /// `get`, `config|set`.
    let name: String
    /// Its place in command sets.
    let number: Int
    /// Its categories, one bit each in the order of `ACLCategory.all`.
    let categories: UInt32
    /// Whether it is a word behind a container's name.
    let isSubcommand: Bool
    /// Whether this server has it.
    let isPresent: Bool
    /// Its subcommands, by name.
    fileprivate(set) var children: [AccessWord] = []
}

/// The names of commands in rules; see the file's header.
struct AccessVocabulary {
    /// Commands by name, subcommands below their containers.
    let words: [AccessWord]
    private let byName: [String: AccessWord]

    /// The vocabulary of these commands and the foreign ones.
    init(_ commands: [Command]) {
        var tops: [String: AccessWord] = [:]
        for command in commands {
            var word = AccessWord(command, isSubcommand: false)
            word.children = command.subcommands.values.map { AccessWord($0, isSubcommand: true) }
            tops[word.name] = word
        }
        for (place, foreign) in ForeignCommands.all.enumerated() {
            let parts = foreign.name.split(separator: "|").map(String.init)
            let word = AccessWord(
                name: foreign.name, number: ForeignCommands.firstNumber + place,
                categories: ACLCategory.bits(foreign.categories), isSubcommand: parts.count > 1,
                isPresent: false)
            if parts.count == 1 {
                if tops[foreign.name] == nil { tops[foreign.name] = word }
            } else if let parent = tops[parts[0]], parent.accepts(word) {
                tops[parts[0]]?.children.append(word)
            }
        }
        var named: [String: AccessWord] = [:]
        for name in tops.keys {
            tops[name]?.children.sort { $0.name < $1.name }
            guard let word = tops[name] else { continue }
            named[name] = word
            for child in word.children { named[child.name] = child }
        }
        words = tops.values.sorted { $0.name < $1.name }
        byName = named
    }

    /// The command of this name in any case, a subcommand as `container|sub`.
    func find(_ name: some Sequence<UInt8>) -> AccessWord? {
        byName[String(decoding: Array(name), as: UTF8.self).lowercased()]
    }
}

extension AccessWord {
    fileprivate init(_ command: Command, isSubcommand: Bool) {
        self.init(
            name: command.fullName, number: command.number,
            categories: ACLCategory.bits(ACLCategory.names(of: command)),
            isSubcommand: isSubcommand, isPresent: true)
    }

    /// Whether a foreign subcommand of this name is missing here.
    fileprivate func accepts(_ child: AccessWord) -> Bool {
        // A container that became a plain command has no words of its own any more.
        (!isPresent || !children.isEmpty) && !children.contains { $0.name == child.name }
    }
}
