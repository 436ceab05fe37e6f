/// Options of the SQLite library in this process, set once before the first file is opened.
import CSQLiteOptions

/// See the file's header.
enum SQLiteOptions {
    /// Sets them when first asked for.
    ///
    /// SQLite counts allocated bytes under a lock unless told not to: some 5 % of a transaction's time. Nothing here asks
    /// for the count. Where another part of the process has used SQLite before, it stays as it is.
    static let areSet: Bool = holdfast_sqlite_count_nothing() == 0
}
