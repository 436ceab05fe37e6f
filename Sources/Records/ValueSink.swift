/// Where a value goes that a reader of any format reads: the engine builds from it, the digest takes it in,
/// tests compare with it.
///
/// One value is one of:
///
///     string | integer
///     beginList (element)*                        beginSet (member | integerMember)*
///     beginSortedSet (member, score)*             beginHash (field)*
///     beginStream (entry)* streamFacts (beginGroup (consumer (pending)*)*)*
///
/// and then nothing, or an error from the reader: then the sink's half of a value is to be thrown away.
/// Views are borrowed for the call. Counts are expectations: never more than the bytes at hand could
/// hold, so a table may be made for them, but they may be wrong.
///
/// The sink answers whether what it got was new. The reader takes "no" for damage: the sink has the
/// table that knows, the reader would have to build a second one.
import Bytes

/// Takes a value as it is read.
public protocol ValueSink: AnyObject {
    /// The value is a string.
    func string(_ value: ByteView) throws
    /// The value is a string that spells an integer.
    func integer(_ value: Int64) throws

    /// The value is a list; its elements follow, from the head.
    func beginList(expecting count: Int) throws
    /// The next element of the list.
    func element(_ value: ByteView) throws

    /// The value is a set; its members follow.
    func beginSet(expecting count: Int, isIntegers: Bool) throws
    /// A member of the set; answers whether it was new.
    func member(_ member: ByteView) throws -> Bool
    /// A member of the set that is an integer, higher than the last; answers whether it was new.
    func integerMember(_ member: Int64) throws -> Bool

    /// The value is a sorted set; its members follow in any order.
    func beginSortedSet(expecting count: Int) throws
    /// A member of the sorted set and its score, which is a number; answers whether it was new.
    func member(_ member: ByteView, score: Double) throws -> Bool

    /// The value is a hash; its fields follow.
    func beginHash(expecting count: Int) throws
    /// A field of the hash; answers whether it was new.
    func field(_ field: ByteView, value: ByteView, deadline: Deadline?) throws -> Bool

    /// The value is a stream; its entries follow.
    func beginStream() throws
    /// An entry, of a higher id than the last; fields at even places, values behind them, at least one.
    func entry(_ id: StreamID, fields: ByteViews) throws
    /// The figures of the stream; all entries have come.
    func streamFacts(_ facts: StreamFacts) throws
    /// A consumer group; answers whether its name was new.
    func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) throws -> Bool
    /// A consumer of the group; answers whether its name was new.
    func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) throws -> Bool
    /// An entry that is pending for the consumer, and for no other of the group.
    func pending(_ id: StreamID, time: Int64, count: UInt64) throws
}

extension ValueSink {
    /// Integers as their text, for sinks that make no difference.
    public func integer(_ value: Int64) throws {
        try Decimal.text(value).withByteView { try string($0) }
    }

    /// Integers as their text, for sinks that make no difference.
    public func integerMember(_ value: Int64) throws -> Bool {
        try Decimal.text(value).withByteView { try member($0) }
    }
}

/// Takes a value and keeps nothing: reading into it checks a value, or skips it.
public final class NullValueSink: ValueSink {
    /// A sink.
    public init() {}
    /// Ignores it.
    public func string(_ value: ByteView) {}
    /// Ignores it.
    public func integer(_ value: Int64) {}
    /// Ignores it.
    public func beginList(expecting count: Int) {}
    /// Ignores it.
    public func element(_ value: ByteView) {}
    /// Ignores it.
    public func beginSet(expecting count: Int, isIntegers: Bool) {}
    /// Takes it for new.
    public func member(_ member: ByteView) -> Bool { true }
    /// Takes it for new.
    public func integerMember(_ member: Int64) -> Bool { true }
    /// Ignores it.
    public func beginSortedSet(expecting count: Int) {}
    /// Takes it for new.
    public func member(_ member: ByteView, score: Double) -> Bool { true }
    /// Ignores it.
    public func beginHash(expecting count: Int) {}
    /// Takes it for new.
    public func field(_ field: ByteView, value: ByteView, deadline: Deadline?) -> Bool { true }
    /// Ignores it.
    public func beginStream() {}
    /// Ignores it.
    public func entry(_ id: StreamID, fields: ByteViews) {}
    /// Ignores it.
    public func streamFacts(_ facts: StreamFacts) {}
    /// Takes it for new.
    public func beginGroup(_ name: ByteView, last: StreamID, entriesRead: Int64) -> Bool { true }
    /// Takes it for new.
    public func consumer(_ name: ByteView, seenTime: Int64, activeTime: Int64) -> Bool { true }
    /// Ignores it.
    public func pending(_ id: StreamID, time: Int64, count: UInt64) {}
}
