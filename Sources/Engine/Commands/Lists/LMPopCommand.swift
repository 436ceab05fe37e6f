/// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]
/// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
///
/// Takes elements from the first of the lists that is there; BLMPOP waits for one. O(keys + elements).
/// Replies the key and an array of elements, nil where there is none. Errors: WRONGTYPE, syntax, numbers.
import Bytes
import RESP
import Records

enum LMPopCommand {
    static var lmpop: CommandSpec {
        CommandSpec(
            "lmpop", arity: -4, [.write, .movablekeys],
            keys: [.counted(["RW", "access", "delete"], at: 1)], group: .list, since: "7.0.0",
            summary: "Pop elements from a list", complexity: complexity,
            syntax: "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let options = try Options(arguments, from: 1)
            if try !pop(engine, session, arguments, options, reply, isWaiting: false) {
                reply.nullArray()
            }
        }
    }

    static var blmpop: CommandSpec {
        CommandSpec(
            "blmpop", arity: -5, [.write, .blocking, .movablekeys],
            keys: [.counted(["RW", "access", "delete"], at: 2)], group: .list, since: "7.0.0",
            summary: "Pop elements from a list, or block until one is available",
            complexity: complexity,
            syntax: "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]"
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
        "O(N+M) where N is the number of provided keys and M is the number of elements returned."

    private struct Options {
        let keys: Range<Int>
        let end: ListEnd
        let count: Int

        init(_ arguments: ByteViews, from start: Int) throws(CommandError) {
            guard let number = Decimal.parse(arguments[start]), number > 0 else {
                throw CommandError("ERR numkeys should be greater than 0")
            }
            guard number <= arguments.count - start - 2 else { throw .syntax }
            keys = (start + 1)..<(start + 1 + Int(number))
            end = try ListEnd.parse(arguments[keys.upperBound])
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

    /// Whether a list was there; one that waits passes over keys of other types.
    private static func pop(
        _ engine: Engine, _ session: Session, _ arguments: ByteViews, _ options: Options,
        _ reply: ReplyWriter, isWaiting: Bool
    ) throws(CommandError) -> Bool {
        for index in options.keys {
            let key = arguments[index]
            guard let position = engine.locate(key, session) else { continue }
            let kind = position.entry.kind
            guard kind == .packedList || kind == .chunkList else {
                if isWaiting { continue }
                throw .wrongType
            }
            reply.array(2)
            reply.bulk(key)
            engine.popElements(at: position, options.count, options.end, key, session, reply)
            return true
        }
        return false
    }
}
