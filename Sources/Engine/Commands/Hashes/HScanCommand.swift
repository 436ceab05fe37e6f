/// HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]
///
/// Hands fields and values out a few segments at a time; a small hash at once. A field present throughout
/// is handed out. O(1) a call, O(n) for all. Replies the next cursor (0: done) and the pairs. Errors: WRONGTYPE.
import Bytes
import RESP

enum HScanCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "hscan", arity: -3, [.readonly], keys: [.read], group: .hash, since: "2.8.0",
            summary: "Iterates over fields and values of a hash.",
            complexity: "O(1) for every call. O(N) for a complete iteration.",
            syntax: "key cursor [MATCH pattern] [COUNT count]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let cursor = try ScanOptions.cursor(arguments[2])
            guard let hash = try engine.readHash(arguments[1], session) else {
                reply.scanResult(0, count: 0, ByteWriter(capacity: 64))
                return
            }
            let options = try ScanOptions(arguments, from: 3)
            let found = ByteWriter(capacity: 4096)
            let inner = ReplyWriter(writingTo: found)
            var count = 0
            func add(_ field: ByteView, _ value: ByteView) {
                guard options.matches(field) else { return }
                inner.bulk(field)
                inner.bulk(value)
                count += 2
            }
            var next: UInt64 = 0
            if hash.isPacked {
                hash.forEach(add)
            } else {
                next = hash.entry.table.scan(from: cursor, limit: options.count, engine.heap) {
                    if hash.isPresent($0) { add($0.key, $0.value) }
                }
            }
            reply.scanResult(next, count: count, found)
        }
    }
}
