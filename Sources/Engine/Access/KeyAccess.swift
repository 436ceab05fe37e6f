/// What a command does to a key, and what a user may do to the keys of a pattern.

/// Reading and writing, or neither: what only looks whether a key is there (EXISTS, TYPE) needs no right but
/// that some pattern names the key.
public struct KeyAccess: OptionSet, Sendable, Hashable {
    /// The set's bits.
    public let rawValue: UInt8
    /// A set of rights.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Learns what is in the key.
    public static let read = KeyAccess(rawValue: 1)
    /// Changes, adds to or deletes what is in it.
    public static let write = KeyAccess(rawValue: 2)
    /// Both.
    public static let all: KeyAccess = [.read, .write]

    /// What the flags of a key specification amount to.
    init(flags: [String]) {
        self = []
        if flags.contains("access") { insert(.read) }
        if !Set(["insert", "update", "delete"]).isDisjoint(with: flags) { insert(.write) }
    }
}

/// A pattern of keys and what may be done to them: `~app:*`, `%R~app:*`, `%W~app:*`.
struct KeyPattern: Sendable, Hashable {
    let pattern: [UInt8]
    var access: KeyAccess

    /// The word of a rule that makes it.
    var word: [UInt8] {
        switch access {
        case .read: Array("%R~".utf8) + pattern
        case .write: Array("%W~".utf8) + pattern
        default: Array("~".utf8) + pattern
        }
    }
}
