/// HGETALL, HKEYS and HVALS key
///
/// All fields with their values, or either half, in no order. O(n). Empty where the key is absent.
/// Errors: WRONGTYPE.
import Bytes
import RESP

enum HGetAllCommand {
    static var hgetall: CommandSpec {
        CommandSpec(
            "hgetall", arity: 2, [.readonly], keys: [.read], group: .hash, since: "2.0.0",
            summary: "Returns all fields and values in a hash.",
            complexity: "O(N) where N is the size of the hash.", syntax: "key",
            tips: ["nondeterministic_output_order"]
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let hash = try engine.readHash(arguments[1], session) else {
                reply.map(0)
                return
            }
            reply.map(hash.presentCount)
            hash.forEach { field, value in
                reply.bulk(field)
                reply.bulk(value)
            }
        }
    }

    static var hkeys: CommandSpec {
        half("hkeys", "Returns all fields in a hash.") { field, _ in field }
    }

    static var hvals: CommandSpec {
        half("hvals", "Returns all values in a hash.") { _, value in value }
    }

    private static func half(
        _ name: String, _ summary: String, _ pick: @escaping (ByteView, ByteView) -> ByteView
    ) -> CommandSpec {
        CommandSpec(
            name, arity: 2, [.readonly], keys: [.read], group: .hash, since: "2.0.0",
            summary: summary, complexity: "O(N) where N is the size of the hash.", syntax: "key",
            tips: ["nondeterministic_output_order"]
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let hash = try engine.readHash(arguments[1], session) else {
                reply.array(0)
                return
            }
            reply.array(hash.presentCount)
            hash.forEach { reply.bulk(pick($0, $1)) }
        }
    }
}
