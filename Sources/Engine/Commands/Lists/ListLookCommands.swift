/// LLEN key, LINDEX key index, LRANGE key start stop
///
/// The length (O(1)), one element (O(log n)), or a range of elements (O(log n + m)); negative indexes
/// count from the tail. Replies 0, nil, an empty array where there is nothing. Errors: WRONGTYPE, no integer.
import Bytes
import RESP

enum ListLookCommands {
    static var llen: CommandSpec {
        CommandSpec(
            "llen", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .list,
            since: "1.0.0", summary: "Get the length of a list", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.integer(try engine.readList(arguments[1], session)?.count ?? 0)
        }
    }

    static var lindex: CommandSpec {
        CommandSpec(
            "lindex", arity: 3, [.readonly], keys: [.read], group: .list, since: "1.0.0",
            summary: "Get an element from a list by its index",
            complexity:
                "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).",
            syntax: "key index"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let list = try engine.readList(arguments[1], session) else {
                reply.null()
                return
            }
            guard let index = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if let place = list.place(of: index) {
                reply.bulk(list.element(at: place))
            } else {
                reply.null()
            }
        }
    }

    static var lrange: CommandSpec {
        CommandSpec(
            "lrange", arity: 4, [.readonly], keys: [.read], group: .list, since: "1.0.0",
            summary: "Get a range of elements from a list",
            complexity:
                "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.",
            syntax: "key start stop"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let start = Decimal.parse(arguments[2]), let stop = Decimal.parse(arguments[3])
            else { throw .notAnInteger }
            let list = try engine.readList(arguments[1], session)
            guard let list, let range = list.range(start, stop) else {
                reply.array(0)
                return
            }
            reply.array(range.count)
            list.forEach(from: range.lowerBound, limit: range.count) {
                reply.bulk($0)
                return true
            }
        }
    }
}

extension ListValue {
    /// The place of an index that may count from the tail; nil beyond the list.
    func place(of index: Int64) -> Int? {
        let place = index < 0 ? Int64(count) &+ index : index
        return place >= 0 && place < count ? Int(place) : nil
    }

    /// The places from `start` to `stop`, both of which may count from the tail; nil: none.
    func range(_ start: Int64, _ stop: Int64) -> Range<Int>? {
        let count = Int64(count)
        let first = max(0, start < 0 ? start + count : start)
        let last = min(count - 1, stop < 0 ? stop + count : stop)
        return first <= last ? Int(first)..<Int(last) + 1 : nil
    }
}
