/// BLPOP key [key ...] timeout, BRPOP (from the tail)
///
/// Takes an element from the first of the lists that is there, or waits up to `timeout` seconds (0: for ever)
/// for one. O(keys). Replies the key and the element; nil in vain. Errors: WRONGTYPE, the timeout.
import Bytes
import RESP
import Records

enum BlockingPopCommands {
    static var blpop: CommandSpec {
        spec(
            "blpop", .left,
            "Remove and get the first element in a list, or block until one is available")
    }

    static var brpop: CommandSpec {
        spec(
            "brpop", .right,
            "Remove and get the last element in a list, or block until one is available")
    }

    private static func spec(_ name: String, _ end: ListEnd, _ summary: String) -> CommandSpec {
        CommandSpec(
            name, arity: -3, [.write, .noscript, .blocking],
            keys: [KeySpec(["RW", "access", "delete"], last: -2)], group: .list, since: "2.0.0",
            summary: summary, complexity: "O(N) where N is the number of provided keys.",
            syntax: "key [key ...] timeout"
        ) { engine, session, arguments, reply throws(CommandError) in
            let timeout = try BlockingTimeout.parse(arguments[arguments.count - 1])
            let keys = arguments[1..<(arguments.count - 1)]
            for key in keys {
                guard let position = try engine.locateList(key, session) else { continue }
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
                        position.entry.kind == .packedList || position.entry.kind == .chunkList
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
        _ end: ListEnd, _ reply: ReplyWriter
    ) {
        reply.array(2)
        reply.bulk(key)
        engine.popElement(at: position, end, key, session, reply)
    }
}
