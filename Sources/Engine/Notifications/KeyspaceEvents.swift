/// Keyspace notifications as the engine sees them: what happened, to which key. Who is told is the
/// subscriptions' business.
import Bytes

/// Classes of keyspace events: the letters of `notify-keyspace-events`.
public struct KeyspaceEvents: OptionSet, Sendable, Hashable {
    /// The set's bits.
    public let rawValue: UInt16
    /// A set of classes.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `K`: tell the channel of the key.
    public static let keyspace = KeyspaceEvents(rawValue: 1 << 0)
    /// `E`: tell the channel of the event.
    public static let keyevent = KeyspaceEvents(rawValue: 1 << 1)
    /// `g`: commands of any type (DEL, EXPIRE, RENAME, ...).
    public static let generic = KeyspaceEvents(rawValue: 1 << 2)
    /// `$`
    public static let string = KeyspaceEvents(rawValue: 1 << 3)
    /// `l`
    public static let list = KeyspaceEvents(rawValue: 1 << 4)
    /// `s`
    public static let set = KeyspaceEvents(rawValue: 1 << 5)
    /// `h`
    public static let hash = KeyspaceEvents(rawValue: 1 << 6)
    /// `z`
    public static let sortedSet = KeyspaceEvents(rawValue: 1 << 7)
    /// `x`: a key whose deadline passed was deleted.
    public static let expired = KeyspaceEvents(rawValue: 1 << 8)
    /// `e`: a key was deleted for room.
    public static let evicted = KeyspaceEvents(rawValue: 1 << 9)
    /// `t`
    public static let stream = KeyspaceEvents(rawValue: 1 << 10)
    /// `m`: a read missed its key.
    public static let keyMiss = KeyspaceEvents(rawValue: 1 << 11)
    /// `d`: events of modules.
    public static let module = KeyspaceEvents(rawValue: 1 << 12)
    /// `n`: a key was made.
    public static let new = KeyspaceEvents(rawValue: 1 << 13)

    /// The classes that letters of `notify-keyspace-events` name, `A` for all but `m` and `n`; none where neither
    /// `K` nor `E` says which channels are told. Letters that name none are passed over.
    public init(letters: [UInt8]) {
        var found: KeyspaceEvents = []
        for letter in letters {
            if letter == UInt8(ascii: "A") {
                for name in "g$lshzxetd".utf8 { found.formUnion(Self.classes[name] ?? []) }
            } else {
                found.formUnion(Self.classes[letter] ?? [])
            }
        }
        self = found.isDisjoint(with: [.keyspace, .keyevent]) ? [] : found
    }

    private static let classes: [UInt8: KeyspaceEvents] = [
        UInt8(ascii: "K"): .keyspace, UInt8(ascii: "E"): .keyevent, UInt8(ascii: "g"): .generic,
        UInt8(ascii: "$"): .string, UInt8(ascii: "l"): .list, UInt8(ascii: "s"): .set,
        UInt8(ascii: "h"): .hash, UInt8(ascii: "z"): .sortedSet, UInt8(ascii: "x"): .expired,
        UInt8(ascii: "e"): .evicted, UInt8(ascii: "t"): .stream, UInt8(ascii: "m"): .keyMiss,
        UInt8(ascii: "d"): .module, UInt8(ascii: "n"): .new,
    ]
}

extension Engine {
    /// Something happened to a key; told to whom it may concern, after the change.
    @inline(__always)
    func notify(
        _ event: KeyspaceEvents, _ name: StaticString, _ key: ByteView, _ database: Int
    ) {
        if settings.notifiedEvents.isEmpty { return }
        if settings.notifiedEvents.contains(event) { onKeyspaceEvent?(name, key, database) }
    }
}
