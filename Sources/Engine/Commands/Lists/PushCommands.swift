/// LPUSH key element [element ...], RPUSH (at the tail), LPUSHX and RPUSHX (only where the list is there)
///
/// Adds elements one after the other at an end. O(1) an element. Replies the length. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum PushCommands {
    private static let complexity =
        "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments."

    static var lpush: CommandSpec {
        spec("lpush", .left, since: "1.0.0", "Prepend one or multiple elements to a list")
    }

    static var rpush: CommandSpec {
        spec("rpush", .right, since: "1.0.0", "Append one or multiple elements to a list")
    }

    static var lpushx: CommandSpec {
        spec(
            "lpushx", .left, since: "2.2.0",
            "Prepend an element to a list, only if the list exists",
            onlyIfThere: true)
    }

    static var rpushx: CommandSpec {
        spec(
            "rpushx", .right, since: "2.2.0",
            "Append an element to a list, only if the list exists",
            onlyIfThere: true)
    }

    private static func spec(
        _ name: String, _ end: ListEnd, since: String, _ summary: String, onlyIfThere: Bool = false
    ) -> CommandSpec {
        CommandSpec(
            name, arity: -3, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "insert"])],
            group: .list, since: since, summary: summary, complexity: complexity,
            syntax: "key element [element ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let key = arguments[1]
            let position = try engine.locateList(key, session)
            if onlyIfThere && position == nil {
                reply.integer(0)
                return
            }
            let writer = engine.listWriter(key, at: position, session)
            for index in 2..<arguments.count { writer.push(arguments[index], end) }
            engine.touch(key, session.database)
            engine.notify(.list, end.pushEvent, key, session.database)
            engine.record(
                .listPush(key: key, end: end, values: arguments.dropFirst(2)),
                database: session.database)
            reply.integer(writer.count)
        }
    }
}
