/// ZPOPMIN key [count], ZPOPMAX (the highest scores)
/// BZPOPMIN key [key ...] timeout, BZPOPMAX
///
/// Takes the members with the lowest scores out; an emptied sorted set goes. The B forms take one from the first
/// sorted set that is there, or wait up to `timeout` seconds (0: for ever) for one. O(log n) a member.
/// Replies members and scores; the B forms key, member and score, nil in vain. Errors: WRONGTYPE, numbers.
import Bytes
import RESP
import Records

/// An end of a sorted set.
enum ScoreEnd {
    case minimum
    case maximum

    /// MIN or MAX, in any case.
    static func parse(_ word: ByteView) throws(CommandError) -> ScoreEnd {
        if word.equalsIgnoringCase("min") { return .minimum }
        if word.equalsIgnoringCase("max") { return .maximum }
        throw .syntax
    }

    var popEvent: StaticString { self == .minimum ? "zpopmin" : "zpopmax" }

    /// The ranks of the `taken` members at this end of `count`.
    func ranks(_ taken: Int, of count: Int) -> Range<Int> {
        self == .minimum ? 0..<taken : (count - taken)..<count
    }
}

enum ZPopCommands {
    static var zpopmin: CommandSpec {
        spec(
            "zpopmin", .minimum,
            "Remove and return members with the lowest scores in a sorted set")
    }

    static var zpopmax: CommandSpec {
        spec(
            "zpopmax", .maximum,
            "Remove and return members with the highest scores in a sorted set")
    }

    static var bzpopmin: CommandSpec {
        blocking(
            "bzpopmin", .minimum,
            "Remove and return the member with the lowest score from one or more sorted sets, or block until one is available"
        )
    }

    static var bzpopmax: CommandSpec {
        blocking(
            "bzpopmax", .maximum,
            "Remove and return the member with the highest score from one or more sorted sets, or block until one is available"
        )
    }

    private static func spec(_ name: String, _ end: ScoreEnd, _ summary: String) -> CommandSpec {
        CommandSpec(
            name, arity: -2, [.write, .fast], keys: [KeySpec(["RW", "access", "delete"])],
            group: .sortedSet, since: "5.0.0", summary: summary,
            complexity:
                "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
            syntax: "key [count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw .syntax }
            let hasCount = arguments.count == 3
            var count = 1
            if hasCount {
                guard let number = Decimal.parse(arguments[2]), number >= 0 else {
                    throw .mustBePositive
                }
                count = Int(number)
            }
            guard let position = try engine.locateSortedSet(arguments[1], session) else {
                reply.array(0)
                return
            }
            let taken = min(count, SortedSetValue(position.entry).count)
            let isNested = hasCount && reply.version == 3
            reply.array(isNested ? taken : taken * 2)
            engine.popMembers(
                taken, at: position, end, arguments[1], session, reply, isNested: isNested)
        }
    }

    private static func blocking(
        _ name: String, _ end: ScoreEnd, _ summary: String
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -3, [.write, .noscript, .blocking, .fast],
            keys: [KeySpec(["RW", "access", "delete"], last: -2)], group: .sortedSet,
            since: "5.0.0", summary: summary,
            complexity: "O(log(N)) with N being the number of elements in the sorted set.",
            syntax: "key [key ...] timeout"
        ) { engine, session, arguments, reply throws(CommandError) in
            let timeout = try BlockingTimeout.parse(arguments[arguments.count - 1])
            let keys = arguments[1..<(arguments.count - 1)]
            for key in keys {
                guard let position = try engine.locateSortedSet(key, session) else { continue }
                pop(engine, session, position, key, end, reply)
                return
            }
            guard engine.mayBlock(session) else {
                reply.nullArray()
                return
            }
            engine.block(session, on: Array(keys), timeout: timeout, arguments) {
                engine, session, arguments, reply in
                for key in arguments[1..<(arguments.count - 1)] {
                    guard let position = engine.locate(key, session),
                        position.entry.kind.isSortedSet
                    else { continue }
                    pop(engine, session, position, key, end, reply)
                    return true
                }
                return false
            } giveUp: {
                $0.nullArray()
            }
        }
    }

    private static func pop(
        _ engine: Engine, _ session: Session, _ position: Position, _ key: ByteView,
        _ end: ScoreEnd, _ reply: ReplyWriter
    ) {
        reply.array(3)
        reply.bulk(key)
        engine.popMembers(1, at: position, end, key, session, reply, isNested: false)
    }
}

extension Engine {
    /// Takes `taken` members (no more than there are) from an end, and replies them with their scores: in pairs
    /// where `isNested`, else flat. The array's head is the caller's.
    func popMembers(
        _ taken: Int, at position: Position, _ end: ScoreEnd, _ key: ByteView,
        _ session: Session, _ reply: ReplyWriter, isNested: Bool
    ) {
        if taken == 0 { return }
        let value = SortedSetValue(position.entry)
        let ranks = end.ranks(taken, of: value.count)
        func show(_ member: ByteView, _ score: Double) -> Bool {
            if isNested { reply.array(2) }
            reply.bulk(member)
            reply.double(score)
            return true
        }
        if end == .minimum {
            value.forEach(ranks: ranks, show)
        } else {
            value.forEachBackwards(ranks: ranks, show)
        }
        removeRanks(ranks, at: position, key, end.popEvent, session)
    }
}
