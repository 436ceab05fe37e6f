/// A connection, and a statement of SQLite's bound and stepped through the C interface: the one file that sees both
/// GRDB and C.
///
/// GRDB opens the file, compiles and owns the statements. It binds and reads values through Foundation's `Data`, which
/// costs an allocation a value; here values are lent to SQLite and lent back as views.
///
/// INVARIANT 1: bytes that are bound live until the run they were bound for has ended: everything that binds also
/// steps to the end, or resets, before it returns.
/// INVARIANT 2: a view of a column is valid until the next step or reset.
/// Threads: a connection and its statements are used by one thread at a time; whoever hands them on sees to that.
import Bytes
import GRDB
import GRDBSQLite
import Persistence

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An open database; see the file's header.
final class SQLiteConnection: @unchecked Sendable {
    // BECAUSE: one thread at a time, see the header.
    let path: String
    private let queue: DatabaseQueue

    /// Opens a file, which is made if absent unless `isReadOnly`.
    ///
    /// - Parameter busyMilliseconds: how long another program's lock is waited for.
    init(
        _ path: String, isReadOnly: Bool = false, busyMilliseconds: Int = 1000
    ) throws(Persistence.PersistenceError) {
        self.path = path
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(Double(busyMilliseconds) / 1000)
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            queue.unsafeReentrantWrite { database in
                // GRDB watches transactions for its observers, of which there are none, and takes every statement
                // for one that it runs itself.
                let handle = unsafe database.sqliteConnection
                unsafe _ = sqlite3_commit_hook(handle, nil, nil)
                unsafe _ = sqlite3_rollback_hook(handle, nil, nil)
            }
        } catch {
            throw SQLiteFailure.error(error, path)
        }
    }

    /// Runs statements that answer nothing.
    func execute(_ sql: String) throws(Persistence.PersistenceError) {
        do {
            try queue.unsafeReentrantWrite { try $0.execute(sql: sql) }
        } catch {
            throw SQLiteFailure.error(error, path)
        }
    }

    /// Runs a statement and answers the numbers in its first row; empty where there is none.
    func numbers(_ sql: String) throws(Persistence.PersistenceError) -> [Int64] {
        do {
            return try queue.unsafeReentrantWrite { database in
                guard let row = try Row.fetchOne(database, sql: sql) else { return [] }
                return row.databaseValues.map { Int64.fromDatabaseValue($0) ?? 0 }
            }
        } catch {
            throw SQLiteFailure.error(error, path)
        }
    }

    fileprivate func compile(_ sql: String) throws(Persistence.PersistenceError) -> Statement {
        do {
            return try queue.unsafeReentrantWrite { try $0.makeStatement(sql: sql) }
        } catch {
            throw SQLiteFailure.error(error, path)
        }
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { queue.unsafeReentrantWrite { $0.isInsideTransaction } }

    /// Closes the file; no statement may be left.
    func close() throws(Persistence.PersistenceError) {
        do {
            try queue.close()
        } catch {
            throw SQLiteFailure.error(error, path)
        }
    }
}

/// A compiled statement; see the file's header.
@safe
final class PreparedStatement {
    private let owner: Statement
    private let raw: OpaquePointer
    private let path: String

    /// Compiles `sql`.
    init(_ connection: SQLiteConnection, _ sql: String) throws(Persistence.PersistenceError) {
        owner = try connection.compile(sql)
        unsafe raw = owner.sqliteStatement
        path = connection.path
    }

    // MARK: Binding

    /// Lends bytes to the parameter `index` (from 1).
    @inline(__always)
    func bind(_ index: Int32, _ bytes: ByteView) {
        // SAFETY: invariant 1; no destructor: SQLite neither frees nor keeps what is lent.
        unsafe bytes.withUnsafePointer { base, count in
            _ = unsafe sqlite3_bind_blob64(raw, index, base, sqlite3_uint64(count), nil)
        }
    }

    /// Gives a copy of a text to the parameter `index`.
    func bind(_ index: Int32, text: String) {
        // SAFETY: SQLite's mark for "copy it", which is the number -1 in the place of a function.
        let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        unsafe _ = sqlite3_bind_text(raw, index, text, -1, copies)
    }

    /// Gives a number to the parameter `index`.
    @inline(__always)
    func bind(_ index: Int32, _ number: Int64) { unsafe _ = sqlite3_bind_int64(raw, index, number) }

    /// Gives a number to the parameter `index`.
    func bind(_ index: Int32, _ number: Int) { bind(index, Int64(number)) }

    /// Gives a number to the parameter `index`.
    func bind(_ index: Int32, _ number: Double) {
        unsafe _ = sqlite3_bind_double(raw, index, number)
    }

