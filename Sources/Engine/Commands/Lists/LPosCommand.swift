/// LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
///
/// The places of elements equal to `element`. O(n), or O(len). Replies the place, nil where there is
/// none; with COUNT an array. Errors: WRONGTYPE, syntax, RANK 0, negative COUNT or MAXLEN.
import Bytes
import RESP

enum LPosCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "lpos", arity: -3, [.readonly], keys: [.read], group: .list, since: "6.0.6",
            summary: "Return the index of matching elements on a list",
            complexity:
                "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
            syntax: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments)
            guard let list = try engine.readList(arguments[1], session) else {
                options.count == nil ? reply.null() : reply.array(0)
                return
            }
            let places = find(arguments[2], in: list, options)
            if options.count == nil {
                if let place = places.first { reply.integer(place) } else { reply.null() }
            } else {
                reply.array(places.count)
                for place in places { reply.integer(place) }
            }
        }
    }

    private struct Options {
        var rank: Int64 = 1
        var count: Int64?
        var maximum: Int64 = 0

        init(_ arguments: ByteViews) throws(CommandError) {
            var index = 3
            while index < arguments.count {
                let word = arguments[index]
                guard index + 1 < arguments.count else { throw .syntax }
                let number = Decimal.parse(arguments[index + 1])
                if word.equalsIgnoringCase("rank") {
                    guard let number else { throw .notAnInteger }
                    if number == 0 {
                        throw CommandError(
                            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
                        )
                    }
                    rank = number
                } else if word.equalsIgnoringCase("count") {
                    guard let number, number >= 0 else {
                        throw CommandError("ERR COUNT can't be negative")
                    }
                    count = number
                } else if word.equalsIgnoringCase("maxlen") {
                    guard let number, number >= 0 else {
                        throw CommandError("ERR MAXLEN can't be negative")
                    }
                    maximum = number
                } else {
                    throw .syntax
                }
                index += 2
            }
        }
    }

    private static func find(_ element: ByteView, in list: ListValue, _ options: Options) -> [Int] {
        var places: [Int] = []
        // Redis 7.0 lets the lowest integer, which it can't negate, stand for -1.
        var skipped = options.rank == .min ? 0 : options.rank.magnitude - 1
        let wanted = options.count == 0 ? Int.max : Int(options.count ?? 1)
        var seen = 0
        let total = list.count
        func look(_ each: ByteView) -> Bool {
            let place = options.rank > 0 ? seen : total - 1 - seen
            seen += 1
            if each == element {
                if skipped > 0 { skipped -= 1 } else { places.append(place) }
            }
            return places.count < wanted && (options.maximum == 0 || seen < options.maximum)
        }
        if options.rank > 0 {
            list.forEach(from: 0, limit: .max, look)
        } else {
            list.forEachBackwards(look)
        }
        return places
    }
}
