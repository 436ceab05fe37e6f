/// What one write changed: deterministic, free of time and chance, the same for every backend.
///
/// The engine records mutations, not commands: `EXPIRE k 10` arrives here as an absolute deadline,
/// `INCRBYFLOAT` as its result, lazy expiry as `delete`. A backend stores them as it likes: the
/// append-only file as RESP commands, SQLite as rows. Replaying the mutations of a log in order onto
/// the dataset it began with gives the dataset it ended with.
///
/// A mutation borrows: its views are valid during `record` only. Recording allocates nothing.
import Bytes

/// One deterministic change of one database.
public enum Mutation {
    /// The key becomes this string, whatever it was; its deadline becomes `deadline` (nil: none).
    case set(key: ByteView, value: ByteView, deadline: Deadline?)
    /// The key becomes this string and keeps the deadline it has.
    case setKeepingDeadline(key: ByteView, value: ByteView)
    /// Each key (even places) becomes the string after it; deadlines are dropped. All or nothing.
    case setMany(pairs: ByteViews)
    /// The bytes are added behind a string (an absent key is the empty string); the deadline stays.
    case append(key: ByteView, suffix: ByteView)
    /// The bytes replace what stands at `offset` of a string, padded with NUL; the deadline stays.
    case setRange(key: ByteView, offset: Int, bytes: ByteView)
    /// The key is gone: by DEL, expiry or eviction.
    case delete(key: ByteView)
    /// These keys are gone. All or nothing.
    case deleteMany(keys: ByteViews)
    /// The key's deadline becomes `deadline`.
    case expire(key: ByteView, deadline: Deadline)
    /// The key has no deadline any more.
    case persist(key: ByteView)
    /// The value and deadline of `key` now belong to `newKey`, replacing what was there.
    case rename(key: ByteView, newKey: ByteView)
    /// `destination` in `database` becomes a copy of `key`, replacing what was there.
    case copy(key: ByteView, destination: ByteView, database: Int)
    /// The key leaves this database for `database`, where it was absent.
    case move(key: ByteView, database: Int)
    /// Two databases have exchanged their contents.
    case swapDatabases(Int, Int)
    /// This database is empty now.
    case flushDatabase
    /// Every database is empty now.
    case flushAll
    /// The fields (even places) of the hash have the values after them; the hash is made if absent, and
    /// the fields lose the deadlines they had.
    case hashSet(key: ByteView, pairs: ByteViews)
    /// These fields are gone from the hash; an emptied hash is gone with them.
    case hashDelete(key: ByteView, fields: ByteViews)
    /// These fields of the hash, which are there, get the deadline.
    case hashExpire(key: ByteView, deadline: Deadline, fields: ByteViews)
    /// These fields of the hash have no deadline any more.
    case hashPersist(key: ByteView, fields: ByteViews)

    /// The values are added one after the other at an end of the list, which is made if absent.
    case listPush(key: ByteView, end: ListEnd, values: ByteViews)
    /// `count` elements are gone from an end of the list; an emptied list is gone with them.
    case listPop(key: ByteView, end: ListEnd, count: Int)
    /// The element at `index` (0 ..< length) has another value.
    case listSet(key: ByteView, index: Int, value: ByteView)
    /// `value` stands before or behind the first element equal to `pivot`.
    case listInsert(key: ByteView, pivot: ByteView, isBefore: Bool, value: ByteView)
    /// Only the elements `start ... stop` (0 ..< length) are left; start > stop: none, and no list.
    case listTrim(key: ByteView, start: Int, stop: Int)
    /// `count` elements equal to `value` are gone, from the head (positive), the tail (negative), or
    /// all of them (0); an emptied list is gone with them.
    case listRemove(key: ByteView, count: Int, value: ByteView)
    /// An element has moved from an end of one list to an end of another (or the same) one.
    case listMove(source: ByteView, from: ListEnd, destination: ByteView, to: ListEnd)

    /// The members are in the set, which is made if absent.
    case setAdd(key: ByteView, members: ByteViews)
    /// These members are gone from the set; an emptied set is gone with them.
    case setRemove(key: ByteView, members: ByteViews)
    /// The member has left one set for another one.
    case setMove(source: ByteView, destination: ByteView, member: ByteView)

    /// The members (odd places) have the scores before them (decimal text that gives the same double
    /// back, `inf`, `-inf`); the sorted set is made if absent.
    case sortedSetAdd(key: ByteView, scoresAndMembers: ByteViews)
    /// These members are gone from the sorted set; an emptied one is gone with them.
    case sortedSetRemove(key: ByteView, members: ByteViews)
    /// The members of these ranks (from 0, lowest score first) are gone from the sorted set.
    case sortedSetRemoveRanks(key: ByteView, ranks: ClosedRange<Int>)

    /// A change of a stream.
    case stream(key: ByteView, change: StreamChange)
}

/// An end of a list.
public enum ListEnd: Sendable {
    /// The head: LPUSH, LPOP.
    case left
    /// The tail: RPUSH, RPOP.
    case right
}
