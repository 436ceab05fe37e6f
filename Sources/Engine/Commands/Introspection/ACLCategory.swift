/// The ACL categories of a command: what its flags say, and what its declaration adds.
///
/// Derived as Redis derives them: `write` from the flag, `read` from the readonly flag, `dangerous` from
/// admin, `slow` from the absence of `fast`; the family and the rest are declared.
import Bytes

enum ACLCategory {
    /// All categories, in the order in which Redis prints them.
    static let all = [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
        "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous",
        "connection", "transaction", "scripting",
    ]

    /// The bit of a category by its name in any case.
    static func bit(_ name: ByteView) -> UInt32? {
        all.firstIndex(of: name.text.lowercased()).map { 1 << UInt32($0) }
    }

    /// The bits of these categories.
    static func bits(_ names: [String]) -> UInt32 {
        names.reduce(0) { bits, name in
            bits | (all.firstIndex(of: name).map { 1 << UInt32($0) } ?? 0)
        }
    }

    /// The categories of a command, in that order.
    static func names(of command: Command) -> [String] {
        let flags = command.flags
        var found = Set(command.spec.categories)
        found.insert(flags.contains(.fast) ? "fast" : "slow")
        if flags.contains(.write) { found.insert("write") }
        if flags.contains(.readonly), !found.contains("scripting") { found.insert("read") }
        if flags.contains(.admin) { found.formUnion(["admin", "dangerous"]) }
        if flags.contains(.pubsub) { found.insert("pubsub") }
        if flags.contains(.blocking) { found.insert("blocking") }
        return all.filter(found.contains)
    }
}
