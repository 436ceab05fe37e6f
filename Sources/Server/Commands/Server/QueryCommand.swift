/// HOLDFAST SQL select [value ...]
///
/// Asks the database that the backend keeps the data in, in SQL. Read-only, on a connection and a thread of its own:
/// the engine goes on meanwhile, this client waits. The answer holds at least everything that was executed before the
/// call. The tables and views are in the FORMAT.md of the backend.
///
/// Each value takes the place of a `?`, in order: as a text where it is UTF-8 without a zero byte, as a BLOB
/// otherwise. (A key in a table is a BLOB: `WHERE key = CAST(? AS BLOB)`; the views show texts.)
///
/// Reply: an array; its first element is the array of the columns' names, each other one the array of a row's values:
/// integers as such, other numbers as doubles (bulk strings in RESP2), texts and BLOBs as bulk strings, NULL as nil.
///
/// Errors: `sql-command` is off; the backend answers no questions; what SQLite finds wrong; anything but one SELECT;
/// more than `sql-time-limit` ms, `sql-max-rows` rows or `sql-max-bytes` bytes: no part of the answer is sent then. A
/// client that goes away takes its query along.
import Bytes
import Engine
import Persistence
import RESP

extension Server {
    /// Queries at once; they queue for one thread.
    private static let queryLimit = 16

    func queryCommand() -> CommandSpec {
        CommandSpec(
            "sql", arity: -3, [.admin, .readonly, .noscript, .noMulti, .noAsyncLoading],
            group: .server, since: "7.2.0",
            summary: "Asks the engine's database a question in SQL.",
            complexity:
                "that of the question, on another thread; O(N) on the engine's for an answer of N values",
            syntax: "select [value ...]"
        ) { [unowned self] _, session, arguments, _ throws(CommandError) in
            let backend = try queryableBackend()
            let connection = try connection(session)
            guard queries.count < Self.queryLimit else {
                throw CommandError("ERR too many queries are being answered, try again later")
            }
            let token = CancelToken()
            let query = BackendQuery(
                text: arguments[2].array,
                values: (3..<arguments.count).map { arguments[$0].array },
                limits: configuration.settings.queryLimits, token: token)
            queries[session.id] = token
            connection.postpone()
            let id = session.id
            backend.query(query) { [weak self] result in
                self?.queries[id] = nil
                connection.complete { reply in
                    switch result {
                    case .success(let answer): reply.answer(answer)
                    case .failure(let error): reply.error(Array("ERR \(error.reason)".utf8))
                    }
                }
            }
        }
    }

    private func queryableBackend() throws(CommandError) -> any QueryableBackend {
        guard configuration.settings.answersQueries else {
            throw CommandError(
                "ERR HOLDFAST SQL is off. Set 'sql-command yes' in the configuration file or on the "
                    + "command line, and restart the server")
        }
        if let backend, backend.descriptor.abilities.contains(.queries),
            let queryable = backend as? any QueryableBackend
        {
            return queryable
        }
        let able = configuration.environment.backends.queryable
            .map { "'--backend \($0)'" }.joined(separator: " or ")
        throw CommandError(
            "ERR the engine '\(backend?.descriptor.name ?? "none")' answers no queries: start with \(able) "
                + "in an empty directory, or change a running server with PERSIST MIGRATE TO")
    }
}

extension ReplyWriter {
    fileprivate func answer(_ answer: QueryAnswer) {
        array(answer.rows.count + 1)
        array(answer.columns.count)
        for name in answer.columns { bulk(name) }
        for row in answer.rows {
            array(row.count)
            for value in row {
                switch value {
                case .null: null()
                case .integer(let number): integer(Int(number))
                case .real(let number): double(number)
                case .bytes(let bytes): bulk(bytes)
                }
            }
        }
    }
}
