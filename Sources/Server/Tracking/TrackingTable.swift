/// Keys that clients have read and may keep a copy of, and which clients those are.
///
/// A key stands here from its first read until it changes (or is dropped for room): then its clients are told
/// once, and have to read it again to be told again. As in Redis a key is its name, whatever database it was
/// read in. Clients are remembered by id: who has gone is found out when a message would be due.
///
/// Most keys are read by one client, so the first needs no set of its own.
import Bytes

/// A key that somebody has read.
final class TrackedKey {
    let name: [UInt8]
    fileprivate let first: UInt64
    fileprivate var others: Set<UInt64>?
    fileprivate let hash: UInt64
    fileprivate var next: TrackedKey?
    fileprivate var place = 0

    fileprivate init(_ name: [UInt8], by client: UInt64, hash: UInt64) {
        self.name = name
        self.hash = hash
        first = client
    }

    /// Clients that have read it.
    var clientCount: Int { 1 + (others?.count ?? 0) }

    /// Does it for each client that has read it.
    func forEachClient(_ body: (UInt64) -> Void) {
        body(first)
        if let others { for client in others { body(client) } }
    }

    /// Whether the client is a new one.
    fileprivate func add(_ client: UInt64) -> Bool {
        if client == first { return false }
        return others?.insert(client).inserted ?? addFirstOther(client)
    }

    private func addFirstOther(_ client: UInt64) -> Bool {
        others = [client]
        return true
    }
}

/// All keys that clients have read.
struct TrackingTable {
    private var all: [TrackedKey] = []
    private var heads: [UInt64: TrackedKey] = [:]
    private let hasher = SipHash.random()
    /// Clients of all keys, each counted once a key.
    private(set) var itemCount = 0

    /// Keys in the table.
    var count: Int { all.count }

    /// Remembers that a client has read a key.
    mutating func add(_ name: ByteView, by client: UInt64) {
        let hash = hasher.hash(name)
        if let key = find(name, hash) {
            if key.add(client) { itemCount += 1 }
            return
        }
        let key = TrackedKey(name.array, by: client, hash: hash)
        key.next = heads[hash]
        key.place = all.count
        heads[hash] = key
        all.append(key)
        itemCount += 1
    }

    /// Takes a key out, nil where nobody has read it.
    mutating func remove(_ name: ByteView) -> TrackedKey? {
        if all.isEmpty { return nil }
        guard let key = find(name, hasher.hash(name)) else { return nil }
        remove(key)
        return key
    }

    /// Takes a random key out; nil where there is none.
    mutating func removeRandom() -> TrackedKey? {
        guard let key = all.randomElement() else { return nil }
        remove(key)
        return key
    }

    /// Forgets all keys.
    mutating func removeAll() {
        all = []
        heads = [:]
        itemCount = 0
    }

    private func find(_ name: ByteView, _ hash: UInt64) -> TrackedKey? {
        var key = heads[hash]
        while let found = key {
            if found.name.withByteView({ $0 == name }) { return found }
            key = found.next
        }
        return nil
    }

    private mutating func remove(_ key: TrackedKey) {
        if heads[key.hash] === key {
            heads[key.hash] = key.next
        } else {
            var before = heads[key.hash]
            while let other = before, other.next !== key { before = other.next }
            before?.next = key.next
        }
        key.next = nil
        itemCount -= key.clientCount
        let last = all.removeLast()
        if last !== key {
            all[key.place] = last
            last.place = key.place
        }
    }
}
