/// Messages on their way to subscribers.
///
/// A message is encoded once for each protocol version that has a listener, however many listen, and copied
/// behind each connection's output. What a client that speaks to itself publishes (RESP3, or within MULTI)
/// comes behind the reply of its command, as in Redis 7.2; 7.0 put it in front, in a transaction even between
/// the elements of the reply.
///
/// ORDER: messages leave with the tick, behind the commit of what was executed in it: nobody hears of a write
/// that is not safe (appendfsync always).
import Bytes
import Engine
import RESP

/// One message in both protocol versions, each encoded when the first listener needs it.
final class MessageForms {
    private let forms = [ReplyWriter(capacity: 512), ReplyWriter(capacity: 512)]

    init() {
        forms[0].version = 2
        forms[1].version = 3
    }

    /// Forgets the last message.
    func removeAll() {
        for form in forms { form.bytes.removeAll(keepingUpTo: 64 << 10) }
    }

    /// The message as a client of this version reads it.
    @inline(__always)
    func view(version: Int, _ write: (ReplyWriter) -> Void) -> ByteView {
        let form = forms[version - 2]
        if form.bytes.count == 0 { write(form) }
        return form.bytes.view
    }
}

extension Server {
    /// Sends a message to a channel; answers how many subscriptions it reached.
    @discardableResult
    func publish(_ message: ByteView, to name: ByteView) -> Int {
        var receivers = 0
        if let channel = subscriptions[.channel].find(name) {
            receivers += deliver(message, "message", channel, name)
        }
        for pattern in subscriptions[.pattern].all {
            let isMatch = pattern.name.withByteView { GlobPattern.matches($0, name) }
            if isMatch { receivers += deliver(message, "pmessage", pattern, name) }
        }
        return receivers
    }

    /// Sends a message to a shard channel; answers how many it reached.
    func publishToShard(_ message: ByteView, _ name: ByteView) -> Int {
        guard let channel = subscriptions[.shard].find(name) else { return 0 }
        return deliver(message, "smessage", channel, name)
    }

    private func deliver(
        _ message: ByteView, _ word: StaticString, _ channel: MessageChannel, _ name: ByteView
    ) -> Int {
        let forms = messageForms
        forms.removeAll()
        for connection in channel.subscribers {
            let view = forms.view(version: connection.session.version) { writer in
                let isPattern = channel.kind == .pattern
                writer.push(isPattern ? 4 : 3)
                writer.bulk(ByteView(word))
                if isPattern { writer.bulk(channel.name) }
                writer.bulk(name)
                writer.bulk(message)
            }
            connection.push(view)
        }
        return channel.subscribers.count
    }

    // MARK: Keyspace notifications

    /// Has the engine tell of keyspace events that somebody asked for.
    func observeKeyspaceEvents() {
        engine.onKeyspaceEvent = { [unowned self] event, key, database in
            publishEvent(ByteView(event), key, database)
        }
    }

    /// Publishes to `__keyspace@N__:key` and `__keyevent@N__:event`, as `notify-keyspace-events` has it.
    private func publishEvent(_ event: ByteView, _ key: ByteView, _ database: Int) {
        if subscriptions.isEmpty { return }
        let wanted = engine.settings.notifiedEvents
        let channel = eventChannel
        func name(_ kind: StaticString, _ rest: ByteView) -> ByteView {
            channel.removeAll(keepingUpTo: 64 << 10)
            channel.append(kind)
            channel.append(decimal: database)
            channel.append("__:")
            channel.append(rest)
            return channel.view
        }
        if wanted.contains(.keyspace) { publish(event, to: name("__keyspace@", key)) }
        if wanted.contains(.keyevent) { publish(key, to: name("__keyevent@", event)) }
    }
}
