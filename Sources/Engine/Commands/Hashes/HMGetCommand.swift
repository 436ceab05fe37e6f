/// HMGET key field [field ...]
///
/// The values of fields in the order asked, nil for absent ones. O(1) a field. Errors: WRONGTYPE.
import Bytes
import RESP

enum HMGetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hmget", arity: -3, [.readonly, .fast], keys: [.read], group: .hash, since: "2.0.0",
            summary: "Returns the values of all fields in a hash.",
            complexity: "O(N) where N is the number of fields being requested.",
            syntax: "key field [field ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let hash = try engine.readHash(arguments[1], session)
            reply.array(arguments.count - 2)
            for field in arguments.dropFirst(2) {
                if let value = hash?.value(of: field, engine.heap) {
                    reply.bulk(value)
                } else {
                    reply.null()
                }
            }
        }
    }
}
