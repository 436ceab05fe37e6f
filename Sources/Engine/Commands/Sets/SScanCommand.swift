/// SSCAN key cursor [MATCH pattern] [COUNT count]
///
/// Hands members out a few segments at a time; a small set at once. A member present throughout is
/// handed out. O(1) a call, O(n) for all. Replies the next cursor (0: done) and members. Errors: WRONGTYPE.
import Bytes
import RESP

enum SScanCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "sscan", arity: -3, [.readonly], keys: [.read], group: .set, since: "2.8.0",
            summary: "Incrementally iterate Set elements",
            complexity: "O(1) for every call. O(N) for a complete iteration.",
            syntax: "key cursor [MATCH pattern] [COUNT count]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let cursor = try ScanOptions.cursor(arguments[2])
            guard let set = try engine.readSet(arguments[1], session) else {
                reply.scanResult(0, count: 0, ByteWriter(capacity: 64))
                return
            }
            let options = try ScanOptions(arguments, from: 3)
            let found = ByteWriter(capacity: 4096)
            let inner = ReplyWriter(writingTo: found)
            var count = 0
            func add(_ member: ByteView) {
                guard options.matches(member) else { return }
                inner.bulk(member)
                count += 1
            }
            var next: UInt64 = 0
            if set.entry.kind == .tableSet {
                next = set.entry.table.scan(from: cursor, limit: options.count, engine.heap) {
                    add($0.key)
                }
            } else {
                set.forEach(add)
            }
            reply.scanResult(next, count: count, found)
        }
    }
}
