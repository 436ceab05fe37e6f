/// Views for people and other programs: databases by number, bytes as text where they are text, ids as Redis has them.

enum Views {
    /// Makes the views.
    static let creation = """

        CREATE VIEW all_keys AS
            SELECT db, \(text("key")) AS key,
                CASE type WHEN 0 THEN 'string' WHEN 1 THEN 'hash' WHEN 2 THEN 'list' WHEN 3 THEN 'set'
                    WHEN 4 THEN 'zset' ELSE 'stream' END AS type, deadline_ms
            FROM databases JOIN keys USING (space);
        CREATE VIEW strings AS
            SELECT db, \(text("key")) AS key, \(text("value")) AS value, deadline_ms
            FROM databases JOIN keys USING (space) WHERE type = 0;
        CREATE VIEW hashes AS
            SELECT db, \(text("key")) AS key, \(text("field")) AS field,
                \(text("hash_fields.value")) AS value, hash_fields.deadline_ms
            FROM databases JOIN keys USING (space) JOIN hash_fields USING (id) WHERE type = 1;
        CREATE VIEW lists AS
            SELECT db, \(text("key")) AS key,
                row_number() OVER (PARTITION BY id ORDER BY pos) - 1 AS place,
                \(text("list_items.value")) AS value
            FROM databases JOIN keys USING (space) JOIN list_items USING (id) WHERE type = 2;
        CREATE VIEW sets AS
            SELECT db, \(text("key")) AS key, \(text("member")) AS member
            FROM databases JOIN keys USING (space) JOIN set_members USING (id) WHERE type = 3;
        CREATE VIEW sorted_sets AS
            SELECT db, \(text("key")) AS key, \(text("member")) AS member, score
            FROM databases JOIN keys USING (space) JOIN zset_members USING (id) WHERE type = 4;
        CREATE VIEW streams AS
            SELECT db, \(text("key")) AS key, \(stream("ms", "seq")) AS entry, n AS place,
                \(text("field")) AS field, \(text("stream_fields.value")) AS value
            FROM databases JOIN keys USING (space) JOIN stream_fields USING (id) WHERE type = 5;
        CREATE VIEW consumer_groups AS
            SELECT db, \(text("key")) AS key, \(text("name")) AS name,
                \(stream("last_ms", "last_seq")) AS last_delivered,
                nullif(entries_read, -1) AS entries_read
            FROM databases JOIN keys USING (space) JOIN stream_groups USING (id) WHERE type = 5;
        CREATE VIEW pending_entries AS
            SELECT db, \(text("key")) AS key, \(text("name")) AS name,
                \(text("consumer")) AS consumer, \(stream("ms", "seq")) AS entry, delivered_ms,
                deliveries
            FROM databases JOIN keys USING (space) JOIN stream_pending USING (id) WHERE type = 5;
        """

    /// Bytes as text where they are UTF-8 without a NUL, else X'..' as SQL spells bytes.
    ///
    /// SQLite has no test for UTF-8, but a character that is taken out, made a number and a character
    /// again is the same bytes only where they were UTF-8. What isn't plain ASCII and is longer than 4096
    /// bytes is shown as bytes, unlooked at.
    private static func text(_ column: String) -> String {
        let character = "substr(CAST(\(column) AS TEXT), n, 1)"
        return """
            CASE WHEN instr(\(column), x'00') THEN 'X''' || hex(\(column)) || ''''
            WHEN NOT CAST(\(column) AS TEXT) GLOB '*[^ -~]*' THEN CAST(\(column) AS TEXT)
            WHEN length(\(column)) > 4096 OR EXISTS (
                WITH RECURSIVE at (n) AS (
                    VALUES (1) UNION ALL
                    SELECT n + 1 FROM at WHERE n < length(CAST(\(column) AS TEXT)))
                SELECT 1 FROM at WHERE CAST(\(character) AS BLOB)
                    IS NOT CAST(char(unicode(\(character))) AS BLOB))
            THEN 'X''' || hex(\(column)) || '''' ELSE CAST(\(column) AS TEXT) END
            """
    }

    /// Two numbers of a stream's id as Redis spells them.
    private static func stream(_ milliseconds: String, _ sequence: String) -> String {
        "\(unsigned(milliseconds)) || '-' || \(unsigned(sequence))"
    }

    /// A number that is stored 2^63 lower than it is, so that SQLite's signed order is its order.
    private static func unsigned(_ column: String) -> String {
        "CASE WHEN \(column) < 0 THEN \(column) + 9223372036854775807 + 1 "
            + "ELSE (922337203685477580 + \(column) / 10 + (\(column) % 10 + 8) / 10) "
            + "|| ((\(column) % 10 + 8) % 10) END"
    }
}
