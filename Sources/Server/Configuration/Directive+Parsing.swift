/// From words to a value, with the refusals worded as Redis words them.
import Bytes

extension Directive {
    /// The value that `words` (all behind the name) spell.
    ///
    /// - Parameters:
    ///   - previous: the value of the file's earlier lines of this directive, nil for the first and
    ///     for CONFIG SET: lines of `save` add up.
    ///   - current: the value in force, which a partial setting leaves in place elsewhere.
    func parse(
        _ words: [[UInt8]], previous: DirectiveValue?, current: DirectiveValue
    ) throws(ConfigurationRefusal) -> DirectiveValue {
        let words = apart(words)
        if case .special(let special) = form {
            return try special.parse(words, previous, current)
        }
        if case .choices(let names) = form { return try parseChoices(words, names) }
        guard words.count == 1 else { throw ConfigurationRefusal("wrong number of arguments") }
        return try parseWord(words[0])
    }

    /// The words that CONFIG SET's one argument stands for.
    func split(_ argument: [UInt8]) -> [[UInt8]] {
        guard traits.contains(.severalWords) else { return [argument] }
        if argument.isEmpty { return [] }
        return argument.split(separator: 32, omittingEmptySubsequences: false).map { Array($0) }
    }

    /// The words of a line; one word that holds several (`--save "900 1"`) stands for those.
    private func apart(_ words: [[UInt8]]) -> [[UInt8]] {
        guard traits.contains(.severalWords), words.count == 1, words[0].contains(32) else {
            return words
        }
        return words[0].split(separator: 32).map { Array($0) }
    }

    private func parseWord(_ word: [UInt8]) throws(ConfigurationRefusal) -> DirectiveValue {
        switch form {
        case .flag:
            return .flag(try parseFlag(word))
        case .choice(let names, let synonyms):
            return .choices([try parseChoice(word, names, synonyms)])
        case .integer(let range):
            guard let number = word.withByteView({ Decimal.parse($0) }) else {
                throw ConfigurationRefusal("argument couldn't be parsed into an integer")
            }
            try requireWithin(range, number, radix: 10)
            return .integer(number)
        case .octal(let range):
            guard let number = NumberText.lenient(word, radix: 8) else {
                throw ConfigurationRefusal("argument couldn't be parsed as an octal number")
            }
            try requireWithin(range, number, radix: 8)
            return .octal(number)
        case .memory(let range):
            guard let bytes = NumberText.memory(word) else {
                throw ConfigurationRefusal("argument must be a memory value")
            }
            try requireWithin(range, bytes, radix: 10)
            return .memory(bytes)
        case .memoryOrPercent:
            return try parseMemoryOrPercent(word)
        case .text(let emptyIsAbsent):
            return emptyIsAbsent && word.isEmpty ? .absent : .text(word)
        case .choices, .special:
            preconditionFailure("parsed from all words")
        }
    }

    private func parseFlag(_ word: [UInt8]) throws(ConfigurationRefusal) -> Bool {
        switch String(decoding: word, as: UTF8.self).lowercased() {
        case "yes": true
        case "no": false
        default: throw ConfigurationRefusal("argument must be 'yes' or 'no'")
        }
    }

    private func parseChoice(
        _ word: [UInt8], _ names: [String], _ synonyms: [String: String]
    ) throws(ConfigurationRefusal) -> String {
        let lowered = String(decoding: word, as: UTF8.self).lowercased()
        if let meant = synonyms[lowered] { return meant }
        guard names.contains(lowered) else { throw unknownChoice(names, synonyms) }
        return lowered
    }

    private func parseChoices(
        _ words: [[UInt8]], _ names: [String]
    ) throws(ConfigurationRefusal) -> DirectiveValue {
        var chosen: Set<String> = []
        for word in words { chosen.insert(try parseChoice(word, names, [:])) }
        // The order is the set's own, whatever the user's was; the neutral word shows only alone.
        let ordered = names.dropFirst().filter(chosen.contains)
        if ordered.isEmpty && chosen.isEmpty { throw unknownChoice(names, [:]) }
        return .choices(ordered.isEmpty ? [names[0]] : ordered)
    }

    private func unknownChoice(
        _ names: [String], _ synonyms: [String: String]
    ) -> ConfigurationRefusal {
        // A synonym is listed behind the word it stands for, as Redis lists it.
        let all = names.flatMap { name in
            [name] + synonyms.filter { $0.value == name }.map(\.key).sorted()
        }
        return ConfigurationRefusal(
            "argument(s) must be one of the following: " + all.joined(separator: ", "))
    }

    private func parseMemoryOrPercent(
        _ word: [UInt8]
    ) throws(ConfigurationRefusal) -> DirectiveValue {
        if let bytes = NumberText.memory(word) {
            guard bytes <= UInt64(Int64.max) else {
                throw ConfigurationRefusal(
                    "argument must be between -100 and \(Int64.max) inclusive")
            }
            return .memory(bytes)
        }
        let digits = Array(word.dropLast())
        guard word.last == UInt8(ascii: "%"),
            let share = digits.withByteView({ Decimal.parse($0) }),
            share >= 0
        else { throw ConfigurationRefusal("argument must be a memory or percent value") }
        guard share <= 100 else {
            throw ConfigurationRefusal("percentage argument must be less or equal to 100")
        }
        // 0% and 0 bytes are the same thing: off.
        return share == 0 ? .memory(0) : .percent(share)
    }

    private func requireWithin<Number: BinaryInteger>(
        _ range: ClosedRange<Number>, _ number: Number, radix: Int
    ) throws(ConfigurationRefusal) {
        if range.contains(number) { return }
        let low = String(range.lowerBound, radix: radix)
        let high = String(range.upperBound, radix: radix)
        throw ConfigurationRefusal("argument must be between \(low) and \(high) inclusive")
    }
}
