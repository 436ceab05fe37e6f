/// Channels (or patterns, or shard channels) by name: found without a copy of the name being made.
///
/// A channel exists as long as somebody is subscribed to it. Names are hashed with a key of our own, for clients
/// choose them; channels of one hash hang in a chain. Beside the hash table stands a list of all, because
/// patterns are walked with every message; who leaves it, the last takes his place.
import Bytes

/// What can be subscribed to.
enum SubscriptionKind: Int, CaseIterable {
    /// A channel: SUBSCRIBE.
    case channel
    /// All channels that match: PSUBSCRIBE.
    case pattern
    /// A channel of its own name space: SSUBSCRIBE.
    case shard
}

/// A channel and who listens to it.
final class MessageChannel {
    /// Its name, or the pattern.
    let name: [UInt8]
    let kind: SubscriptionKind
    /// Who is subscribed; their places are known to them.
    var subscribers: [Connection] = []
    fileprivate let hash: UInt64
    fileprivate var next: MessageChannel?
    fileprivate var place = 0

    fileprivate init(_ name: [UInt8], _ kind: SubscriptionKind, hash: UInt64) {
        self.name = name
        self.kind = kind
        self.hash = hash
    }
}

/// All channels of one kind.
struct ChannelTable {
    let kind: SubscriptionKind
    /// All of them, in no order.
    private(set) var all: [MessageChannel] = []
    private var heads: [UInt64: MessageChannel] = [:]
    private let hasher = SipHash.random()

    init(_ kind: SubscriptionKind) { self.kind = kind }

    /// Channels that somebody listens to.
    var count: Int { all.count }

    /// The channel of this name; nil where nobody is subscribed to it.
    func find(_ name: ByteView) -> MessageChannel? {
        if all.isEmpty { return nil }
        var channel = heads[hasher.hash(name)]
        while let found = channel {
            if found.name.withByteView({ $0 == name }) { return found }
            channel = found.next
        }
        return nil
    }

    /// The channel of this name, made where there is none.
    mutating func findOrMake(_ name: ByteView) -> MessageChannel {
        if let channel = find(name) { return channel }
        let hash = hasher.hash(name)
        let channel = MessageChannel(name.array, kind, hash: hash)
        channel.next = heads[hash]
        channel.place = all.count
        heads[hash] = channel
        all.append(channel)
        return channel
    }

    /// Forgets a channel that nobody listens to any more.
    mutating func remove(_ channel: MessageChannel) {
        if heads[channel.hash] === channel {
            heads[channel.hash] = channel.next
        } else {
            var before = heads[channel.hash]
            while let other = before, other.next !== channel { before = other.next }
            before?.next = channel.next
        }
        channel.next = nil
        let last = all.removeLast()
        if last !== channel {
            all[channel.place] = last
            last.place = channel.place
        }
    }
}
