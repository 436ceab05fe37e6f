/// ZSCORE key member, ZMSCORE key member [member ...]
///
/// The scores of members, nil for those that are absent. O(1) a member. Errors: WRONGTYPE.
import Bytes
import RESP

enum ZScoreCommands {
    static var zscore: CommandSpec {
        CommandSpec(
            "zscore", arity: 3, [.readonly, .fast], keys: [.read], group: .sortedSet,
            since: "1.2.0",
            summary: "Get the score associated with the given member in a sorted set",
            syntax: "key member"
        ) { engine, session, arguments, reply throws(CommandError) in
            let value = try engine.readSortedSet(arguments[1], session)
            reply.score(value?.score(of: arguments[2], engine.heap))
        }
    }

    static var zmscore: CommandSpec {
        CommandSpec(
            "zmscore", arity: -3, [.readonly, .fast], keys: [.read], group: .sortedSet,
            since: "6.2.0",
            summary: "Get the score associated with the given members in a sorted set",
            complexity: "O(N) where N is the number of members being requested.",
            syntax: "key member [member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            let value = try engine.readSortedSet(arguments[1], session)
            let members = arguments.dropFirst(2)
            reply.array(members.count)
            for member in members { reply.score(value?.score(of: member, engine.heap)) }
        }
    }
}

extension ReplyWriter {
    /// A score, or nil.
    fileprivate func score(_ score: Double?) {
        if let score { double(score) } else { null() }
    }
}
