/// SMOVE source destination member
///
/// Moves a member from one set to another. O(1). Replies 1, or 0 where it is not in the source. Errors: WRONGTYPE.
import Bytes
import RESP
import Records

enum SMoveCommand {
    static var spec: CommandSpec {
        CommandSpec(
            "smove", arity: 4, [.write, .fast],
            keys: [
                KeySpec(["RW", "access", "delete"]), KeySpec(["RW", "insert"], first: 2),
            ], group: .set, since: "1.0.0", summary: "Move a member from one set to another",
            syntax: "source destination member"
        ) { engine, session, arguments, reply throws(CommandError) in
            let source = arguments[1]
            let destination = arguments[2]
            let member = arguments[3]
            guard let found = engine.locate(source, session) else {
                reply.integer(0)
                return
            }
            guard found.entry.kind.isSet else { throw .wrongType }
            _ = try engine.locateSet(destination, session)
            let isThere = SetValue(found.entry).contains(member, engine.heap)
            if !isThere || source == destination {
                reply.integer(isThere ? 1 : 0)
                return
            }
            let taker = engine.setWriter(found, session)
            _ = taker.remove(member)
            engine.record(
                .setMove(source: source, destination: destination, member: member),
                database: session.database)
            engine.finishTaking(taker, source, "srem", session)
            let target = try engine.locateSet(destination, session)
            let isNew = engine.setWriter(destination, at: target, session).add(member)
            if isNew {
                engine.touch(destination, session.database)
                engine.notify(.set, "sadd", destination, session.database)
            }
            reply.integer(1)
        }
    }
}
