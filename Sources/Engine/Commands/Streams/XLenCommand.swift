/// XLEN key
///
/// Replies how many entries a stream has. O(1). Errors: WRONGTYPE.
import Bytes
import RESP

enum XLenCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "xlen", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .stream,
            since: "5.0.0", summary: "Return the number of entries in a stream", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            reply.integer(try engine.readStream(arguments[1], session)?.length ?? 0)
        }
    }
}
