/// XRANGE key start end [COUNT count], XREVRANGE key end start [COUNT count] (from the end)
///
/// Hands out the entries of a range of ids, bounds included unless marked with `(`. O(n) for n entries. Replies
/// them; nothing where COUNT is none. Errors: ids, the count, WRONGTYPE.
import Bytes
import RESP
import Records

enum XRangeCommands {
    private static let complexity =
        "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1)."

    static var xrange: CommandSpec {
        spec(
            "xrange",
            "Return a range of elements in a stream, with IDs matching the specified IDs interval",
            complexity: complexity, syntax: "key start end [COUNT count]", isReversed: false)
    }

    static var xrevrange: CommandSpec {
        spec(
            "xrevrange",
            "Return a range of elements in a stream, with IDs matching the specified IDs interval, in reverse order (from greater to smaller IDs) compared to XRANGE",
            complexity:
                "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
            syntax: "key end start [COUNT count]", isReversed: true)
    }

    private static func spec(
        _ name: String, _ summary: String, complexity: String, syntax: String, isReversed: Bool
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -4, [.readonly], keys: [.read], group: .stream, since: "5.0.0",
            summary: summary, complexity: complexity, syntax: syntax
        ) { engine, session, arguments, reply throws(CommandError) in
            let start = try StreamIDText.start(arguments[isReversed ? 3 : 2])
            let end = try StreamIDText.end(arguments[isReversed ? 2 : 3])
            var count: Int64 = -1
            var place = 4
            while place < arguments.count {
                guard arguments[place].equalsIgnoringCase("count"), place + 1 < arguments.count
                else { throw .syntax }
                guard let number = Decimal.parse(arguments[place + 1]) else { throw .notAnInteger }
                count = max(0, number)
                place += 2
            }
            guard let stream = try engine.readStream(arguments[1], session) else {
                reply.array(0)
                return
            }
            if count == 0 {
                reply.nullArray()
                return
            }
            let cursor = stream.cursor(from: start, to: end, reversed: isReversed)
            reply.entries(cursor, limit: Int(count))
        }
    }
}
