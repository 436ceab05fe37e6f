/// HOLDFAST SQL in the running server: what it answers, what it refuses, and what else goes on meanwhile.
import Foundation
import TestSupport
import Testing

extension EndToEndTests {
    @Suite("HOLDFAST SQL", Needs.holdfast, Needs.noStandIn)
    struct SQLiteQueryTests {
        /// A server over SQLite, with data.
        private struct World {
            let folder: TemporaryDirectory
            let server: ServerProcess
            let client: RESPClient

            init(_ directives: String...) throws {
                folder = try TemporaryDirectory()
                server = try ServerProcess(
                    .holdfast, in: folder.path,
                    arguments: ["--backend", "sqlite", "--sql-command", "yes"] + directives)
                client = try server.connect()
            }

            func ask(_ words: String...) throws -> RESPValue {
                try client.run((["HOLDFAST", "SQL"] + words).map { Array($0.utf8) })
            }

            /// The error's text; empty where there is none.
            func refusal(_ sql: String) throws -> String {
                let reply = try ask(sql)
                return reply.isError ? reply.text ?? "" : ""
            }
        }

        private static func bulk(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }

        private static func row(_ values: RESPValue...) -> RESPValue { .array(values) }

        @Test("answers names, then rows, of what was executed before")
        func answers() throws {
            let world = try World()
            _ = try world.client.run("SET", "greeting", "hello")
            _ = try world.client.run("ZADD", "board", "1.5", "ann", "2", "bob")
            #expect(
                try world.ask("SELECT key, value AS said FROM strings")
                    == .array([
                        Self.row(Self.bulk("key"), Self.bulk("said")),
                        Self.row(Self.bulk("greeting"), Self.bulk("hello")),
                    ]))
            let mixed = "SELECT 7 AS i, 1.5 AS r, NULL AS n, x'00ff' AS b, 'a' || char(10) AS t"
            let names = ["i", "r", "n", "b", "t"].map(Self.bulk)
            let text = Self.bulk("a\n")
            #expect(
                try world.ask(mixed)
                    == .array([
                        .array(names),
                        Self.row(.integer(7), Self.bulk("1.5"), .null, .bulk([0, 255]), text),
                    ]))
            _ = try world.client.run("HELLO", "3")
            #expect(
                try world.ask(mixed).elements[1]
                    == Self.row(
                        .integer(7), .double(Array("1.5".utf8)), .null, .bulk([0, 255]), text))
            #expect(try world.ask("SELECT 1 WHERE 0").elements.count == 1)
            // Values in place of question marks: texts as in the views, BLOBs as in the tables.
            let scores = try world.ask(
                "SELECT member FROM sorted_sets WHERE key = ? AND score > ? -- comment", "board",
                "1.6")
            #expect(scores.elements.dropFirst() == [Self.row(Self.bulk("bob"))])
            let raw = try world.ask(
                "SELECT value FROM keys WHERE key = CAST(? AS BLOB);", "greeting")
            #expect(raw.elements.dropFirst() == [Self.row(Self.bulk("hello"))])
            #expect(
                try world.ask("SELECT ?, ?", "one").text
                    == "ERR the statement has 2 places for values, but 1 were given")
        }

        @Test("runs nothing but one SELECT")
        func attacks() throws {
            let world = try World()
            _ = try world.client.run("SET", "a", "1")
            let other = world.folder.path + "/other.db"
            func isForbidden(_ sql: String, _ what: String) throws {
                let text = try world.refusal(sql)
                #expect(text == "ERR only SELECT is allowed here, and \(what) is not", "\(sql)")
            }
            try isForbidden("ATTACH '\(other)' AS other", "ATTACH")
            try isForbidden("DETACH main", "DETACH")
            try isForbidden("PRAGMA journal_mode = DELETE", "PRAGMA")
            try isForbidden("PRAGMA query_only = 0", "PRAGMA")
            try isForbidden("SELECT * FROM pragma_table_info('keys')", "PRAGMA")
            try isForbidden("SELECT load_extension('x')", "the function load_extension")
            try isForbidden("INSERT INTO meta DEFAULT VALUES", "INSERT")
            try isForbidden("REPLACE INTO databases VALUES (0, 9)", "INSERT")
            try isForbidden("DELETE FROM keys", "DELETE")
            try isForbidden("UPDATE meta SET sequence = 0", "UPDATE")
            try isForbidden("WITH x AS (SELECT 1) DELETE FROM keys", "DELETE")
            try isForbidden("BEGIN", "a transaction")
            try isForbidden("SAVEPOINT s", "a transaction")
            for change in [
                "CREATE TABLE t (a)", "CREATE TEMP TABLE t (a)", "CREATE TEMP TABLE t AS SELECT 1",
                "CREATE VIRTUAL TABLE t USING fts5(a)", "DROP TABLE keys",
                "ALTER TABLE keys RENAME TO k",
                "CREATE TRIGGER t AFTER DELETE ON keys BEGIN SELECT 1; END", "REINDEX", "ANALYZE",
                "VACUUM",
                "VACUUM INTO '\(other)'", "UPDATE sqlite_master SET sql = ''",
            ] {
                let text = try world.refusal(change)
                #expect(
                    text.hasPrefix("ERR only SELECT is allowed here")
                        || text == "ERR SQLite: table sqlite_master may not be modified",
                    "\(change): \(text)")
            }
            #expect(
                try world.refusal("SELECT 1; DELETE FROM keys")
                    == "ERR there is something behind the statement")
            #expect(try world.refusal("") == "ERR there is no statement")
            #expect(
                try world.refusal("SELECT 1\u{0}; x") == "ERR the statement has a zero byte in it")
            let each = try world.ask("SELECT value FROM json_each('[1]')")
            #expect(each.elements.last == Self.row(.integer(1)))
            #expect(try world.refusal("SELEC 1").contains("syntax error"))
            #expect(
                try world.refusal("SELECT writefile('\(other)', 'x')").contains("no such function"))
            #expect(
                try world.refusal("SELECT readfile('/etc/passwd')").contains("no such function"))
            #expect(!FileManager.default.fileExists(atPath: other))
            // Nothing happened, and the server still writes: it saw no change by others.
            #expect(try world.client.run("SET", "b", "2").text == "OK")
            #expect(
                try world.ask("SELECT count(*) FROM keys").elements.last == Self.row(.integer(2)))
        }

        @Test("ends at its limits of time, rows and bytes, with their names")
        func limits() throws {
            let world = try World(
                "--sql-time-limit", "300", "--sql-max-rows", "100", "--sql-max-bytes", "100kb")
            let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            let endless = numbers + ") SELECT count(*) FROM n"
            #expect(
                try world.refusal(endless) == "ERR the query took more than 300 ms (sql-time-limit)"
            )
            #expect(
                try world.refusal(numbers + "LIMIT 101) SELECT i FROM n")
                    == "ERR the answer has more than 100 rows (sql-max-rows): LIMIT bounds it")
            #expect(try world.ask(numbers + "LIMIT 100) SELECT i FROM n").elements.count == 101)
            let tooBig = "ERR a value is bigger than 102400 bytes (sql-max-bytes)"
            #expect(try world.refusal("SELECT randomblob(1000000000)") == tooBig)
            #expect(try world.refusal("SELECT length(zeroblob(1000000))") == tooBig)
            #expect(
                try world.refusal(numbers + "LIMIT 50) SELECT randomblob(3000) FROM n")
                    == "ERR the answer has more than 102400 bytes (sql-max-bytes)")
            #expect(try world.ask("SELECT 1").elements.last == Self.row(.integer(1)))
        }

        @Test(
            "is off unless configured, not to be switched on by a client, and for who may administrate"
        )
        func isOff() throws {
            let folder = try TemporaryDirectory()
            let server = try ServerProcess(
                .holdfast, in: folder.path, arguments: ["--backend", "sqlite"])
            let client = try server.connect()
            let reply = try client.run("HOLDFAST", "SQL", "SELECT 1")
            #expect(reply.text?.contains("'sql-command yes'") == true, "\(reply)")
            #expect(try client.run("CONFIG", "SET", "sql-command", "yes").isError)
            _ = try client.run("ACL", "SETUSER", "u", "on", "nopass", "~*", "+@all", "-@dangerous")
            #expect(
                try client.run("ACL", "DRYRUN", "u", "HOLDFAST", "SQL", "SELECT 1").text?
                    .contains("no permissions") == true)
            let second = try TemporaryDirectory()
            let log = try ServerProcess(
                .holdfast, in: second.path,
                arguments: ["--backend", "none", "--sql-command", "yes"])
            let other = try log.connect().run("HOLDFAST", "SQL", "SELECT 1")
            #expect(other.text?.contains("'none' answers no queries") == true, "\(other)")
            #expect(other.text?.contains("'--backend sqlite'") == true, "\(other)")
        }

        @Test("sees whole units while writes go on, and holds nobody up")
        func meanwhile() throws {
            let world = try World()
            let writer = try world.server.connect()
            var seen: [Int] = []
            for batch in 0..<20 {
                // Both keys in one unit: a reader sees them equal.
                let numbers = (0..<2000).map { "\(batch * 2000 + $0)" }
                let commands = numbers.map { number in
                    RESPClient.encode(
                        ["MSET", "left", number, "right", number].map { Array($0.utf8) })
                }
                try writer.send(commands.flatMap { $0 })
                for _ in 0..<5 {
                    let reply = try world.ask(
                        "SELECT DISTINCT value FROM strings WHERE key IN ('left', 'right')")
                    #expect(reply.elements.count <= 2, "\(reply)")
                    if case .array(let row)? = reply.elements.dropFirst().first {
                        seen.append(Int(row.first?.text ?? "") ?? -1)
                    }
                }
                for _ in numbers { #expect(try writer.receive().text == "OK") }
            }
            #expect(seen == seen.sorted())
            // A query sees what its own client wrote before, without waiting for anything in between.
            for number in 0..<100 {
                #expect(try world.client.run("SET", "mine", "\(number)").text == "OK")
                let reply = try world.ask("SELECT value FROM strings WHERE key = 'mine'")
                #expect(reply.elements.last == Self.row(Self.bulk("\(number)")))
            }
            // While one client's question takes its time, another one is served.
            let slow = try world.server.connect()
            try slow.send(
                RESPClient.encode(
                    [
                        "HOLDFAST", "SQL",
                        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                            + "SELECT count(*) FROM n",
                    ].map { Array($0.utf8) }))
            #expect(try world.client.run("SET", "other", "1").text == "OK")
            #expect(try slow.receive().text?.contains("sql-time-limit") == true)
        }
    }
}
