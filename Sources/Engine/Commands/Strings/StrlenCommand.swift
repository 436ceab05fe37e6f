/// STRLEN key
///
/// Bytes of the string at `key`, 0 where it is absent. O(1). Errors: WRONGTYPE.
import Bytes
import RESP

enum StrlenCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "strlen", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .string,
            since: "2.2.0", summary: "Returns the length of the string at a key.", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.read(arguments[1], session) else {
                reply.integer(0)
                return
            }
            reply.integer(try SetrangeCommand.length(of: entry))
        }
    }
}
