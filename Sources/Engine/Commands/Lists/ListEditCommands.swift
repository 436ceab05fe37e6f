/// LSET key index element, LINSERT key BEFORE|AFTER pivot element, LREM key count element, LTRIM key start stop
///
/// Changes in the middle of a list: O(log n) to find the place (LINSERT, LREM: O(n)) and one chunk to
/// change. Replies OK; LINSERT the length (-1: no pivot, 0: no list); LREM how many are gone. Errors: WRONGTYPE, no
/// such key, index out of range, no integer, syntax.
import Bytes
import RESP
import Records

enum ListEditCommands {
    static var lset: CommandSpec {
        CommandSpec(
            "lset", arity: 4, [.write, .denyoom], keys: [KeySpec(["RW", "update"])], group: .list,
            since: "1.0.0", summary: "Set the value of an element in a list by its index",
            complexity:
                "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
            syntax: "key index element"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            guard let position = try engine.locateList(key, session) else { throw .noSuchKey }
            guard let index = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            guard let place = ListValue(position.entry).place(of: index) else {
                throw .indexOutOfRange
            }
            engine.listWriter(position, session).set(place, arguments[3])
            engine.touch(key, session.database)
            engine.notify(.list, "lset", key, session.database)
            engine.record(
                .listSet(key: key, index: place, value: arguments[3]), database: session.database)
            reply.ok()
        }
    }

    static var linsert: CommandSpec {
        CommandSpec(
            "linsert", arity: 5, [.write, .denyoom], keys: [KeySpec(["RW", "insert"])],
            group: .list, since: "2.2.0",
            summary: "Insert an element before or after another element in a list",
            complexity:
                "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).",
            syntax: "key <BEFORE | AFTER> pivot element"
        ) { engine, session, arguments, reply throws(CommandError) in
            let isBefore = arguments[2].equalsIgnoringCase("before")
            guard isBefore || arguments[2].equalsIgnoringCase("after") else { throw .syntax }
            let key = arguments[1]
            guard let position = try engine.locateList(key, session) else {
                reply.integer(0)
                return
            }
            var place = 0
            var isFound = false
            ListValue(position.entry).forEach(from: 0, limit: .max) { element in
                isFound = element == arguments[3]
                if !isFound { place += 1 }
                return !isFound
            }
            if !isFound {
                reply.integer(-1)
                return
            }
            let writer = engine.listWriter(position, session)
            writer.insert(arguments[4], before: isBefore ? place : place + 1)
            engine.touch(key, session.database)
            engine.notify(.list, "linsert", key, session.database)
            engine.record(
                .listInsert(
                    key: key, pivot: arguments[3], isBefore: isBefore, value: arguments[4]),
                database: session.database)
            reply.integer(writer.count)
        }
    }

    static var lrem: CommandSpec {
        CommandSpec(
            "lrem", arity: 4, [.write], keys: [KeySpec(["RW", "delete"])], group: .list,
            since: "1.0.0", summary: "Remove elements from a list",
            complexity:
                "O(N+M) where N is the length of the list and M is the number of elements removed.",
            syntax: "key count element"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let count = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            let key = arguments[1]
            guard let position = try engine.locateList(key, session) else {
                reply.integer(0)
                return
            }
            let writer = engine.listWriter(position, session)
            let removed = writer.removeAll(
                arguments[3], limit: count == 0 ? .max : Int(clamping: count.magnitude),
                from: count < 0 ? .right : .left)
            if removed > 0 {
                engine.record(
                    .listRemove(key: key, count: Int(count), value: arguments[3]),
                    database: session.database)
                engine.finishTaking(writer, key, "lrem", session)
            }
            reply.integer(removed)
        }
    }

    static var ltrim: CommandSpec {
        CommandSpec(
            "ltrim", arity: 4, [.write], keys: [KeySpec(["RW", "delete"])], group: .list,
            since: "1.0.0", summary: "Trim a list to the specified range",
            complexity: "O(N) where N is the number of elements to be removed by the operation.",
            syntax: "key start stop"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let start = Decimal.parse(arguments[2]), let stop = Decimal.parse(arguments[3])
            else { throw .notAnInteger }
            let key = arguments[1]
            guard let position = try engine.locateList(key, session) else {
                reply.ok()
                return
            }
            let list = ListValue(position.entry)
            let total = list.count
            let range = list.range(start, stop) ?? 0..<0
            let writer = engine.listWriter(position, session)
            if range.isEmpty {
                writer.drop(total, .left)
            } else {
                if range.upperBound < total { writer.drop(total - range.upperBound, .right) }
                if range.lowerBound > 0 { writer.drop(range.lowerBound, .left) }
            }
            engine.record(
                .listTrim(
                    key: key, start: range.isEmpty ? 1 : range.lowerBound,
                    stop: range.isEmpty ? 0 : range.upperBound - 1),
                database: session.database)
            engine.finishTaking(writer, key, "ltrim", session)
            reply.ok()
        }
    }
}