    /// Gives a number, or NULL, to the parameter `index`.
    @inline(__always)
    func bind(_ index: Int32, _ number: Int64?) {
        if let number { bind(index, number) } else { bindNull(index) }
    }

    /// Gives NULL to the parameter `index`.
    @inline(__always)
    func bindNull(_ index: Int32) { unsafe _ = sqlite3_bind_null(raw, index) }

    // MARK: Running

    /// Goes to the next row; false at the end, and the statement is reset then.
    ///
    /// - Throws: what SQLite says; the statement is reset then.
    func step() throws(Persistence.PersistenceError) -> Bool {
        let code = unsafe sqlite3_step(raw)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE {
            reset()
            return false
        }
        let error = failure(code)
        reset()
        throw error
    }

    /// Runs a statement that answers nothing (or whose answer doesn't matter).
    @inline(__always)
    func run() throws(Persistence.PersistenceError) {
        let code = unsafe sqlite3_step(raw)
        if code == SQLITE_DONE || code == SQLITE_ROW {
            unsafe _ = sqlite3_reset(raw)
            return
        }
        let error = failure(code)
        reset()
        throw error
    }

    /// Ends the run.
    func reset() { unsafe _ = sqlite3_reset(raw) }

    /// Rows that the last INSERT, UPDATE or DELETE of the connection changed.
    var changes: Int { unsafe Int(sqlite3_changes(sqlite3_db_handle(raw))) }

    /// Rows that all statements of the connection have changed since it was opened.
    var totalChanges: Int { unsafe Int(sqlite3_total_changes(sqlite3_db_handle(raw))) }

    private func failure(_ code: Int32) -> Persistence.PersistenceError {
        let handle = unsafe sqlite3_db_handle(raw)
        let extended = unsafe sqlite3_extended_errcode(handle)
        let message = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) }
        let number = unsafe sqlite3_system_errno(handle)
        return SQLiteFailure.error(
            code: extended & 0xff == code & 0xff ? extended : code, message: message ?? "",
            errno: number, path)
    }

    // MARK: Columns

    /// The number in the column `index` (from 0).
    @inline(__always)
    func integer(_ index: Int32) -> Int64 { unsafe sqlite3_column_int64(raw, index) }

    /// The number in the column `index`, nil for NULL.
    @inline(__always)
    func optionalInteger(_ index: Int32) -> Int64? { isNull(index) ? nil : integer(index) }

    /// The number in the column `index`.
    func real(_ index: Int32) -> Double { unsafe sqlite3_column_double(raw, index) }

    /// Whether the column `index` holds NULL.
    @inline(__always)
    func isNull(_ index: Int32) -> Bool { unsafe sqlite3_column_type(raw, index) == SQLITE_NULL }

    /// The bytes in the column `index`; valid until the next step or reset.
    @inline(__always)
    func bytes(_ index: Int32) -> ByteView {
        guard let base = unsafe sqlite3_column_blob(raw, index) else { return .empty }
        // SAFETY: SQLite lends as many bytes as it says; invariant 2.
        return unsafe ByteView(
            base: base.assumingMemoryBound(to: UInt8.self),
            count: Int(sqlite3_column_bytes(raw, index)))
    }
}

/// Errors of SQLite's as errors of persistence.
enum SQLiteFailure {
    /// What GRDB threw.
    static func error(_ error: any Error, _ path: String) -> Persistence.PersistenceError {
        if let error = error as? Persistence.PersistenceError { return error }
        guard let error = error as? DatabaseError else {
            return Persistence.PersistenceError(.io, "\(error)", path: path)
        }
        return Self.error(
            code: error.extendedResultCode.rawValue, message: error.message ?? "", errno: 0, path)
    }

    /// A result code with what goes with it.
    static func error(
        code: Int32, message: String, errno number: Int32, _ path: String
    ) -> Persistence.PersistenceError {
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            Persistence.PersistenceError(
                .corrupt, "SQLite finds the file damaged: \(message)", path: path,
                remedy: "Look at it with 'sqlite3 FILE \"PRAGMA integrity_check\"', salvage a copy "
                    + "with its '.recover', or restore a backup")
        case SQLITE_FULL: Persistence.PersistenceError(.io, message, path: path, errno: ENOSPC)
        case SQLITE_IOERR:
            Persistence.PersistenceError(
                .io, message, path: path, errno: number == 0 ? EIO : number)
        case SQLITE_BUSY:
            Persistence.PersistenceError(
                .io, "Another program holds the database locked", path: path)
        default: Persistence.PersistenceError(.io, "SQLite: \(message)", path: path)
        }
    }

    /// Whether the error is that of a failed fsync: what was written since the last good one is not to be trusted.
    static func isSyncFailure(_ code: Int32) -> Bool {
        code == SQLITE_IOERR | 4 << 8 || code == SQLITE_IOERR | 5 << 8
    }
}
