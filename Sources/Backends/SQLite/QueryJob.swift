/// A stranger's SELECT over the file: HOLDFAST SQL.
///
/// A connection of its own, opened for this statement and read-only three times over: the file's descriptor
/// (SQLITE_OPEN_READONLY), `PRAGMA query_only`, and an authorizer that lets nothing through but SELECT, the reading of
/// columns, functions (but those that open files) and recursion. So there is no ATTACH, PRAGMA, transaction,
/// temporary table or extension, and one statement only.
///
/// The clock is looked at between SQLite's steps, every `stepsBetweenLooks` of them. One step is never cut short: a
/// function of big values ends first, and `QueryLimits.bytes` bounds what is big.
///
/// Threads: the query lane's.
import Bytes
import Persistence

/// Says what a statement may do and for how long; SQLite asks it.
final class QueryGuard: @unchecked Sendable {
    // BECAUSE: the query lane's thread alone writes; the token locks itself.
    /// Steps of SQLite's machine, of some 10 ns each, between two looks at the clock.
    static let stepsBetweenLooks: Int32 = 50
    /// Functions that reach beyond the data.
    private static let forbiddenFunctions: Set<String> = ["load_extension", "fts3_tokenizer"]

    private let token: CancelToken
    private let clock: any Clock
    private let end: UInt64
    /// What was refused first.
    private(set) var refused: String?
    /// Whether it took too long.
    private(set) var isLate = false

    init(_ query: BackendQuery, clock: any Clock) {
        token = query.token
        self.clock = clock
        end = clock.monotonicNanoseconds &+ UInt64(query.limits.milliseconds) &* 1_000_000
    }

    /// Whether the statement may do this.
    func allows(_ action: QueryAction, _ name: String) -> Bool {
        switch action {
        case .select, .read, .recursion: return true
        case .function:
            if !Self.forbiddenFunctions.contains(name.lowercased()) { return true }
            refuse("the function \(name)")
        case .other(let word): refuse(word)
        }
        return false
    }

    private func refuse(_ what: String) { if refused == nil { refused = what } }

    /// Whether the statement is to end here.
    func mustEnd() -> Bool {
        if token.isCancelled { return true }
        if clock.monotonicNanoseconds > end { isLate = true }
        return isLate
    }
}

/// One statement, its limits, and the file.
struct QueryJob: Sendable {
    let path: String
    let query: BackendQuery
    let clock: any Clock

    func run() -> Result<QueryAnswer, QueryError> {
        let watch = QueryGuard(query, clock: clock)
        do throws(PersistenceError) {
            let connection = try QueryConnection(
                path, watch: watch, maximumValueBytes: query.limits.bytes)
            let statement = try connection.compile(query.text)
            return try answer(statement)
        } catch {
            return .failure(reason(error, watch))
        }
    }

    private func answer(
        _ statement: QueryStatement
    ) throws(PersistenceError) -> Result<QueryAnswer, QueryError> {
        if statement.parameterCount != query.values.count {
            return .failure(
                QueryError(
                    "the statement has \(statement.parameterCount) places for values, but "
                        + "\(query.values.count) were given"))
        }
        for (index, value) in query.values.enumerated() { statement.bind(index + 1, value) }
        var answer = QueryAnswer()
        answer.columns = (0..<statement.columnCount).map(statement.name)
        var bytes = answer.columns.reduce(0) { $0 + $1.count }
        while try statement.step() {
            if answer.rows.count == query.limits.rows {
                return .failure(
                    QueryError(
                        "the answer has more than \(query.limits.rows) rows (sql-max-rows): LIMIT bounds "
                            + "it"))
            }
            let row = (0..<answer.columns.count).map(statement.value)
            for case .bytes(let value) in row { bytes += value.count }
            // What a value costs beside its bytes, so that a row of nothing has its price.
            bytes += 16 * row.count
            if bytes > query.limits.bytes {
                return .failure(
                    QueryError(
                        "the answer has more than \(query.limits.bytes) bytes (sql-max-bytes)"))
            }
            answer.rows.append(row)
        }
        return .success(answer)
    }

    private func reason(_ error: PersistenceError, _ watch: QueryGuard) -> QueryError {
        if query.token.isCancelled { return QueryError("the query was cancelled") }
        if watch.isLate {
            return QueryError(
                "the query took more than \(query.limits.milliseconds) ms (sql-time-limit)")
        }
        if let refused = watch.refused {
            return QueryError("only SELECT is allowed here, and \(refused) is not")
        }
        if error.code == .unsupportedFormat {
            return QueryError(
                "a value is bigger than \(query.limits.bytes) bytes (sql-max-bytes)")
        }
        return QueryError(error.message)
    }
}
