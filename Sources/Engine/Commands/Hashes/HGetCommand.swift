/// HGET key field
///
/// The value of a field, nil where hash or field is absent. O(1). Errors: WRONGTYPE.
import Bytes
import RESP

enum HGetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hget", arity: 3, [.readonly, .fast], keys: [.read], group: .hash, since: "2.0.0",
            summary: "Returns the value of a field in a hash.", syntax: "key field"
        ) { engine, session, arguments, reply throws(CommandError) in
            let hash = try engine.readHash(arguments[1], session)
            if let value = hash?.value(of: arguments[2], engine.heap) {
                reply.bulk(value)
            } else {
                reply.null()
            }
        }
    }
}
