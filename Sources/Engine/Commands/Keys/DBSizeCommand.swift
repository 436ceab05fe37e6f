/// DBSIZE
///
/// Keys in the database, those past their deadline but not yet deleted included. O(1).
import Bytes
import RESP

enum DBSizeCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "dbsize", arity: 1, [.readonly, .fast], group: .server, since: "1.0.0",
            summary: "Returns the number of keys in the database.",
            tips: ["request_policy:all_shards", "response_policy:agg_sum"],
            categories: ["keyspace"]
        ) { engine, session, _, reply throws(CommandError) in
            reply.integer(engine.keyspace.keyCount(database: session.database))
        }
    }
}
