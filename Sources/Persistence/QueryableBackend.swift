/// A backend that answers questions in a language of its own: HOLDFAST SQL.
///
/// A question comes from a client, so it is bounded in time, rows and bytes, may change nothing, and runs away from the
/// engine's thread. What it sees holds at least everything that was executed before it.

/// A backend with `BackendDescriptor.Abilities.queries`.
public protocol QueryableBackend: PersistenceBackend {
    /// Answers `query`; `finish` is called on the engine's thread, never within the call.
    func query(_ query: BackendQuery, finish: @escaping (Result<QueryAnswer, QueryError>) -> Void)
}

/// How much a query may take.
public struct QueryLimits: Sendable, Hashable {
    /// `sql-time-limit`: how long it may run.
    public var milliseconds = 1000
    /// `sql-max-rows`: rows that it may answer.
    public var rows = 10_000
    /// `sql-max-bytes`: bytes of names and values in the answer; no single value on the way to it may be bigger either.
    public var bytes = 16 << 20
    /// The defaults.
    public init() {}
}

/// A question.
public struct BackendQuery: Sendable {
    /// The statement.
    public let text: [UInt8]
    /// What takes the place of its `?`, in order.
    public let values: [[UInt8]]
    /// How much it may take.
    public let limits: QueryLimits
    /// Raised when nobody waits for the answer any more.
    public let token: CancelToken

    /// A question.
    public init(text: [UInt8], values: [[UInt8]], limits: QueryLimits, token: CancelToken) {
        self.text = text
        self.values = values
        self.limits = limits
        self.token = token
    }
}

/// One value of an answer.
public enum QueryValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// A whole number.
    case integer(Int64)
    /// A number.
    case real(Double)
    /// A text or other bytes.
    case bytes([UInt8])
}

/// Rows.
public struct QueryAnswer: Sendable, Hashable {
    /// The columns' names.
    public var columns: [[UInt8]] = []
    /// The rows, each with a value a column.
    public var rows: [[QueryValue]] = []
    /// An answer without rows.
    public init() {}
}

/// Why there is no answer: what a client is told behind `ERR`.
public struct QueryError: Error, Sendable, Hashable {
    /// The reason.
    public let reason: String
    /// A reason.
    public init(_ reason: String) { self.reason = reason }
}
