/// HOLDFAST DIGEST [DB n] [BUCKETS level]
///
/// The canonical digest (Sources/Digest/FORMAT.md) of all data, or of one database, as it was at the
/// moment of the call: a view is frozen on the engine's thread, O(1), and digested on another. Replies a map:
///
///     version     the encoding's version
///     digest      64 hexadecimal digits
///     sequence    that of the last change in the view, as the log counts
///     time        when the view was frozen, in milliseconds since 1970; keys past their deadline are left out
///     keys        keys in the digest
///     databases   a map for each database with keys: db, keys, expires, and keys of each type
///     buckets     with BUCKETS: of the 16^level buckets (level 0 ... 4) those with keys: index, keys, sum
///
/// Errors: syntax, DB or level out of range, too many at once. A client that goes away takes its digest along.
import Bytes
import Digest
import Engine
import RESP
import Records
import Synchronization

/// A digest that a client waits for; its flag is read by the thread that computes.
final class DigestRequest: Sendable {
    private let isCancelledFlag = Atomic<Bool>(false)

    /// Nobody waits any more.
    func cancel() { isCancelledFlag.store(true, ordering: .relaxed) }

    var isCancelled: Bool { isCancelledFlag.load(ordering: .relaxed) }

    /// Requests at once; they queue for one thread, and each holds a view.
    static let limit = 8
}

/// The words behind HOLDFAST DIGEST.
private struct DigestOptions {
    var database: Int?
    var level: Int?

    init(_ arguments: ByteViews, databases: Int) throws(CommandError) {
        var place = 2
        while place < arguments.count {
            let (word, hasValue) = (arguments[place], place + 1 < arguments.count)
            let number = hasValue ? Decimal.parse(arguments[place + 1]).map { Int($0) } : nil
            if word.equalsIgnoringCase("db"), hasValue, database == nil {
                guard let number, (0..<databases).contains(number) else {
                    throw CommandError("ERR DB index is out of range")
                }
                database = number
            } else if word.equalsIgnoringCase("buckets"), hasValue, level == nil {
                guard let number, (0...DatasetDigest.finestLevel).contains(number) else {
                    throw CommandError(
                        "ERR level must be between 0 and \(DatasetDigest.finestLevel)")
                }
                level = number
            } else {
                throw .syntaxError
            }
            place += 2
        }
    }
}

extension Server {
    func digestCommand() -> CommandSpec {
        CommandSpec(
            "digest", arity: -2, [.admin, .readonly, .noscript, .noMulti, .noAsyncLoading],
            group: .server, since: "7.2.0",
            summary: "Computes the canonical digest of a frozen view of the data.",
            complexity: "O(N) on another thread, O(1) on the engine's",
            syntax: "[DB index] [BUCKETS level]"
        ) { [unowned self] engine, session, arguments, _ throws(CommandError) in
            let options = try DigestOptions(arguments, databases: engine.keyspace.databaseCount)
            let connection = try connection(session)
            guard digests.count < DigestRequest.limit else {
                throw CommandError("ERR too many digests are being computed, try again later")
            }
            let request = DigestRequest()
            digests[session.id] = request
            connection.postpone()
            // The view holds what was executed so far, and this is its number.
            let sequence = backend?.commit() ?? 0
            let view = engine.freeze()
            let (id, frozenAt, database) = (session.id, view.frozenAt, options.database)
            runner.run(on: .inspection) { () -> Result<DigestReport, DigestError> in
                do {
                    let report = try DatasetDigest.of(view, database: database) {
                        request.isCancelled
                    }
                    return .success(report)
                } catch {
                    // A view in memory throws nothing of its own.
                    return .failure(.cancelled)
                }
            } finish: { [weak self] result in
                self?.digests[id] = nil
                connection.complete { reply in
                    switch result {
                    case .success(let report):
                        reply.digest(
                            report, level: options.level, sequence: sequence, at: frozenAt)
                    case .failure:
                        reply.error(Array("ERR the digest was cancelled".utf8))
                    }
                }
            }
        }
    }
}

extension ReplyWriter {
    fileprivate func digest(
        _ report: DigestReport, level: Int?, sequence: UInt64, at time: Deadline
    ) {
        map(level == nil ? 6 : 7)
        pair("version", DatasetDigest.version)
        bulk(ByteView("digest"))
        bulk(text: report.digest.root.hex)
        pair("sequence", Int(truncatingIfNeeded: sequence))
        pair("time", Int(time.millisecondsSinceEpoch))
        pair("keys", report.counts.keys)
        bulk(ByteView("databases"))
        array(report.counts.databases.count)
        for database in report.counts.databases {
            map(3 + DatasetType.allCases.count)
            pair("db", database.number)
            pair("keys", database.keys)
            pair("expires", database.deadlines)
            for type in DatasetType.allCases {
                bulk(text: type.name)
                integer(database[type])
            }
        }
        if let level { buckets(report.digest.level(level)) }
    }

    private func pair(_ name: StaticString, _ value: Int) {
        bulk(ByteView(name))
        integer(value)
    }

    private func buckets(_ all: [DigestBucket]) {
        bulk(ByteView("buckets"))
        array(all.count { $0.count > 0 })
        for (index, bucket) in all.enumerated() where bucket.count > 0 {
            array(3)
            integer(index)
            integer(Int(truncatingIfNeeded: bucket.count))
            bulk(text: bucket.sum.hex)
        }
    }
}
