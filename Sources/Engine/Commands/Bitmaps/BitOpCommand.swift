/// BITOP AND | OR | XOR | NOT destkey key [key ...]
///
/// The destination becomes the strings combined bit by bit, short ones padded with NUL, whatever it was and
/// without a deadline; it goes where the result is empty. O(bytes of the longest * keys). Replies the result's
/// length. Errors: WRONGTYPE, syntax, NOT of several keys.
import Bytes
import RESP
import Records

enum BitOpCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "bitop", arity: -4, [.write, .denyoom],
            keys: [
                KeySpec(["OW", "update"], first: 2), KeySpec(["RO", "access"], first: 3, last: -1),
            ],
            group: .bitmap, since: "2.6.0", summary: "Perform bitwise operations between strings",
            complexity: "O(N)", syntax: "operation destkey key [key ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let operation = try self.operation(arguments[1])
            let sources = arguments.dropFirst(3)
            if operation == nil && sources.count > 1 {
                throw CommandError("ERR BITOP NOT must be called with a single source key.")
            }
            var longest = 0
            for key in sources {
                longest = max(longest, try engine.readString(key, session)?.count ?? 0)
            }
            let key = arguments[2]
            if longest == 0 {
                clear(key, engine, session)
            } else {
                let result = Entry.make(
                    key: key, kind: .string, valueCount: longest, deadline: nil)
                try combine(sources, operation, into: result, engine, session)
                store(result, key, engine, session)
            }
            reply.integer(longest)
        }
    }

    /// The operation, nil for NOT.
    private static func operation(_ word: ByteView) throws(CommandError) -> BitOperation? {
        if word.equalsIgnoringCase("and") { return .and }
        if word.equalsIgnoringCase("or") { return .or }
        if word.equalsIgnoringCase("xor") { return .xor }
        if word.equalsIgnoringCase("not") { return nil }
        throw .syntax
    }

    /// One source at a time: an integer's digits last only until the next one's.
    private static func combine(
        _ sources: ByteViews, _ operation: BitOperation?, into result: Entry, _ engine: Engine,
        _ session: Session
    ) throws(CommandError) {
        for index in 0..<sources.count {
            let bytes =
                try engine.peek(sources[index], session).map { (entry) throws(CommandError) in
                    try engine.text(of: entry)
                } ?? .empty
            if index > 0, let operation {
                result.combineValue(operation, with: bytes)
            } else {
                result.overwriteValue(at: 0, with: bytes)
                result.clearValue(at: bytes.count, count: result.value.count - bytes.count)
            }
        }
        if operation == nil { result.invertValue() }
    }

    private static func store(
        _ result: Entry, _ key: ByteView, _ engine: Engine, _ session: Session
    ) {
        result.isGrown = true
        if let position = engine.locate(key, session) {
            let table = engine.table(session)
            engine.replaceValue(table.writable(position, engine.heap), result, table)
            engine.touch(key, session.database)
        } else {
            engine.insertNew(result, hash: engine.heap.sip.hash(key), session.database)
        }
        engine.record(
            .set(key: key, value: result.value, deadline: nil), database: session.database)
        engine.notify(.string, "set", key, session.database)
    }

    private static func clear(_ key: ByteView, _ engine: Engine, _ session: Session) {
        guard let position = engine.locate(key, session) else { return }
        engine.remove(position, database: session.database)
        engine.record(.delete(key: key), database: session.database)
        engine.notify(.generic, "del", key, session.database)
    }
}
