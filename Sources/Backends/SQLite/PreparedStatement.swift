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
        _ = SQLiteOptions.areSet
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

// MARK: Strangers' statements

/// What a statement of a stranger wants to do.
enum QueryAction {
    case select, read, recursion, function
    /// Something that isn't allowed, by its name.
    case other(String)

    init(_ code: Int32, on table: String?) {
        switch code {
        case SQLITE_SELECT: self = .select
        case SQLITE_READ: self = .read
        case SQLITE_RECURSIVE: self = .recursion
        case SQLITE_FUNCTION: self = .function
        case SQLITE_ATTACH: self = .other("ATTACH")
        case SQLITE_DETACH: self = .other("DETACH")
        case SQLITE_PRAGMA: self = .other("PRAGMA")
        case SQLITE_INSERT: self = .other("INSERT")
        // A table-valued function declares its columns so; no statement may name this table.
        case SQLITE_UPDATE where table == "sqlite_master": self = .read
        case SQLITE_UPDATE: self = .other("UPDATE")
        case SQLITE_DELETE: self = .other("DELETE")
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT: self = .other("a transaction")
        default: self = .other("a change of the schema")
        }
    }
}

/// A read-only connection that asks a `QueryGuard` what it may do; see QueryJob.swift.
@safe
final class QueryConnection {
    fileprivate let raw: OpaquePointer
    fileprivate let path: String
    /// SQLite holds its address.
    private let watch: QueryGuard

    /// Opens the file.
    ///
    /// - Parameter maximumValueBytes: of one value, also of those on the way to an answer.
    /// - Throws: `.io`, `.corrupt`.
    init(
        _ path: String, watch: QueryGuard, maximumValueBytes: Int
    ) throws(Persistence.PersistenceError) {
        self.path = path
        self.watch = watch
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX
        let code = unsafe sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle = unsafe handle, code == SQLITE_OK else {
            unsafe _ = sqlite3_close_v2(handle)
            throw SQLiteFailure.error(code: code, message: "can't open the file", errno: 0, path)
        }
        unsafe raw = handle
        unsafe _ = sqlite3_busy_timeout(raw, 1000)
        unsafe _ = sqlite3_exec(raw, "PRAGMA query_only = 1", nil, nil, nil)
        unsafe _ = sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, Int32(clamping: maximumValueBytes))
        unsafe _ = sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0)
        unsafe _ = sqlite3_limit(raw, SQLITE_LIMIT_EXPR_DEPTH, 100)
        unsafe _ = sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, 1 << 16)
        // SAFETY: `watch` lives as long as the connection, which is closed in `deinit`; SQLite calls back on the
        // thread that compiles and steps, and lends C strings for the call.
        let context = unsafe Unmanaged.passUnretained(watch).toOpaque()
        unsafe _ = sqlite3_set_authorizer(
            raw,
            { context, code, table, name, _, _ in
                guard let context = unsafe context else { return SQLITE_DENY }
                let watch = unsafe Unmanaged<QueryGuard>.fromOpaque(context).takeUnretainedValue()
                let code = unsafe QueryAction(code, on: table.map { unsafe String(cString: $0) })
                let word = unsafe name.map { unsafe String(cString: $0) } ?? ""
                return watch.allows(code, word) ? SQLITE_OK : SQLITE_DENY
            }, context)
        unsafe sqlite3_progress_handler(
            raw, QueryGuard.stepsBetweenLooks,
            { context in
                guard let context = unsafe context else { return 1 }
                let watch = unsafe Unmanaged<QueryGuard>.fromOpaque(context).takeUnretainedValue()
                return watch.mustEnd() ? 1 : 0
            }, context)
    }

    deinit { unsafe _ = sqlite3_close_v2(raw) }

    /// Compiles one statement.
    ///
    /// - Throws: `.io` with SQLite's words, also where there is none or more than one.
    func compile(_ text: [UInt8]) throws(Persistence.PersistenceError) -> QueryStatement {
        guard !text.contains(0) else { throw fault("the statement has a zero byte in it") }
        var statement: OpaquePointer?
        var rest = 0
        // SAFETY: the text lives while it is compiled, and SQLite says where in it the statement ends.
        let code = unsafe text.withUnsafeBufferPointer { buffer -> Int32 in
            unsafe buffer.withMemoryRebound(to: CChar.self) { chars in
                guard let base = chars.baseAddress else { return SQLITE_OK }
                var tail: UnsafePointer<CChar>?
                let code = unsafe sqlite3_prepare_v2(
                    raw, base, Int32(clamping: chars.count), &statement, &tail)
                rest = unsafe tail.map { unsafe $0 - base } ?? chars.count
                return code
            }
        }
        if code != SQLITE_OK { throw failure(code) }
        guard let statement = unsafe statement else { throw fault("there is no statement") }
        let compiled = unsafe QueryStatement(statement, self)
        let ignored: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ";")]
        if !text[min(rest, text.count)...].allSatisfy(ignored.contains) {
            throw fault("there is something behind the statement")
        }
        if unsafe sqlite3_stmt_readonly(statement) == 0 {
            throw fault("only SELECT is allowed here")
        }
        return compiled
    }

    private func fault(_ message: String) -> Persistence.PersistenceError {
        Persistence.PersistenceError(.io, message, path: path)
    }

    /// What SQLite says; `.unsupportedFormat` where a value is too big.
    fileprivate func failure(_ code: Int32) -> Persistence.PersistenceError {
        let words = unsafe sqlite3_errmsg(raw).map { unsafe String(cString: $0) } ?? ""
        if code & 0xff == SQLITE_TOOBIG {
            return Persistence.PersistenceError(.unsupportedFormat, words, path: path)
        }
        return SQLiteFailure.error(
            code: code, message: words, errno: unsafe sqlite3_system_errno(raw), path)
    }
}

