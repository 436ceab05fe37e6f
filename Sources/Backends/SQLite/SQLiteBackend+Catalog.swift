/// How the catalog finds the backend's files.
import Persistence

extension BackendEntry {
    /// The backend that keeps data in an SQLite database.
    static let sqlite = BackendEntry(
        descriptor: SQLiteBackend.descriptor,
        recogniser: FileRecogniser(
            engine: SQLiteBackend.descriptor.name,
            wayOut:
                "Start with '--backend \(SQLiteBackend.descriptor.name)' to use it, or move it out "
                + "of the directory"
        ) { (disk, settings) throws(PersistenceError) in
            let path = settings.directory + "/" + SQLiteBackend.fileName
            guard let status = try disk.status(path), !status.isDirectory else { return [] }
            return [path]
        },
        files: { (disk, settings) throws(PersistenceError) in
            // The database first: the others are nothing without it.
            let names = ["", "-wal", "-shm", "-journal"].map { SQLiteBackend.fileName + $0 }
            let found = Set(try disk.list(settings.directory))
            return names.filter(found.contains).map { settings.directory + "/" + $0 }
        }, file: SQLiteSnapshotFile()
    ) {
        SQLiteBackend(environment: $0, settings: $1, directory: $2)
    }
}
