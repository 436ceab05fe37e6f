/// How to make one command at random, how often, and how to compare its replies.

/// The recipe of a command.
struct CommandShape: Sendable {
    /// As in COMMAND, a subcommand's words joined by `|`.
    let name: String
    /// Its share of the commands sent.
    let weight: Int
    /// Whether arguments may be spoilt: not where a spoilt command would block or fill the server.
    let maySpoil: Bool
    let comparison: @Sendable ([Word]) -> Comparison
    let arguments: @Sendable (inout Draw) -> [Word]

    /// A recipe whose comparison depends on the arguments.
    init(
        _ name: String, _ weight: Int, spoil: Bool = true,
        compare: @escaping @Sendable ([Word]) -> Comparison,
        _ arguments: @escaping @Sendable (inout Draw) -> [Word]
    ) {
        self.name = name
        self.weight = weight
        maySpoil = spoil
        comparison = compare
        self.arguments = arguments
    }

    init(
        _ name: String, _ weight: Int, spoil: Bool = true, _ comparison: Comparison = .exact,
        _ arguments: @escaping @Sendable (inout Draw) -> [Word] = { _ in [] }
    ) {
        self.init(name, weight, spoil: spoil, compare: { _ in comparison }, arguments)
    }

    /// The container's name where this is a subcommand, otherwise the name.
    var container: String { String(name.prefix { $0 != "|" }) }

    /// Draws one; now and then with arguments too few, too many or wrong.
    func request(_ draw: inout Draw) -> Request {
        var words = name.split(separator: "|").map { Word(String($0)) }
        let nameCount = words.count
        words += arguments(&draw)
        if maySpoil && draw.chance(6) {
            switch draw.below(3) {
            case 0: words.removeLast(1 + draw.below(max(1, words.count - nameCount)))
            case 1: words.append(draw.edge())
            default:
                if words.count > nameCount {
                    words[nameCount + draw.below(words.count - nameCount)] = draw.edge()
                }
            }
            if words.isEmpty { words = [Word(container)] }
        }
        if draw.chance(15) { words[0] = draw.recased(words[0]) }
        return Request(name: name, words: words, comparison: comparison(words))
    }
}

/// A command to send to both servers.
struct Request: Sendable {
    let name: String
    let words: [Word]
    let comparison: Comparison

    init(name: String, words: [Word], comparison: Comparison) {
        self.name = name
        self.words = words
        self.comparison = comparison
    }

    /// A command that an episode sends as it stands.
    init(_ words: Word...) {
        name = String(decoding: words[0].bytes, as: UTF8.self).lowercased()
        self.words = words
        comparison = .exact
    }
}

/// All recipes.
enum CommandShapes {
    static let all: [CommandShape] = [
        strings, hashes, lists, sets, sortedSets, streams, bitmaps, sketches, places, payloads,
        keys, connection, transactions, accounts, server,
    ].flatMap { $0 }
}
