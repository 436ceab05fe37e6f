/// The words that give and take the rights of a selector.
///
///     +get -get +config|get +select|0 +@read -@write allcommands nocommands     commands
///     ~app:* %R~app:* %W~app:* %RW~app:* allkeys resetkeys                      keys
///     &news.* allchannels resetchannels                                         channels
///
/// Words are carried out from left to right; a later one adds to or takes from what the earlier ones left.
import Bytes

extension AccessSelector {
    /// Carries one word out.
    ///
    /// - Throws: what is wrong with it; the rights may have changed halfway only where nobody keeps them.
    mutating func apply(
        _ word: ByteView, _ vocabulary: AccessVocabulary
    ) throws(AccessRuleError) {
        if word.equalsIgnoringCase("allkeys") || word == ByteView("~*") {
            allowsAllKeys = true
            keys = []
        } else if word.equalsIgnoringCase("resetkeys") {
            allowsAllKeys = false
            keys = []
        } else if word.equalsIgnoringCase("allchannels") || word == ByteView("&*") {
            allowsAllChannels = true
            channels = []
        } else if word.equalsIgnoringCase("resetchannels") {
            allowsAllChannels = false
            channels = []
        } else if word.equalsIgnoringCase("allcommands") || word.equalsIgnoringCase("+@all") {
            setAll(true)
        } else if word.equalsIgnoringCase("nocommands") || word.equalsIgnoringCase("-@all") {
            setAll(false)
        } else {
            try applyNamed(word, vocabulary)
        }
    }

    private mutating func applyNamed(
        _ word: ByteView, _ vocabulary: AccessVocabulary
    ) throws(AccessRuleError) {
        if word.isEmpty { throw .syntax }
        switch word[0] {
        case UInt8(ascii: "~"), UInt8(ascii: "%"): try addKeys(word)
        case UInt8(ascii: "&"): try addChannel(word.dropFirst(1))
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            let isAllowed = word[0] == UInt8(ascii: "+")
            if word.count > 1 && word[1] == UInt8(ascii: "@") {
                try setCategory(word.dropFirst(2), isAllowed, vocabulary)
            } else if isAllowed {
                try allow(word.dropFirst(1), vocabulary)
            } else {
                guard let command = vocabulary.find(word.dropFirst(1)) else { throw .unknownName }
                set(command, false)
            }
        default: throw .syntax
        }
    }

    // MARK: Keys and channels

    private mutating func addKeys(_ word: ByteView) throws(AccessRuleError) {
        if allowsAllKeys { throw .keysAfterAll }
        var access: KeyAccess = word[0] == UInt8(ascii: "~") ? .all : []
        var start = 1
        if access.isEmpty {
            flags: while start < word.count {
                let letter = word[start]
                start += 1
                switch letter {
                case UInt8(ascii: "R"), UInt8(ascii: "r"):
                    guard access.insert(.read).inserted else { throw .syntax }
                case UInt8(ascii: "W"), UInt8(ascii: "w"):
                    guard access.insert(.write).inserted else { throw .syntax }
                case UInt8(ascii: "~"): break flags
                default: throw .syntax
                }
            }
            if access.isEmpty { throw .syntax }
        }
        let pattern = try checked(word.dropFirst(start))
        if let old = keys.firstIndex(where: { $0.pattern == pattern }) {
            keys[old].access.formUnion(access)
        } else {
            keys.append(KeyPattern(pattern: pattern, access: access))
        }
    }

    private mutating func addChannel(_ word: ByteView) throws(AccessRuleError) {
        if allowsAllChannels { throw .channelsAfterAll }
        let pattern = try checked(word)
        if !channels.contains(pattern) { channels.append(pattern) }
    }

    private func checked(_ pattern: ByteView) throws(AccessRuleError) -> [UInt8] {
        if AccessControl.hasBlanks(pattern) { throw .syntax }
        return pattern.array
    }

    // MARK: Commands

    /// Allows or forbids all commands, those to come too.
    mutating func setAll(_ isAllowed: Bool) {
        commands = CommandSet(everything: isAllowed)
        firstArguments = [:]
    }

    /// Allows or forbids a command, a container with all its words.
    mutating func set(_ word: AccessWord, _ isAllowed: Bool) {
        commands.set(word.number, isAllowed)
        firstArguments[word.number] = nil
        for child in word.children { commands.set(child.number, isAllowed) }
    }

    /// Allows or forbids the commands of a category, one bit of `AccessWord.categories`.
    mutating func set(category: UInt32, _ isAllowed: Bool, _ words: [AccessWord]) {
        for word in words {
            if word.categories & category != 0 { set(word, isAllowed) }
            set(category: category, isAllowed, word.children)
        }
    }

    private mutating func setCategory(
        _ name: ByteView, _ isAllowed: Bool, _ vocabulary: AccessVocabulary
    ) throws(AccessRuleError) {
        guard let category = ACLCategory.bit(name) else { throw .unknownName }
        set(category: category, isAllowed, vocabulary.words)
    }

    /// `+get`, `+config|get`, and `+select|0`: a first argument, where the command has no words of its own.
    private mutating func allow(
        _ name: ByteView, _ vocabulary: AccessVocabulary
    ) throws(AccessRuleError) {
        guard let bar = (0..<name.count).last(where: { name[$0] == UInt8(ascii: "|") }) else {
            guard let command = vocabulary.find(name) else { throw .unknownName }
            set(command, true)
            return
        }
        let last = name.dropFirst(bar + 1)
        guard let command = vocabulary.find(name[0..<bar]) else { throw .unknownName }
        if command.isSubcommand { throw .argumentOfSubcommand }
        if last.isEmpty { throw .syntax }
        if command.children.isEmpty {
            allowArgument(last, of: command)
        } else {
            guard let child = vocabulary.find(name) else { throw .unknownName }
            set(child, true)
        }
    }

    private mutating func allowArgument(_ argument: ByteView, of command: AccessWord) {
        let known = firstArguments[command.number] ?? []
        let isKnown = known.contains {
            String(decoding: $0, as: UTF8.self).lowercased() == argument.text.lowercased()
        }
        if !isKnown { firstArguments[command.number] = known + [argument.array] }
    }
}
