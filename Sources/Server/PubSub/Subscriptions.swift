/// Who is subscribed to what.
///
/// Both ends know each other: a channel lists its subscribers, a connection its channels, and in each its own
/// place. So a subscription is made and undone in O(1), however many listen to the channel and however many the
/// client listens to; and a client that leaves costs what it was subscribed to.
///
/// INVARIANT 1: `channel.subscribers[place] === connection` for each place that the connection knows.
/// INVARIANT 2: a channel in a table has a subscriber.
import Bytes
import Engine

/// What one connection is subscribed to.
final class ConnectionSubscriptions {
    /// A channel, and the connection's place in its list.
    struct Entry {
        let channel: MessageChannel
        var place: Int
    }

    fileprivate var entries: [[ObjectIdentifier: Entry]] = SubscriptionKind.allCases.map { _ in
        [:]
    }

    /// Subscriptions of a kind.
    func count(_ kind: SubscriptionKind) -> Int { entries[kind.rawValue].count }

    /// Names of all subscriptions of a kind, in no order.
    func names(_ kind: SubscriptionKind) -> [[UInt8]] {
        entries[kind.rawValue].values.map(\.channel.name)
    }

    fileprivate var isEmpty: Bool { entries.allSatisfy(\.isEmpty) }
}

/// All subscriptions of the server.
struct Subscriptions {
    private(set) var tables = SubscriptionKind.allCases.map { ChannelTable($0) }

    /// Whether nobody is subscribed to anything.
    var isEmpty: Bool { tables.allSatisfy { $0.count == 0 } }

    /// The channels of a kind.
    subscript(kind: SubscriptionKind) -> ChannelTable { tables[kind.rawValue] }

    /// Subscribes a connection; without effect where it is subscribed already.
    mutating func subscribe(_ connection: Connection, _ kind: SubscriptionKind, _ name: ByteView) {
        let own = connection.subscriptions ?? ConnectionSubscriptions()
        connection.subscriptions = own
        let channel = tables[kind.rawValue].findOrMake(name)
        let identity = ObjectIdentifier(channel)
        if own.entries[kind.rawValue][identity] != nil { return }
        own.entries[kind.rawValue][identity] = .init(
            channel: channel, place: channel.subscribers.count)
        channel.subscribers.append(connection)
        connection.session.isSubscribed = true
    }

    /// Undoes a subscription, where there is one.
    mutating func unsubscribe(
        _ connection: Connection, _ kind: SubscriptionKind, _ name: ByteView
    ) {
        guard let own = connection.subscriptions, let channel = self[kind].find(name),
            let entry = own.entries[kind.rawValue].removeValue(forKey: ObjectIdentifier(channel))
        else { return }
        remove(entry)
        if own.isEmpty {
            connection.subscriptions = nil
            connection.session.isSubscribed = false
        }
    }

    /// Undoes all subscriptions of a connection: it is reset, or gone.
    mutating func unsubscribeAll(_ connection: Connection) {
        guard let own = connection.subscriptions else { return }
        for entries in own.entries { for entry in entries.values { remove(entry) } }
        connection.subscriptions = nil
        connection.session.isSubscribed = false
    }

    private mutating func remove(_ entry: ConnectionSubscriptions.Entry) {
        let channel = entry.channel
        let kind = channel.kind.rawValue
        let last = channel.subscribers.removeLast()
        if entry.place < channel.subscribers.count {
            channel.subscribers[entry.place] = last
            last.subscriptions?.entries[kind][ObjectIdentifier(channel)]?.place = entry.place
        }
        if channel.subscribers.isEmpty { tables[kind].remove(channel) }
    }
}
