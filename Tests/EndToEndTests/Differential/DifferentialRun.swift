/// Sends random commands to two servers and compares every reply.
///
/// Commands go out in pipelines, one connection at a time, so that their order over all connections is
/// decided. The same seed sends the same commands: a difference is narrowed down by lowering
/// HOLDFAST_DIFF_COUNT.
import TestSupport

/// One run.
final class DifferentialRun {
    /// How often a command was sent, and answered with something else than an error.
    struct Tally {
        var sent = 0
        var succeeded = 0
        /// How often it was answered with each error, where HOLDFAST_DIFF_ERRORS asks for it.
        var errors: [RESPValue: Int] = [:]
    }

    private struct Sent {
        let connection: Int
        let request: Request
    }

    let pair: ServerPair
    private(set) var tallies: [String: Tally] = [:]
    private(set) var differences: [String] = []
    private var disagreements: [String: Int] = [:]
    private var probeFindings = 0
    private var history: [Sent] = []
    /// What each connection has queued in its transaction.
    private var queues: [[Request]]
    private let seed: UInt64
    private let names: Set<String>
    /// The names, and what else may be sent.
    private let known: Set<String>
    private let shapes: [CommandShape]
    private let countsErrors = TestKnobs.text("HOLDFAST_DIFF_ERRORS") != nil
    /// After as many differences the datasets have parted, and more would tell nothing.
    private let patience = TestKnobs.count("HOLDFAST_DIFF_PATIENCE", or: 12)

    init(seed: UInt64) throws {
        self.seed = seed
        pair = try ServerPair(connections: EpisodeSource.connections + 1)
        let names = try pair.commandTable()
        self.names = names
        // COMMAND alone is a command, though the table has it as a container; what no table has is known
        // to be refused, where there is a container to refuse it.
        let containers = names.filter { $0.contains("|") }.map { String($0.prefix { $0 != "|" }) }
        known = names.union(containers.filter { $0 == "command" })
            .union(containers.map { "\($0)|nosuch" }).union(["nosuchcommand"])
        shapes = CommandShapes.all.filter { [known] shape in
            known.contains(shape.name) || known.contains(shape.container)
        }
        queues = Array(repeating: [], count: EpisodeSource.connections)
    }

    /// Sends at least `count` commands, fewer where the servers disagree too often.
    func run(count: Int, epochMilliseconds: Int) throws {
        var source = EpisodeSource(
            seed: seed, epochMilliseconds: epochMilliseconds, shapes: shapes, names: known)
        while history.count < count && differences.count < patience && probeFindings == 0 {
            for step in source.next() where !step.requests.isEmpty {
                guard let probe = TestKnobs.text("HOLDFAST_DIFF_PROBE") else {
                    try execute(step)
                    continue
                }
                for request in step.requests where probeFindings == 0 {
                    let isFirst = request.words == step.requests[0].words
                    try execute(
                        Step(
                            connection: step.connection, requests: [request],
                            messages: isFirst ? step.messages : 0))
                    try look(at: probe, behind: request)
                }
            }
        }
    }

    private func execute(_ step: Step) throws {
        let (messages, replies) = try pair.exchange(
            step.requests.map { $0.words.map(\.bytes) }, after: step.messages, on: step.connection)
        for message in messages {
            compare(
                Request(name: "message", words: ["message"], comparison: .exact), .exact,
                message.ours, message.theirs, on: step.connection)
        }
        for (request, reply) in zip(step.requests, replies) {
            judge(request, reply.ours, reply.theirs, on: step.connection)
            history.append(Sent(connection: step.connection, request: request))
        }
        if step.requests.last?.name == "quit" { try pair.reconnect(step.connection) }
    }

    /// Compares one key in every database after each command: finds the command that a difference seen
    /// later began with.
    private func look(at key: String, behind request: Request) throws {
        for database in 0..<3 {
            let words = [
                ["SELECT", "\(database)"], ["OBJECT", "ENCODING", key],
                ["DEBUG", "DIGEST-VALUE", key],
            ]
            let replies = try pair.exchange(
                words.map { $0.map { Array($0.utf8) } }, on: EpisodeSource.connections)
            let rules: [Comparison] = [.exact, .encoding, .exact]
            for (reply, rule) in zip(replies, rules) where !rule.agrees(reply.ours, reply.theirs) {
                probeFindings += 1
                differences.append(
                    describe(request, reply.ours, reply.theirs, on: -1) + "\n(seen in \(key))")
            }
        }
    }

