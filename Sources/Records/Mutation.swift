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
    /// The fields (even places) of the hash have the values after them; the hash is made if absent.
    case hashSet(key: ByteView, pairs: ByteViews)
    /// These fields are gone from the hash; an emptied hash is gone with them.
    case hashDelete(key: ByteView, fields: ByteViews)
}
