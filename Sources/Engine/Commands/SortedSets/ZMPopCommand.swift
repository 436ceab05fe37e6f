/// ZMPOP numkeys key [key ...] MIN|MAX [COUNT count]
/// BZMPOP timeout numkeys key [key ...] MIN|MAX [COUNT count]
///
/// Takes members from an end of the first of the sorted sets that is there; BZMPOP waits for one. O(keys +
/// members log n). Replies the key and an array of pairs, nil where there is none.
/// Errors: WRONGTYPE, syntax, numbers.
import Bytes
import RESP
import Records

enum ZMPopCommand {
    static var zmpop: CommandSpec {
        CommandSpec(
            "zmpop", arity: -4, [.write, .movablekeys],
            keys: [.counted(["RW", "access", "delete"], at: 1)], group: .sortedSet,
            since: "7.0.0", summary: "Remove and return members with scores in a sorted set",
            complexity: complexity,
            syntax: "numkeys key [key ...] <MIN | MAX> [COUNT count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments, from: 1)
            if try !pop(engine, session, arguments, options, reply, isWaiting: false) {
                reply.nullArray()
            }
        }
    }

    static var bzmpop: CommandSpec {
        CommandSpec(
            "bzmpop", arity: -5, [.write, .blocking, .movablekeys],
            keys: [.counted(["RW", "access", "delete"], at: 2)], group: .sortedSet,
            since: "7.0.0",
            summary:
                "Remove and return members with scores in a sorted set or block until one is available",
            complexity: complexity,
            syntax: "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments, from: 2)
            let timeout = try BlockingTimeout.parse(arguments[1])
            if try pop(engine, session, arguments, options, reply, isWaiting: false) { return }
            guard engine.mayBlock(session) else {
                reply.nullArray()
                return
            }
            engine.block(
                session, on: options.keys.map { arguments[$0] }, timeout: timeout, arguments
            ) { engine, session, arguments, reply throws(CommandError) in
                try pop(engine, session, arguments, options, reply, isWaiting: true)
            } giveUp: {
                $0.nullArray()
            }
        }
    }

    private static let complexity =
        "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped."

    private struct Options {
        let keys: Range<Int>
        let end: ScoreEnd
        let count: Int

        init(_ arguments: ByteViews, from start: Int) throws(CommandError) {
            guard let number = Decimal.parse(arguments[start]), number > 0 else {
                throw CommandError("ERR numkeys should be greater than 0")
            }
            guard number <= arguments.count - start - 2 else { throw .syntax }
            keys = (start + 1)..<(start + 1 + Int(number))
            end = try ScoreEnd.parse(arguments[keys.upperBound])
            var count: Int64?
            var index = keys.upperBound + 1
            while index < arguments.count {
                guard count == nil, arguments[index].equalsIgnoringCase("count"),
                    index + 1 < arguments.count
                else { throw .syntax }
                guard let value = Decimal.parse(arguments[index + 1]), value > 0 else {
                    throw CommandError("ERR count should be greater than 0")
                }
                count = value
                index += 2
            }
            self.count = Int(count ?? 1)
        }
    }

    /// Whether a sorted set was there; one that waits passes over keys of other types.
    private static func pop(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ options: Options,
        _ reply: ReplyWriter, isWaiting: Bool
    ) throws(CommandError) -> Bool {
        for index in options.keys {
            let key = arguments[index]
            guard let position = engine.locate(key, session) else { continue }
            guard position.entry.kind.isSortedSet else {
                if isWaiting { continue }
                throw .wrongType
            }
            let taken = min(options.count, SortedSetValue(position.entry).count)
            reply.array(2)
            reply.bulk(key)
            reply.array(taken)
            engine.popMembers(
                taken, at: position, options.end, key, session, reply, isNested: true)
            return true
        }
        return false
    }
}
