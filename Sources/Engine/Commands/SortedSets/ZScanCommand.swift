/// ZSCAN key cursor [MATCH pattern] [COUNT count]
///
/// Hands members and scores out a few segments at a time; a small sorted set at once. A member present
/// throughout is handed out. O(1) a call, O(n) for all. Replies the next cursor (0: done) and the pairs.
/// Errors: WRONGTYPE.
import Bytes
import RESP

enum ZScanCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "zscan", arity: -3, [.readonly], keys: [.read], group: .sortedSet, since: "2.8.0",
            summary: "Incrementally iterate sorted sets elements and associated scores",
            complexity:
                "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
            syntax: "key cursor [MATCH pattern] [COUNT count]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            let cursor = try ScanOptions.cursor(arguments[2])
            guard let value = try engine.readSortedSet(arguments[1], session) else {
                reply.scanResult(0, count: 0, ByteWriter(capacity: 64))
                return
            }
            let options = try ScanOptions(arguments, from: 3)
            let found = ByteWriter(capacity: 4096)
            let inner = ReplyWriter(writingTo: found)
            var count = 0
            func add(_ member: ByteView, _ score: Double) {
                guard options.matches(member) else { return }
                inner.bulk(member)
                // Redis's small sorted sets keep whole scores as integers, and here it shows.
                if value.isPacked, score.magnitude <= 0x1p62, let whole = Int64(exactly: score) {
                    inner.bulk(decimal: whole)
                } else {
                    inner.bulk(double: score)
                }
                count += 2
            }
            var next: UInt64 = 0
            if value.isPacked {
                value.forEach(add)
            } else {
                next = value.table.scan(from: cursor, limit: options.count, engine.heap) {
                    add($0.key, $0.score)
                }
            }
            reply.scanResult(next, count: count, found)
        }
    }
}
