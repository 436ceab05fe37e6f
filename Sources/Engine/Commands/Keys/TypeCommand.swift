/// TYPE key
///
/// The name of the value's type, `none` where the key is absent. O(1).
import Bytes
import RESP

enum TypeCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "type", arity: 2, [.readonly, .fast], keys: [KeySpec(["RO"])], group: .generic,
            since: "1.0.0", summary: "Determines the type of value stored at a key.", syntax: "key"
        ) { engine, session, arguments, reply throws(CommandError) in
            guard let entry = engine.read(arguments[1], session, stamps: false) else {
                reply.simple("none")
                return
            }
            reply.simple(entry.kind.typeName)
        }
    }
}

extension EntryKind {
    /// What TYPE answers.
    var typeName: StaticString {
        switch self {
        case .string, .integer: "string"
        case .packedHash, .tableHash: "hash"
        case .packedList, .chunkList: "list"
        case .intSet, .packedSet, .tableSet: "set"
        case .packedSortedSet, .treeSortedSet: "zset"
        case .stream, .streamGroup, .streamConsumer: "stream"
        }
    }
}
