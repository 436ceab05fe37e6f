/// The tables, and what changes them from version to version. FORMAT.md explains them to people.
///
/// Why one table for keys and strings: a SET is one row of one B-tree. With strings in a table of their own each SET of
/// a new key is three, and a random overwrite ran at 0.7 times the speed. Why elements hang off an `id`: RENAME, MOVE
/// and COPY of a key with a million elements change one row (COPY: its own), and DEL too: what an id that no key has
/// any more leaves behind is removed bit by bit.
///
/// Pages have 2048 bytes: a random write copies a page to the log, so half the default size is up to 1.3 times the speed.

enum Schema {
    /// Version of the tables that the steps lead to, in `PRAGMA user_version`.
    static var version: Int64 { Int64(steps.count) }
    /// What leads from each version to the next, beginning with an empty file. A step that was released never changes.
    static let steps = [creation, digestTime]

    /// The time at which the digest's data was frozen: what had expired by then is not in it.
    private static let digestTime = "ALTER TABLE meta ADD COLUMN digest_ms INTEGER;"
    /// Marks the file as ours, in `PRAGMA application_id`: "HfSQ".
    static let applicationID: Int64 = 0x4866_5351

    /// Kinds of value, in `keys.type`; the same numbers for ever.
    enum Kind: Int64 {
        case string = 0
        case hash = 1
        case list = 2
        case set = 3
        case sortedSet = 4
        case stream = 5
    }

    /// A table whose rows belong to an id.
    struct Table {
        let name: String
        /// What tells apart the rows of an id.
        let key: String
        /// All columns but the id.
        let columns: String

        init(_ name: String, _ key: String, _ rest: String...) {
            self.name = name
            self.key = key
            columns = ([key] + rest).joined(separator: ", ")
        }
    }

    /// Tables whose rows belong to an id, by kind.
    static func tables(_ kind: Kind) -> [Table] {
        switch kind {
        case .string: []
        case .hash: [Table("hash_fields", "field", "value", "deadline_ms")]
        case .list: [Table("list_items", "pos", "value")]
        case .set: [Table("set_members", "member")]
        case .sortedSet: [Table("zset_members", "member", "score", "odd")]
        case .stream:
            [
                Table("stream_fields", "ms, seq, n", "field", "value"),
                Table(
                    "stream_pending", "name, ms, seq", "consumer", "delivered_ms", "deliveries"),
                Table("stream_consumers", "name, consumer"),
                Table("stream_groups", "name", "last_ms", "last_seq", "entries_read"),
                Table("stream_facts", "last_ms", "last_seq", "deleted_ms", "deleted_seq", "added"),
            ]
        }
    }

    /// Makes everything in an empty file.
    private static let creation = """
        CREATE TABLE meta (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            sequence INTEGER NOT NULL,
            committed_ms INTEGER NOT NULL,
            server_id TEXT NOT NULL,
            next_id INTEGER NOT NULL,
            is_closed INTEGER NOT NULL,
            digest TEXT,
            digest_sequence INTEGER
        );
        CREATE TABLE databases (
            db INTEGER PRIMARY KEY,
            space INTEGER NOT NULL UNIQUE
        );
        CREATE TABLE keys (
            space INTEGER NOT NULL,
            key BLOB NOT NULL,
            type INTEGER NOT NULL,
            deadline_ms INTEGER,
            value BLOB,
            id INTEGER,
            PRIMARY KEY (space, key)
        ) WITHOUT ROWID;
        CREATE TABLE hash_fields (
            id INTEGER NOT NULL,
            field BLOB NOT NULL,
            value BLOB NOT NULL,
            deadline_ms INTEGER,
            PRIMARY KEY (id, field)
        ) WITHOUT ROWID;
        CREATE TABLE list_items (
            id INTEGER NOT NULL,
            pos INTEGER NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (id, pos)
        ) WITHOUT ROWID;
        CREATE TABLE set_members (
            id INTEGER NOT NULL,
            member BLOB NOT NULL,
            PRIMARY KEY (id, member)
        ) WITHOUT ROWID;
        CREATE TABLE zset_members (
            id INTEGER NOT NULL,
            member BLOB NOT NULL,
            score REAL,
            odd INTEGER,
            PRIMARY KEY (id, member)
        ) WITHOUT ROWID;
        CREATE INDEX zset_order ON zset_members (id, score, member);
        CREATE TABLE stream_facts (
            id INTEGER PRIMARY KEY,
            last_ms INTEGER NOT NULL,
            last_seq INTEGER NOT NULL,
            deleted_ms INTEGER NOT NULL,
            deleted_seq INTEGER NOT NULL,
            added INTEGER NOT NULL
        );
        CREATE TABLE stream_fields (
            id INTEGER NOT NULL,
            ms INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            n INTEGER NOT NULL,
            field BLOB NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (id, ms, seq, n)
        ) WITHOUT ROWID;
        CREATE TABLE stream_groups (
            id INTEGER NOT NULL,
            name BLOB NOT NULL,
            last_ms INTEGER NOT NULL,
            last_seq INTEGER NOT NULL,
            entries_read INTEGER NOT NULL,
            PRIMARY KEY (id, name)
        ) WITHOUT ROWID;
        CREATE TABLE stream_consumers (
            id INTEGER NOT NULL,
            name BLOB NOT NULL,
            consumer BLOB NOT NULL,
            PRIMARY KEY (id, name, consumer)
        ) WITHOUT ROWID;
        CREATE TABLE stream_pending (
            id INTEGER NOT NULL,
            name BLOB NOT NULL,
            ms INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            consumer BLOB NOT NULL,
            delivered_ms INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            PRIMARY KEY (id, name, ms, seq)
        ) WITHOUT ROWID;
        CREATE TABLE abandoned (
            id INTEGER NOT NULL,
            type INTEGER NOT NULL,
            PRIMARY KEY (id, type)
        ) WITHOUT ROWID;
        """
        + Views.creation
            + """
            INSERT INTO meta (one, sequence, committed_ms, server_id, next_id, is_closed)
                VALUES (1, 0, 0, '', 1, 0);
            """
}
