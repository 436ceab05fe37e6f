/// The rights of a selector spelled as words that make them: ACL LIST, ACL GETUSER, files.
///
/// The words are canonical, not those that were given: the same rights are spelled the same way. Commands are
/// told as Redis 7.0 tells them: everything or nothing, then the categories that explain the most (and wrongly
/// the least) of what differs from that, best first, then single commands for the rest, by name.

extension AccessSelector {
    /// All words of it, without parentheses around them.
    ///
    /// - Parameter isQuoted: quotes in a word are escaped; what is in parentheses is split with them in mind.
    func description(_ vocabulary: AccessVocabulary, isQuoted: Bool = false) -> [UInt8] {
        var words: [[UInt8]] = allowsAllKeys ? [Array("~*".utf8)] : keys.map(\.word)
        words += allowsAllChannels ? [Array("&*".utf8)] : [Array("resetchannels".utf8)]
        words += channels.map { [UInt8(ascii: "&")] + $0 }
        if isQuoted { words = words.map(Self.quoted) }
        words.append(commandDescription(vocabulary))
        return Array(words.joined(separator: [32]))
    }

    private static func quoted(_ word: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard word.contains(quote) || word.contains(UInt8(ascii: "'")) else { return word }
        let escaped = word.flatMap { $0 == quote || $0 == 92 ? [92, $0] : [$0] }
        return [quote] + escaped + [quote]
    }

    /// The patterns of keys as words, a blank between them.
    var keyDescription: [UInt8] {
        allowsAllKeys ? Array("~*".utf8) : Array(keys.map(\.word).joined(separator: [32]))
    }

    /// The channels as words, a blank between them.
    var channelDescription: [UInt8] {
        if allowsAllChannels { return Array("&*".utf8) }
        return Array(channels.map { [UInt8(ascii: "&")] + $0 }.joined(separator: [32]))
    }

    /// The commands as words, a blank between them.
    func commandDescription(_ vocabulary: AccessVocabulary) -> [UInt8] {
        let startsWithAll = commands.includesOthers
        var told = AccessSelector(allChannels: false)
        told.setAll(startsWithAll)
        var text = Array((startsWithAll ? "+@all" : "-@all").utf8)
        var left = self
        var untold = Array(ACLCategory.all.indices)
        while let place = bestCategory(of: untold, in: left, !startsWithAll, vocabulary) {
            untold.removeAll { $0 == place }
            let sign = startsWithAll ? " -@" : " +@"
            text += Array((sign + ACLCategory.all[place]).utf8)
            told.set(category: 1 << UInt32(place), !startsWithAll, vocabulary.words)
            left.set(category: 1 << UInt32(place), startsWithAll, vocabulary.words)
        }
        tellSingle(vocabulary.words, &told, &text)
        return text
    }

    /// The category that names the most commands of `left` that are still to be told, while it names fewest others.
    private func bestCategory(
        of places: [Int], in left: AccessSelector, _ isAllowed: Bool, _ vocabulary: AccessVocabulary
    ) -> Int? {
        var best: (place: Int, right: Int, wrong: Int)?
        for place in places {
            var right = 0
            var wrong = 0
            left.count(1 << UInt32(place), vocabulary.words, isAllowed, &right, &wrong)
            guard right > wrong else { continue }
            if let best, wrong > best.wrong || wrong == best.wrong && right <= best.right {
                continue
            }
            best = (place, right, wrong)
        }
        return best?.place
    }

    private func count(
        _ category: UInt32, _ words: [AccessWord], _ isAllowed: Bool, _ right: inout Int,
        _ wrong: inout Int
    ) {
        for word in words {
            if word.categories & category != 0 {
                if commands.contains(word.number) == isAllowed { right += 1 } else { wrong += 1 }
            }
            count(category, word.children, isAllowed, &right, &wrong)
        }
    }

    /// Tells the commands of which the categories told so far give a wrong idea.
    private func tellSingle(
        _ words: [AccessWord], _ told: inout AccessSelector, _ text: inout [UInt8]
    ) {
        for word in words {
            let isAllowed = commands.contains(word.number)
            if isAllowed != told.commands.contains(word.number) {
                text += Array(((isAllowed ? " +" : " -") + word.name).utf8)
                told.set(word, isAllowed)
            }
            tellSingle(word.children, &told, &text)
            if isAllowed { continue }
            for argument in firstArguments[word.number] ?? [] {
                text += Array(" +\(word.name)|".utf8) + argument
            }
        }
    }
}
