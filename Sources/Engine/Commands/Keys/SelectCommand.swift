/// SELECT index
///
/// Changes the database that the connection's commands act on. O(1). Errors: out of range.
import Bytes
import RESP

enum SelectCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "select", arity: 2, [.loading, .stale, .fast], group: .connection, since: "1.0.0",
            summary: "Changes the selected database.", syntax: "index"
        ) { engine, session, arguments, reply throws(CommandError) in
            session.database = try DatabaseIndex.parse(arguments[1], engine)
            reply.ok()
        }
    }
}
