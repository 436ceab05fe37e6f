// What of the system's SQLite (libsqlite3-dev) Swift can't call: functions with variable arguments.
#include <sqlite3.h>

/// Counts no allocations, each of which would take a lock; to be called before anything is opened.
/// Returns SQLITE_OK, or SQLITE_MISUSE where SQLite was in use already.
static inline int holdfast_sqlite_count_nothing(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
