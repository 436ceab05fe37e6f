/// PUBSUB CHANNELS [pattern], PUBSUB NUMSUB [channel ...], PUBSUB NUMPAT, PUBSUB SHARDCHANNELS [pattern],
/// PUBSUB SHARDNUMSUB [shardchannel ...], PUBSUB HELP
///
/// Who listens: channels with a subscriber, in no order; subscribers of channels (patterns not counted); how many
/// patterns there are. O(N) in channels for the lists, O(1) a channel for the counts.
import Bytes
import Engine
import RESP

extension Server {
    func pubsubCommand() -> CommandSpec {
        CommandSpec(
            container: "pubsub", group: .pubsub, since: "2.8.0",
            summary: "A container for Pub/Sub commands.",
            subcommands: [
                pubsubWord(
                    "channels", -2, "2.8.0", "Returns the active channels.",
                    "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
                    "[pattern]"
                ) { [unowned self] (arguments, reply) throws(CommandError) in
                    try list(.channel, arguments, reply)
                },
                pubsubWord(
                    "shardchannels", -2, "7.0.0", "Returns the active shard channels.",
                    "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
                    "[pattern]"
                ) { [unowned self] (arguments, reply) throws(CommandError) in
                    try list(.shard, arguments, reply)
                },
                pubsubWord(
                    "numsub", -2, "2.8.0", "Returns a count of subscribers to channels.",
                    "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
                    "[channel [channel ...]]"
                ) { [unowned self] (arguments, reply) in count(.channel, arguments, reply) },
                pubsubWord(
                    "shardnumsub", -2, "7.0.0",
                    "Returns the count of subscribers of shard channels.",
                    "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
                    "[shardchannel [shardchannel ...]]"
                ) { [unowned self] (arguments, reply) in count(.shard, arguments, reply) },
                pubsubWord(
                    "numpat", 2, "2.8.0", "Returns a count of unique pattern subscriptions.",
                    "O(1)",
                    ""
                ) { [unowned self] (_, reply) in reply.integer(subscriptions[.pattern].count) },
                helpWord(
                    of: "pubsub", group: .pubsub, since: "6.2.0", categories: [], PubSubHelp.lines),
            ])
    }

    private func pubsubWord(
        _ name: String, _ arity: Int, _ since: String, _ summary: String, _ complexity: String,
        _ syntax: String, _ run: @escaping (ByteViews, ReplyWriter) throws(CommandError) -> Void
    ) -> CommandSpec {
        CommandSpec(
            name, arity: arity, [.pubsub, .loading, .stale], group: .pubsub, since: since,
            summary: summary, complexity: complexity, syntax: syntax
        ) { _, _, arguments, reply throws(CommandError) in try run(arguments, reply) }
    }

    private func list(
        _ kind: SubscriptionKind, _ arguments: ByteViews, _ reply: ReplyWriter
    ) throws(CommandError) {
        if arguments.count > 3 { throw .subcommandSyntax(arguments[1], of: "pubsub") }
        let all = subscriptions[kind].all
        guard arguments.count == 3 else {
            reply.array(all.count)
            for channel in all { reply.bulk(channel.name) }
            return
        }
        let found = all.filter { channel in
            channel.name.withByteView { GlobPattern.matches(arguments[2], $0) }
        }
        reply.array(found.count)
        for channel in found { reply.bulk(channel.name) }
    }

    private func count(_ kind: SubscriptionKind, _ arguments: ByteViews, _ reply: ReplyWriter) {
        let names = arguments.dropFirst(2)
        reply.array(names.count * 2)
        for name in names {
            reply.bulk(name)
            reply.integer(subscriptions[kind].find(name)?.subscribers.count ?? 0)
        }
    }
}

/// What PUBSUB HELP says.
private enum PubSubHelp {
    static let lines = [
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: '*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
    ]
}
