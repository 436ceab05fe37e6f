/// PUBLISH channel message
///
/// Sends a message to all who are subscribed to the channel or to a pattern that it matches. O(N+M) in
/// subscribers of the channel and patterns of the server. Replies how many subscriptions it reached.
///
/// SPUBLISH shardchannel message
///
/// The same for a shard channel, which patterns don't match.
import Bytes
import Engine
import RESP

extension Server {
    func publishCommand() -> CommandSpec {
        CommandSpec(
            "publish", arity: 3, [.pubsub, .loading, .stale, .fast],
            channels: ChannelSpec(last: 1), group: .pubsub, since: "2.0.0",
            summary: "Posts a message to a channel.",
            complexity:
                "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
            syntax: "channel message"
        ) { [unowned self] _, _, arguments, reply throws(CommandError) in
            reply.integer(publish(arguments[2], to: arguments[1]))
        }
    }

    func shardPublishCommand() -> CommandSpec {
        CommandSpec(
            "spublish", arity: 3, [.pubsub, .loading, .stale, .fast],
            keys: [KeySpec(["not_key"])], channels: ChannelSpec(last: 1), group: .pubsub,
            since: "7.0.0",
            summary: "Post a message to a shard channel",
            complexity:
                "O(N) where N is the number of clients subscribed to the receiving shard channel.",
            syntax: "shardchannel message"
        ) { [unowned self] _, _, arguments, reply throws(CommandError) in
            reply.integer(publishToShard(arguments[2], arguments[1]))
        }
    }
}
