/// Questions of clients: each waits until what was executed before it is in a transaction that has ended, and is
/// answered on the query lane then, beside the transactions that follow.
import Persistence

/// Questions that wait or are being answered.
struct Questions {
    /// Those whose sequence isn't written yet.
    var waiting: [Question] = []
    /// Those on the lane.
    var tokens: [ObjectIdentifier: CancelToken] = [:]
}

/// A question that waits.
struct Question {
    let through: CommitTicket
    let query: BackendQuery
    let finish: (Result<QueryAnswer, QueryError>) -> Void
}

extension SQLiteBackend: QueryableBackend {
    /// Answers a SELECT; see the file's header.
    public func query(
        _ query: BackendQuery, finish: @escaping (Result<QueryAnswer, QueryError>) -> Void
    ) {
        questions.waiting.append(Question(through: commit(), query: query, finish: finish))
        environment.runner.later { self.serveQuestions() }
    }

    /// Begins to answer those whose sequence is written, and tells those for whom it can't be.
    func serveQuestions() {
        if questions.waiting.isEmpty { return }
        var failure: String?
        if case .logFull = health {} else { failure = refusal?.reason }
        if isClosed { failure = "the database is closed" }
        let waiting = questions.waiting
        questions.waiting = []
        for question in waiting {
            if question.through <= written && !isClosed {
                answer(question)
            } else if let failure {
                question.finish(
                    .failure(QueryError("the last writes are not in the database: \(failure)")))
            } else {
                questions.waiting.append(question)
            }
        }
    }

    private func answer(_ question: Question) {
        let job = QueryJob(path: path, query: question.query, clock: environment.clock)
        let token = question.query.token
        questions.tokens[ObjectIdentifier(token)] = token
        environment.runner.run(on: .query) {
            job.run()
        } finish: { result in
            self.questions.tokens[ObjectIdentifier(token)] = nil
            question.finish(result)
        }
    }

    /// Ends what is being answered: the database is to be closed.
    func cancelQuestions() {
        for token in questions.tokens.values { token.cancel() }
    }
}
