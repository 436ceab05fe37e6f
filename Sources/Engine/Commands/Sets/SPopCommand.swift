/// SPOP key [count]
///
/// Takes random members out, each subset as likely as any other; an emptied set goes. O(1) a member. Replies
/// the member (nil: no set), or with a count a set of them. Errors: WRONGTYPE, a negative count.
import Bytes
import RESP
import Records

enum SPopCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "spop", arity: -2, [.write, .fast], keys: [KeySpec(["RW", "access", "delete"])],
            group: .set, since: "1.0.0",
            summary: "Remove and return one or multiple random members from a set",
            complexity:
                "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
            syntax: "key [count]", tips: ["nondeterministic_output"]
        ) { engine, session, arguments, reply throws(CommandError) in
            if arguments.count > 3 { throw .syntax }
            if arguments.count == 2 {
                try popOne(engine, session, arguments[1], reply)
                return
            }
            guard let count = Decimal.parse(arguments[2]), count >= 0 else {
                throw .mustBePositive
            }
            let key = arguments[1]
            guard let position = try engine.locateSet(key, session) else {
                reply.set(0)
                return
            }
            let set = SetValue(position.entry)
            let taken = min(Int(count), set.count)
            reply.set(taken)
            if taken == 0 { return }
            if taken == set.count {
                set.forEach { reply.bulk($0) }
                engine.notify(.set, "spop", key, session.database)
                engine.remove(position, database: session.database)
                engine.record(.delete(key: key), database: session.database)
                engine.notify(.generic, "del", key, session.database)
                return
            }
            pop(taken, at: position, engine, session, key, reply)
        }
    }

    private static func popOne(
        _ engine: Engine, _ session: Session, _ key: ByteView, _ reply: ReplyWriter
    ) throws(CommandError) {
        guard let position = try engine.locateSet(key, session) else {
            reply.null()
            return
        }
        let writer = engine.setWriter(position, session)
        // Copied: the set's own bytes go with the member.
        let popped = engine.moving
        popped.removeAll()
        _ = writer.value.withRandomMember(&engine.random, engine.scratch) { popped.append($0) }
        _ = writer.remove(popped.view)
        reply.bulk(popped.view)
        popped.view.withSingleView {
            engine.record(.setRemove(key: key, members: $0), database: session.database)
        }
        engine.finishTaking(writer, key, "spop", session)
    }

    private static func pop(
        _ count: Int, at position: Position, _ engine: Engine, _ session: Session, _ key: ByteView,
        _ reply: ReplyWriter
    ) {
        let writer = engine.setWriter(position, session)
        var popped: [[UInt8]] = []
        while popped.count < count {
            var member: [UInt8]?
            member = writer.value.withRandomMember(&engine.random, engine.scratch) { $0.array }
            guard let member else { break }
            member.withByteView { view in
                _ = writer.remove(view)
                reply.bulk(view)
            }
            popped.append(member)
        }
        for start in stride(from: 0, to: popped.count, by: 64) {
            Array(popped[start..<min(start + 64, popped.count)]).withByteViews {
                engine.record(.setRemove(key: key, members: $0), database: session.database)
            }
        }
        engine.finishTaking(writer, key, "spop", session)
    }
}
