/// SRANDMEMBER key [count]
///
/// Random members: one; `count` different ones; or, for a negative count, that many which may repeat.
/// O(count). Replies nil (one) or an empty array where the key is absent. Errors: WRONGTYPE, range.
import Bytes
import RESP

enum SRandMemberCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "srandmember", arity: -2, [.readonly], keys: [.read], group: .set, since: "1.0.0",
            summary: "Get one or multiple random members from a set",
            complexity:
                "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
            syntax: "key [count]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw .syntax }
            if arguments.count == 2 {
                let set = try engine.readSet(arguments[1], session)
                let isThere: Void? = set?.withRandomMember(&engine.random, engine.scratch) {
                    reply.bulk($0)
                }
                if isThere == nil { reply.null() }
                return
            }
            guard let count = Decimal.parse(arguments[2]) else { throw .notAnInteger }
            if count == .min { throw .outOfRange(-.max, .max) }
            guard let set = try engine.readSet(arguments[1], session) else {
                reply.array(0)
                return
            }
            if count < 0 {
                reply.array(Int(-count))
                for _ in 0..<(-count) {
                    _ = set.withRandomMember(&engine.random, engine.scratch) { reply.bulk($0) }
                }
            } else {
                distinct(set, Int(count), engine, reply)
            }
        }
    }

    private static func distinct(
        _ set: SetValue, _ count: Int, _ engine: Engine, _ reply: ReplyWriter
    ) {
        let total = set.count
        let wanted = min(count, total)
        reply.array(wanted)
        if wanted == 0 { return }
        if wanted * 3 > total || set.entry.kind != .tableSet {
            // Most are wanted: choose while walking (each subset as likely as any other).
            var left = total
            var need = wanted
            set.forEach { member in
                if need > 0, Int.random(in: 0..<left, using: &engine.random) < need {
                    reply.bulk(member)
                    need -= 1
                }
                left -= 1
            }
            return
        }
        var seen = Set<ByteView>()
        while seen.count < wanted {
            guard let entry = set.entry.table.randomEntry(using: &engine.random) else { return }
            if seen.insert(entry.key).inserted { reply.bulk(entry.key) }
        }
    }
}
