/// GET key
///
/// The string at `key`, nil where it is absent. O(1). Errors: WRONGTYPE.
import Bytes
import RESP

enum GetCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "get", arity: 2, [.readonly, .fast], keys: [.read], group: .string, since: "1.0.0",
            summary: "Returns the string value of a key.", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.read(arguments[1], session) else {
                reply.null()
                return
            }
            try reply.string(entry)
        }
    }
}

extension ReplyWriter {
    /// The string that an entry holds, as a bulk string.
    @inline(__always)
    func string(_ entry: Entry) throws(CommandError) {
        switch entry.kind {
        case .string: bulk(entry.value)
        case .integer: bulk(decimal: entry.integer)
        default: throw .wrongType
        }
    }
}