/// A statement of a stranger.
@safe
final class QueryStatement {
    private let raw: OpaquePointer
    private let connection: QueryConnection

    fileprivate init(_ raw: OpaquePointer, _ connection: QueryConnection) {
        unsafe self.raw = raw
        self.connection = connection
    }

    deinit { unsafe _ = sqlite3_finalize(raw) }

    /// How many values it wants.
    var parameterCount: Int { unsafe Int(sqlite3_bind_parameter_count(raw)) }

    /// Gives a copy of bytes to the parameter `index` (from 1): as a text where they are one, as a BLOB otherwise.
    func bind(_ index: Int, _ bytes: [UInt8]) {
        // SAFETY: as in `PreparedStatement`: SQLite copies.
        let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let count = sqlite3_uint64(bytes.count)
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) {
            unsafe _ = sqlite3_bind_text64(
                raw, Int32(index), text, count, copies, UInt8(SQLITE_UTF8))
        } else {
            unsafe bytes.withUnsafeBytes {
                unsafe _ = sqlite3_bind_blob64(raw, Int32(index), $0.baseAddress, count, copies)
            }
        }
    }

    /// Goes to the next row; false at the end.
    func step() throws(Persistence.PersistenceError) -> Bool {
        let code = unsafe sqlite3_step(raw)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw connection.failure(code)
    }

    /// Columns of a row.
    var columnCount: Int { unsafe Int(sqlite3_column_count(raw)) }

    /// The name of the column `index` (from 0).
    func name(_ index: Int) -> [UInt8] {
        unsafe sqlite3_column_name(raw, Int32(index)).map {
            unsafe Array(String(cString: $0).utf8)
        } ?? []
    }

    /// The value in the column `index` (from 0) of this row.
    func value(_ index: Int) -> QueryValue {
        let place = Int32(index)
        switch unsafe sqlite3_column_type(raw, place) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(raw, place))
        case SQLITE_FLOAT: return .real(unsafe sqlite3_column_double(raw, place))
        default:
            guard let base = unsafe sqlite3_column_blob(raw, place) else { return .bytes([]) }
            // SAFETY: SQLite lends as many bytes as it says; they are copied here.
            return .bytes(
                unsafe Array(
                    UnsafeRawBufferPointer(
                        start: base, count: Int(sqlite3_column_bytes(raw, place)))))
        }
    }
}
