/// FLUSHDB [ASYNC | SYNC] and FLUSHALL [ASYNC | SYNC]
///
/// Empties a database, or all. O(1) here whatever the option: the memory is freed on another thread.
import Bytes
import RESP

enum FlushCommands {
    static var flushdb: CommandSpec {
        CommandSpec(
            "flushdb", arity: -1, [.write], group: .server, since: "1.0.0",
            summary: "Removes all keys from the current database.",
            complexity: "O(N) where N is the number of keys in the selected database",
            syntax: "[ASYNC | SYNC]",
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
            categories: ["keyspace", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            try check(arguments)
            engine.touchDatabase(session.database)
            engine.keyspace.flush(database: session.database)
            engine.onFlush?()
            engine.signalAll([session.database])
            engine.record(.flushDatabase, database: session.database)
            reply.ok()
        }
    }

    static var flushall: CommandSpec {
        CommandSpec(
            "flushall", arity: -1, [.write], group: .server, since: "1.0.0",
            summary: "Removes all keys from all databases.",
            complexity: "O(N) where N is the total number of keys in all databases",
            syntax: "[ASYNC | SYNC]",
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
            categories: ["keyspace", "dangerous"]
        ) { engine, session, arguments, reply throws(CommandError) in
            try check(arguments)
            for database in 0..<engine.keyspace.databaseCount {
                engine.touchDatabase(database)
                engine.keyspace.flush(database: database)
            }
            engine.onFlush?()
            engine.signalAll(Array(0..<engine.keyspace.databaseCount))
            engine.record(.flushAll, database: session.database)
            reply.ok()
        }
    }

    private static func check(_ arguments: ByteViews) throws(CommandError) {
        if arguments.count == 1 { return }
        let word = arguments[1]
        guard arguments.count == 2,
            word.equalsIgnoringCase("async") || word.equalsIgnoringCase("sync")
        else { throw .syntax }
    }
}
