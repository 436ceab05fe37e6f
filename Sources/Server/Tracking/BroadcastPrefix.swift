/// CLIENT TRACKING in broadcast mode: a prefix, who wants to hear of the keys that begin with it, and the keys
/// that have changed since they last heard.
///
/// Keys are collected during a tick and told in one message at its end: a key that changed often is told once.
import Bytes

/// A prefix that clients have asked for.
final class BroadcastPrefix {
    let prefix: [UInt8]
    /// Who is told, by id.
    var clients: [UInt64: Connection] = [:]
    /// Keys that changed, each once, and who changed it.
    private(set) var changes: [Change] = []
    private var places: [[UInt8]: Int] = [:]

    /// A key that changed.
    struct Change {
        let key: [UInt8]
        /// The client whose command changed it; nil: several, or none.
        var client: UInt64?
    }

    init(_ prefix: [UInt8]) { self.prefix = prefix }

    /// Whether a key begins with the prefix.
    func matches(_ key: ByteView) -> Bool {
        guard key.count >= prefix.count else { return false }
        return prefix.withByteView { key[0..<prefix.count] == $0 }
    }

    /// Remembers that a key changed.
    func add(_ key: ByteView, by client: UInt64?) {
        let name = key.array
        if let place = places[name] {
            if changes[place].client != client { changes[place].client = nil }
            return
        }
        places[name] = changes.count
        changes.append(Change(key: name, client: client))
    }

    /// Hands out what changed, and forgets it.
    func takeChanges() -> [Change] {
        defer {
            changes = []
            places = [:]
        }
        return changes
    }
}
