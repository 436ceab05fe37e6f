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
        let found = command.spec.keysFound(in: words)
        // As in Redis, a place for keys that has none makes the request a wrong one: PFMERGE without sources.
        let isShort = command.spec.keys.contains {
            $0.search == .range && $0.places(in: words)?.isEmpty == true
        }
        if found.isEmpty || isShort { throw .invalidArguments }
        return found.map { (words[$0.place], $0.flags) }
    }
}

extension CommandSpec {
    /// The keys in the arguments of this command: their places and what would happen to each; none where the
    /// arguments make no sense.
    public func keysFound(in words: ByteViews) -> [(place: Int, flags: [String])] {
        var found: [(place: Int, flags: [String])] = []
        for spec in keys where spec.search != .unknown {
            guard let places = spec.places(in: words) else { return [] }
            let flags = spec.flags(for: words)
            for place in places { found.append((place, flags)) }
        }
        return found + (keyPlaces?(words) ?? [])
    }
}

extension KeySpec {
    /// A number as C's atoi reads it into 32 bits: Redis looks for keys that way, whatever the command says later.
    private static func number(_ text: ByteView) -> Int32 {
        let rest = text.array.drop { $0 == 32 || $0 >= 9 && $0 <= 13 }
        let isNegative = rest.first == UInt8(ascii: "-")
        var number: Int64 = 0
        for digit in rest.dropFirst(isNegative || rest.first == UInt8(ascii: "+") ? 1 : 0) {
            guard digit >= 48 && digit <= 57 else { break }
            let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
            let (sum, isOverToo) =
                isNegative
                ? tens.subtractingReportingOverflow(Int64(digit) - 48)
                : tens.addingReportingOverflow(Int64(digit) - 48)
            number = isOver || isOverToo ? (isNegative ? .min : .max) : sum
            if isOver || isOverToo { break }
        }
        return Int32(truncatingIfNeeded: number)
    }

    /// Where the keys are amongst these arguments; nil where a number of keys makes no sense.
    func places(in words: ByteViews) -> [Int]? {
        let count = words.count
        switch search {
        case .range:
            let end = last < 0 ? count + last : min(last, count - 1)
            return end < first ? [] : Array(stride(from: first, through: end, by: step))
        case .counted:
            guard first < count, case let number = Self.number(words[first]), number > 0,
                number <= count - first - 1
            else { return nil }
            return Array((first + 1)...(first + Int(number)))
        case .behind(let word, let limit):
            let order = first >= 0 ? Array(first..<max(first, count)) : (1..<count).reversed()
            guard
                let place = order.first(where: {
                    $0 < count && words[$0].text.lowercased() == word.lowercased()
                })
            else { return [] }
            let rest = count - place - 1
            let length = last == 0 ? min(1, rest) : limit > 0 ? rest / limit : rest
            return Array((place + 1)..<(place + 1 + length))
        case .unknown: return []
        }
    }

    /// The variant that holds for these arguments, nil where the flags do.
    private func variant(for arguments: ByteViews) -> Variant? {
        guard let variant else { return nil }
        let isNamed = arguments.dropFirst(variant.from).contains { argument in
            variant.words.contains {
                $0.utf8.count == argument.count && $0 == argument.text.lowercased()
            }
        }
        return isNamed ? nil : variant
    }

    /// What a command with these arguments does to the keys.
    func access(for arguments: ByteViews) -> KeyAccess {
        variant(for: arguments)?.access ?? access
    }

    /// What happens to the keys of a command with these arguments.
    func flags(for arguments: ByteViews) -> [String] {
        let flags = variant(for: arguments)?.flags ?? flags
        return flags.filter { $0 != "variable_flags" }
    }
}