    private func judge(
        _ request: Request, _ ours: RESPValue, _ theirs: RESPValue, on connection: Int
    ) {
        var comparison = request.comparison
        if theirs == .simple(Array("QUEUED".utf8)) {
            queues[connection].append(request)
            comparison = .exact
        } else {
            count(request, ours)
        }
        var queue: [Request] = []
        if ["exec", "discard", "reset", "quit"].contains(request.name), !theirs.isRefusal {
            queue = queues[connection]
            queues[connection] = []
            if request.name == "exec", !theirs.elements.isEmpty {
                comparison = .queued(queue.map(\.comparison))
                for (queued, reply) in zip(queue, ours.elements) { count(queued, reply) }
            }
        }
        guard case .queued(let rules) = comparison, ours.elements.count == rules.count,
            theirs.elements.count == rules.count
        else { return compare(request, comparison, ours, theirs, on: connection) }
        for (place, rule) in rules.enumerated() {
            compare(
                queue[place], rule, ours.elements[place], theirs.elements[place], on: connection)
        }
    }

    private func compare(
        _ request: Request, _ comparison: Comparison, _ ours: RESPValue, _ theirs: RESPValue,
        on connection: Int
    ) {
        if !comparison.agrees(ours, theirs) {
            // The same complaint again would only hide the others.
            let kind =
                request.name + (theirs.text?.prefix(24) ?? "") + (ours.text?.prefix(24) ?? "")
            disagreements[kind, default: 0] += 1
            guard disagreements[kind, default: 0] == 1 else { return }
            differences.append(describe(request, ours, theirs, on: connection))
        }
    }

    private func count(_ request: Request, _ reply: RESPValue) {
        tallies[request.name, default: Tally()].sent += 1
        if !reply.isError {
            tallies[request.name, default: Tally()].succeeded += 1
        } else if countsErrors {
            tallies[request.name, default: Tally()].errors[reply, default: 0] += 1
        }
    }

    private func describe(
        _ request: Request, _ ours: RESPValue, _ theirs: RESPValue, on connection: Int
    ) -> String {
        func shown(_ words: [Word]) -> String {
            words.prefix(12).map { word in
                let text = word.description
                return text.count > 80 ? text.prefix(80) + "..." : text[...]
            }.joined(separator: " ") + (words.count > 12 ? " ... (\(words.count) words)" : "")
        }
        let touched = Set(request.words.dropFirst())
        let earlier = history.filter { !touched.isDisjoint(with: $0.request.words.dropFirst()) }
            .suffix(TestKnobs.count("HOLDFAST_DIFF_HISTORY", or: 5))
        return """
            command \(history.count) (seed \(seed)), connection \(connection): \(shown(request.words))
              ours:   \(ours)
              theirs: \(theirs)
              before, with the same arguments:
            \(earlier.map { "    \($0.connection)> " + shown($0.request.words) }
                .joined(separator: "\n"))
            """
    }

    // MARK: What the run has shown

    /// Commands of our table that were never answered without an error, and that no list excuses.
    func neverSucceeded() -> [String] {
        // A stand-in has commands that aren't ours to answer for.
        let isOurs = (try? pair.ours.isHoldfast()) ?? true
        let recipes = Set(shapes.map(\.name))
        return names.filter { name in
            guard isOurs || recipes.contains(name) else { return false }
            let hits = tallies.filter { $0.key == name || $0.key.hasPrefix(name + "|") }
            return hits.allSatisfy { $0.value.succeeded == 0 } && Exclusions.reasons[name] == nil
        }.sorted()
    }

    /// The share of replies that are no errors, in percent.
    var successPercent: Double {
        let sent = tallies.values.reduce(0) { $0 + $1.sent }
        let succeeded = tallies.values.reduce(0) { $0 + $1.succeeded }
        return 100 * Double(succeeded) / Double(max(1, sent))
    }

    /// Hits per command, as printed.
    var summary: String {
        let lines = tallies.sorted { $0.key < $1.key }.map { name, tally in
            let errors = tally.errors.sorted { $0.value > $1.value }.prefix(4)
                .map { "\n    \($0.value) \($0.key)" }
            return "\(name) \(tally.succeeded)/\(tally.sent)" + errors.joined()
        }
        return "differential: \(history.count) commands, seed \(seed), "
            + "\((successPercent * 10).rounded() / 10) % of the replies no errors\n"
            + "hits (without error/all): " + lines.joined(separator: ", ")
    }
}

extension RESPValue {
    /// An error that leaves a transaction as it was: EXEC with arguments, or without MULTI.
    fileprivate var isRefusal: Bool {
        guard case .error = self, let text else { return false }
        return !text.hasPrefix("EXECABORT")
    }
}
