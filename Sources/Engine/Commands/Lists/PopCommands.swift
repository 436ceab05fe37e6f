/// LPOP key [count], RPOP (from the tail)
///
/// Takes elements from an end; an emptied list goes. O(1) an element. Replies the element, or with a count
/// an array; nil where the key is absent. Errors: WRONGTYPE, a negative count.
import Bytes
import RESP
import Records

enum PopCommands {
    static var lpop: CommandSpec {
        spec("lpop", .left, "Remove and get the first elements in a list")
    }

    static var rpop: CommandSpec {
        spec("rpop", .right, "Remove and get the last elements in a list")
    }

    private static func spec(_ name: String, _ end: ListEnd, _ summary: String) -> CommandSpec {
        CommandSpec(
            name, arity: -2, [.write, .fast], keys: [KeySpec(["RW", "access", "delete"])],
            group: .list, since: "1.0.0", summary: summary,
            complexity: "O(N) where N is the number of elements returned", syntax: "key [count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw .wrongArity(name) }
            let count = arguments.count == 3 ? try positiveCount(arguments[2]) : nil
            guard let position = try engine.locateList(arguments[1], session) else {
                count == nil ? reply.null() : reply.nullArray()
                return
            }
            if let count {
                engine.popElements(at: position, count, end, arguments[1], session, reply)
            } else {
                engine.popElement(at: position, end, arguments[1], session, reply)
            }
        }
    }

    private static func positiveCount(_ text: ByteView) throws(CommandError) -> Int {
        guard let number = Decimal.parse(text), number >= 0 else { throw .mustBePositive }
        return Int(number)
    }
}

extension Engine {
    /// Takes one element from an end of a list that has one, and replies it.
    func popElement(
        at position: Position, _ end: ListEnd, _ key: ByteView, _ session: Session,
        _ reply: ReplyWriter
    ) {
        let writer = listWriter(position, session)
        reply.bulk(writer.value.element(at: end))
        writer.drop(1, end)
        record(.listPop(key: key, end: end, count: 1), database: session.database)
        finishTaking(writer, key, end.popEvent, session)
    }

    /// Takes up to `count` elements from an end of a list, and replies them as an array.
    func popElements(
        at position: Position, _ count: Int, _ end: ListEnd, _ key: ByteView, _ session: Session,
        _ reply: ReplyWriter
    ) {
        let taken = min(count, ListValue(position.entry).count)
        reply.array(taken)
        if taken == 0 { return }
        let writer = listWriter(position, session)
        let value = writer.value
        if end == .left {
            value.forEach(from: 0, limit: taken) {
                reply.bulk($0)
                return true
            }
        } else {
            var left = taken
            value.forEachBackwards {
                reply.bulk($0)
                left -= 1
                return left > 0
            }
        }
        writer.drop(taken, end)
        record(.listPop(key: key, end: end, count: taken), database: session.database)
        finishTaking(writer, key, end.popEvent, session)
    }
}
