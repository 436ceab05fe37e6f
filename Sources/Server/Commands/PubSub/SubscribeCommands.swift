/// SUBSCRIBE channel [channel ...], PSUBSCRIBE pattern [pattern ...], SSUBSCRIBE shardchannel [shardchannel ...]
///
/// Subscribes the connection. O(1) a channel. Replies one confirmation for each: its kind, the channel, and how
/// many subscriptions the client has (channels and patterns together; shard channels for themselves). Errors:
/// SSUBSCRIBE within a transaction.
///
/// UNSUBSCRIBE [channel ...], PUNSUBSCRIBE [pattern ...], SUNSUBSCRIBE [shardchannel ...]
///
/// Undoes subscriptions: those named, or all of the kind. O(1) a channel. Replies as above; where there was
/// none to undo, one confirmation with a nil channel.
///
/// The confirmations are pushes in RESP3; CLIENT REPLY OFF and SKIP don't hold them back.
import Bytes
import Engine
import RESP

extension Server {
    func subscriptionCommands() -> [CommandSpec] {
        [
            subscribeWord(
                "subscribe", .channel, "2.0.0", "Listens for messages published to channels.",
                "O(N) where N is the number of channels to subscribe to.", "channel [channel ...]"),
            subscribeWord(
                "psubscribe", .pattern, "2.0.0",
                "Listens for messages published to channels that match one or more patterns.",
                "O(N) where N is the number of patterns to subscribe to.", "pattern [pattern ...]"),
            subscribeWord(
                "ssubscribe", .shard, "7.0.0", "Listens for messages published to shard channels.",
                "O(N) where N is the number of shard channels to subscribe to.",
                "shardchannel [shardchannel ...]"),
            unsubscribeWord(
                "unsubscribe", .channel, "2.0.0",
                "Stops listening to messages posted to channels.",
                "O(N) where N is the number of channels to unsubscribe.", "[channel [channel ...]]"),
            unsubscribeWord(
                "punsubscribe", .pattern, "2.0.0",
                "Stops listening to messages published to channels that match one or more patterns.",
                "O(N) where N is the number of patterns to unsubscribe.", "[pattern [pattern ...]]"),
            unsubscribeWord(
                "sunsubscribe", .shard, "7.0.0",
                "Stops listening to messages posted to shard channels.",
                "O(N) where N is the number of shard channels to unsubscribe.",
                "[shardchannel [shardchannel ...]]"),
        ]
    }

    private static let subscriptionFlags: CommandFlags = [
        .pubsub, .noscript, .loading, .stale, .whileSubscribed,
    ]

    private func keys(_ kind: SubscriptionKind) -> [KeySpec] {
        kind == .shard ? [KeySpec(["not_key"], first: 1, last: -1)] : []
    }

    private func subscribeWord(
        _ word: StaticString, _ kind: SubscriptionKind, _ since: String, _ summary: String,
        _ complexity: String, _ syntax: String
    ) -> CommandSpec {
        CommandSpec(
            "\(word)", arity: -2, Server.subscriptionFlags, keys: keys(kind),
            channels: ChannelSpec(last: -1, isPattern: kind == .pattern), group: .pubsub,
            since: since, summary: summary, complexity: complexity, syntax: syntax
        ) { [unowned self] engine, session, arguments, reply throws(CommandError) in
            if kind == .shard && engine.isExecuting {
                throw CommandError("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
            }
            let connection = try connection(session)
            for name in arguments.dropFirst(1) {
                subscriptions.subscribe(connection, kind, name)
                confirm(word, kind, name, connection, reply)
            }
            connection.isConfirming = true
        }
    }

    private func unsubscribeWord(
        _ word: StaticString, _ kind: SubscriptionKind, _ since: String, _ summary: String,
        _ complexity: String, _ syntax: String
    ) -> CommandSpec {
        CommandSpec(
            "\(word)", arity: -1, Server.subscriptionFlags, keys: keys(kind), group: .pubsub,
            since: since, summary: summary, complexity: complexity, syntax: syntax
        ) { [unowned self] _, session, arguments, reply throws(CommandError) in
            let connection = try connection(session)
            connection.isConfirming = true
            if arguments.count > 1 {
                for name in arguments.dropFirst(1) {
                    subscriptions.unsubscribe(connection, kind, name)
                    confirm(word, kind, name, connection, reply)
                }
                return
            }
            let names = connection.subscriptions?.names(kind) ?? []
            for name in names {
                name.withByteView { view in
                    subscriptions.unsubscribe(connection, kind, view)
                    confirm(word, kind, view, connection, reply)
                }
            }
            if names.isEmpty { confirm(word, kind, nil, connection, reply) }
        }
    }

    private func confirm(
        _ word: StaticString, _ kind: SubscriptionKind, _ name: ByteView?,
        _ connection: Connection, _ reply: ReplyWriter
    ) {
        let own = connection.subscriptions
        reply.push(3)
        reply.bulk(ByteView(word))
        if let name { reply.bulk(name) } else { reply.null() }
        let count =
            kind == .shard
            ? own?.count(.shard) : own.map { $0.count(.channel) + $0.count(.pattern) }
        reply.integer(count ?? 0)
    }
}
