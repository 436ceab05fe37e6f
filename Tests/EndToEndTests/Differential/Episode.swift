/// What is sent together: most commands alone, some in an order that gives them their meaning.

/// Commands for one connection, sent in one pipeline.
struct Step: Sendable {
    let connection: Int
    var requests: [Request]
    /// How many messages come before the replies: what others have published.
    var messages = 0
}

/// Draws what to send next.
struct EpisodeSource {
    static let connections = 4
    var draw: Draw
    /// The recipes to choose from, each as often as it weighs.
    private let choices: [CommandShape]
    let names: Set<String>

    init(seed: UInt64, epochMilliseconds: Int, shapes: [CommandShape], names: Set<String>) {
        draw = Draw(seed: seed, epochMilliseconds: epochMilliseconds)
        choices = shapes.flatMap { Array(repeating: $0, count: $0.weight) }
        self.names = names
    }

    /// The next steps, in the order in which they have to be executed.
    mutating func next() -> [Step] {
        let connection = draw.below(Self.connections)
        let steps: [Step]
        switch draw.below(1000) {
        case 0..<630: steps = [Step(connection: connection, requests: some(1, 100))]
        case 630..<720: steps = [Step(connection: connection, requests: transaction(1, 12))]
        case 720..<780: steps = duel(connection)
        case 780..<800: steps = [Step(connection: connection, requests: expired())]
        case 800..<835: steps = [Step(connection: connection, requests: popped())]
        case 835..<845: steps = [Step(connection: connection, requests: clocked())]
        case 845..<930: steps = [Step(connection: connection, requests: consumed())]
        case 930..<965: steps = [Step(connection: connection, requests: formed())]
        case 965..<980: steps = published(connection)
        case 980..<985: steps = [Step(connection: connection, requests: some(1, 5) + [quit()])]
        default: steps = [Step(connection: connection, requests: [rare()])]
        }
        return steps.map { step in
            let known = step.requests.filter { $0.isKnown(to: names) }
            return Step(
                connection: step.connection, requests: known, messages: step.messages)
        }
    }

    private mutating func some(_ least: Int, _ most: Int) -> [Request] {
        (0..<(least + draw.below(most - least + 1))).map { _ in
            draw.pick(choices).request(&draw)
        }
    }

    private mutating func quit() -> Request { Request("quit") }

    private mutating func transaction(_ least: Int, _ most: Int) -> [Request] {
        var requests = [Request("multi")]
        // What would end the transaction early, or leave it waiting, has its place elsewhere.
        let barred: Set<String> = [
            "exec", "discard", "reset", "debug|populate", "unsubscribe", "punsubscribe",
            "sunsubscribe",
        ]
        requests += some(least, most).filter { !barred.contains($0.name) }
        if draw.chance(4) { requests.append(Request("multi")) }
        if draw.chance(4) { requests.append(Request("watch", draw.anyKey())) }
        requests.append(draw.chance(88) ? Request("exec") : Request("discard"))
        return requests
    }

    /// One connection watches while another may write.
    private mutating func duel(_ connection: Int) -> [Step] {
        let keys = draw.many(1, 3) { d in [d.key(.string)] }
        let watch = Request(name: "watch", words: ["watch"] + keys, comparison: .exact)
        let other = (connection + 1 + draw.below(Self.connections - 1)) % Self.connections
        var steps = [Step(connection: connection, requests: some(0, 2) + [watch] + some(0, 2))]
        switch draw.below(4) {
        case 0: steps.append(Step(connection: other, requests: some(1, 5)))
        case 1: steps.append(Step(connection: other, requests: [Request("set", keys[0], "new")]))
        case 2: steps.append(Step(connection: other, requests: [Request("del", keys[0])]))
        default: break
        }
        if draw.chance(15) {
            steps.append(Step(connection: connection, requests: [Request("unwatch")]))
        }
        steps.append(Step(connection: connection, requests: transaction(1, 5)))
        return steps
    }

    /// A deadline that was past from the start; the key is asked for at once, because one that nobody asks
    /// for stays in DBSIZE until the server happens to find it.
    private mutating func expired() -> [Request] {
        let key = draw.key(.string)
        let options: [Word] = [draw.pick(["EXAT", "PXAT"]), draw.past()]
        return [
            Request(name: "set", words: ["SET", key, draw.value()] + options, comparison: .exact),
            Request("exists", key), Request("type", key),
        ]
    }

    private mutating func rare() -> Request {
        switch draw.below(10) {
        case 0, 1: Request(name: "flushall", words: ["FLUSHALL"] + flushing(), comparison: .exact)
        case 2, 3, 4: Request(name: "flushdb", words: ["FLUSHDB"] + flushing(), comparison: .exact)
        case 5: Request(name: "save", words: ["SAVE"], comparison: .either)
        case 6: Request(name: "bgsave", words: ["BGSAVE"], comparison: .either)
        case 7: Request(name: "bgrewriteaof", words: ["BGREWRITEAOF"], comparison: .either)
        default: Request(name: "bgsave", words: ["BGSAVE", "nonsense"], comparison: .exact)
        }
    }

    private mutating func flushing() -> [Word] { draw.pick([[], ["async"], ["SYNC"], ["never"]]) }
}

extension Request {
    /// Whether the server's table has it.
    func isKnown(to names: Set<String>) -> Bool {
        if name == "command|getkeys", words.count > 2 {
            let asked = String(decoding: words[2].bytes, as: UTF8.self).lowercased()
            let isCommand = names.contains { $0 == asked || $0.hasPrefix(asked + "|") }
            if !isCommand && asked != "nosuch" { return false }
        }
        return names.contains(name) || names.contains(String(name.prefix { $0 != "|" }))
    }
}
