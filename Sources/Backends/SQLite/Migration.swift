/// The version of the tables: what a file is, and how an older one becomes ours.
import Persistence

extension Schema {
    /// Whether a file has anything in it that counts: a crash may leave one that was only made.
    ///
    /// - Throws: `.unsupportedVersion` for a later version's, `.unsupportedFormat` for another program's.
    static func holdsTables(_ connection: SQLiteConnection) throws(PersistenceError) -> Bool {
        let id = try connection.numbers("PRAGMA application_id").first ?? 0
        let found = try connection.numbers("PRAGMA user_version").first ?? 0
        if id == 0 && found == 0 {
            let tables = try connection.numbers("SELECT count(*) FROM sqlite_master").first ?? 0
            if tables == 0 { return false }
        }
        if id != applicationID {
            throw PersistenceError(
                .unsupportedFormat, "The database is another program's", path: connection.path,
                remedy: "Move it out of the directory")
        }
        if found > version {
            throw PersistenceError(
                .unsupportedVersion,
                "The database has the schema version \(found), of which this server knows \(version)",
                path: connection.path, remedy: "Start the Holdfast that wrote it, or a later one")
        }
        return true
    }

    /// Brings the tables to the version of this server, all steps or none.
    static func migrate(_ connection: SQLiteConnection) throws(PersistenceError) {
        let isOurs = try holdsTables(connection)
        let found = isOurs ? try connection.numbers("PRAGMA user_version").first ?? 0 : 0
        if found == version { return }
        var script = "BEGIN IMMEDIATE;\n"
        for step in steps[Int(max(0, found))...] { script += step + "\n" }
        script +=
            "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version); COMMIT;"
        do throws(PersistenceError) {
            try connection.execute(script)
        } catch {
            if connection.isInTransaction { try connection.execute("ROLLBACK") }
            throw error
        }
    }
}
