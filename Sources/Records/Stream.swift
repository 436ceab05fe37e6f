/// Streams as every backend sees them: ids, changes, and how a frozen one is read.
///
/// A stream is a log of entries by rising id, and groups of consumers that read it: what was delivered and
/// not acknowledged is pending, in its group and with one consumer of it.
import Bytes

/// Identifies an entry of a stream: milliseconds and a number within them.
public struct StreamID: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// Milliseconds since 1970, as a rule.
    public var milliseconds: UInt64
    /// Counts within the millisecond.
    public var sequence: UInt64

    /// An id.
    @inline(__always)
    public init(_ milliseconds: UInt64, _ sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// The lowest id, 0-0, which no entry has.
    public static let minimum = StreamID(0, 0)
    /// The highest id.
    public static let maximum = StreamID(.max, .max)

    /// Order by milliseconds, then by sequence.
    @inline(__always)
    public static func < (left: StreamID, right: StreamID) -> Bool {
        left.milliseconds != right.milliseconds
            ? left.milliseconds < right.milliseconds : left.sequence < right.sequence
    }
}

/// One deterministic change of one stream.
public enum StreamChange {
    /// The entry is added behind the last; the stream is made if absent.
    case add(id: StreamID, fields: ByteViews)
    /// These entries are gone; the stream stays, even empty.
    case delete(ids: [StreamID])
    /// The `count` oldest entries are gone.
    case trimOldest(count: Int, length: Int)
    /// Last id, entries ever added, and the highest id ever deleted; the stream is made if absent.
    case setID(last: StreamID, entriesAdded: UInt64, maximumDeleted: StreamID)
    /// A consumer group begins; the stream is made if absent. entriesRead -1: unknown.
    case createGroup(name: ByteView, last: StreamID, entriesRead: Int64)
    /// A group stands elsewhere now.
    case setGroup(name: ByteView, last: StreamID, entriesRead: Int64)
    /// A group is gone, with what was pending in it.
    case destroyGroup(name: ByteView)
    /// A consumer of a group begins.
    case createConsumer(group: ByteView, name: ByteView)
    /// A consumer is gone, with what was pending for it.
    case deleteConsumer(group: ByteView, name: ByteView)
    /// These entries are not pending in the group any more.
    case acknowledge(group: ByteView, ids: [StreamID])
    /// The entry is pending for the consumer (both are made pending if they were not), delivered at
    /// `time` (milliseconds since 1970) for the `count`-th time; the group's last id is `last` at least.
    case claim(
        group: ByteView, consumer: ByteView, id: StreamID, time: Int64, count: UInt64,
        last: StreamID)
}

/// A frozen stream.
public protocol FrozenStream {
    /// Its figures.
    var facts: StreamFacts { get }
    /// Hands every entry to `visit`, by rising id; fields at even places, values behind them.
    func forEachEntry(_ visit: (_ id: StreamID, _ fields: ByteViews) throws -> Void) throws
    /// Hands every consumer group to `visit`, in no order.
    func forEachGroup(_ visit: (_ group: any FrozenStreamGroup) throws -> Void) throws
}

/// The figures of a stream.
public struct StreamFacts: Hashable, Sendable {
    /// Entries in it.
    public var length: Int
    /// The highest id ever added.
    public var last: StreamID
    /// The id of the first entry; 0-0 in an empty stream.
    public var first: StreamID
    /// The highest id ever deleted by XDEL; 0-0: none.
    public var maximumDeleted: StreamID
    /// Entries ever added.
    public var entriesAdded: UInt64

    /// Figures.
    public init(
        length: Int, last: StreamID, first: StreamID, maximumDeleted: StreamID,
        entriesAdded: UInt64
    ) {
        self.length = length
        self.last = last
        self.first = first
        self.maximumDeleted = maximumDeleted
        self.entriesAdded = entriesAdded
    }
}

/// A consumer group of a frozen stream.
public protocol FrozenStreamGroup {
    /// The group's name.
    var name: ByteView { get }
    /// The last id delivered.
    var last: StreamID { get }
    /// Entries read so far; -1: unknown.
    var entriesRead: Int64 { get }
    /// Entries delivered and not acknowledged.
    var pendingCount: Int { get }
    /// Hands every pending entry to `visit`, by rising id.
    func forEachPending(_ visit: (_ pending: StreamPending) throws -> Void) throws
    /// Hands every consumer to `visit`, in no order.
    func forEachConsumer(_ visit: (_ consumer: StreamConsumer) throws -> Void) throws
}

/// An entry that was delivered to a consumer and not acknowledged.
public struct StreamPending {
    /// The entry.
    public let id: StreamID
    /// To whom it was delivered; borrowed during the visit.
    public let consumer: ByteView
    /// When it was delivered last, in milliseconds since 1970.
    public let time: Int64
    /// How often it was delivered.
    public let count: UInt64

    /// A pending entry.
    public init(id: StreamID, consumer: ByteView, time: Int64, count: UInt64) {
        self.id = id
        self.consumer = consumer
        self.time = time
        self.count = count
    }
}

/// A consumer of a group; borrowed during the visit.
public struct StreamConsumer {
    /// Its name.
    public let name: ByteView
    /// When it last tried anything, in milliseconds since 1970.
    public let seenTime: Int64
    /// When it last got or claimed an entry; -1: never.
    public let activeTime: Int64
    /// Entries pending for it.
    public let pendingCount: Int

    /// A consumer.
    public init(name: ByteView, seenTime: Int64, activeTime: Int64, pendingCount: Int) {
        self.name = name
        self.seenTime = seenTime
        self.activeTime = activeTime
        self.pendingCount = pendingCount
    }
}
