/// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
/// ZINCRBY key increment member
///
/// Gives members scores, in a sorted set that is made where absent. NX: new members only; XX: old ones only; GT,
/// LT: old ones only where the score rises, falls. Replies how many are new (CH: or changed); with INCR, and
/// ZINCRBY, the new score, nil where the options forbade it. O(log n) a member.
/// Errors: WRONGTYPE, no float, options that exclude each other, a score that would be NaN.
import Bytes
import RESP
import Records

enum ZAddCommand {
    static var zadd: CommandSpec {
        CommandSpec(
            "zadd", arity: -4, [.write, .denyoom, .fast], keys: [KeySpec(["RW", "update"])],
            group: .sortedSet, since: "1.2.0",
            summary:
                "Add one or more members to a sorted set, or update its score if it already exists",
            complexity:
                "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
            syntax: "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]"
        ) { engine, session, arguments, reply throws(CommandError) in
            var options = Options()
            let first = try options.parse(arguments)
            try add(engine, session, arguments[1], arguments.dropFirst(first), options, reply)
        }
    }

    static var zincrby: CommandSpec {
        CommandSpec(
            "zincrby", arity: 4, [.write, .denyoom, .fast],
            keys: [KeySpec(["RW", "access", "update"])], group: .sortedSet, since: "1.2.0",
            summary: "Increment the score of a member in a sorted set",
            complexity: "O(log(N)) where N is the number of elements in the sorted set.",
            syntax: "key increment member"
        ) { engine, session, arguments, reply throws(CommandError) in
            var options = Options()
            options.increments = true
            try add(engine, session, arguments[1], arguments.dropFirst(2), options, reply)
        }
    }

    private struct Options {
        var onlyNew = false
        var onlyOld = false
        var onlyGreater = false
        var onlyLess = false
        var countsChanges = false
        var increments = false

        /// Whether the end of it all depends on what was there.
        var isConditional: Bool { onlyNew || onlyOld || onlyGreater || onlyLess }

        /// Reads the options; answers where the first score stands.
        mutating func parse(_ arguments: ByteViews) throws(CommandError) -> Int {
            var index = 2
            while index < arguments.count {
                let word = arguments[index]
                if word.equalsIgnoringCase("nx") {
                    onlyNew = true
                } else if word.equalsIgnoringCase("xx") {
                    onlyOld = true
                } else if word.equalsIgnoringCase("gt") {
                    onlyGreater = true
                } else if word.equalsIgnoringCase("lt") {
                    onlyLess = true
                } else if word.equalsIgnoringCase("ch") {
                    countsChanges = true
                } else if word.equalsIgnoringCase("incr") {
                    increments = true
                } else {
                    break
                }
                index += 1
            }
            let left = arguments.count - index
            if left == 0 || left % 2 != 0 { throw .syntax }
            if onlyNew && onlyOld {
                throw CommandError("ERR XX and NX options at the same time are not compatible")
            }
            if onlyGreater && onlyLess || onlyNew && (onlyGreater || onlyLess) {
                throw CommandError(
                    "ERR GT, LT, and/or NX options at the same time are not compatible")
            }
            if increments && left > 2 {
                throw CommandError("ERR INCR option supports a single increment-element pair")
            }
            return index
        }

        /// The score that a member gets which has the score `old`; nil: it stays as it is.
        @inline(__always)
        func score(_ old: Double?, _ given: Double) throws(CommandError) -> Double? {
            guard let old else { return onlyOld ? nil : given }
            if onlyNew { return nil }
            let score = increments ? old + given : given
            if score.isNaN { throw .scoreNotANumber }
            if onlyLess && score >= old || onlyGreater && score <= old { return nil }
            return score
        }
    }

    private static func add(
        _ engine: Engine, _ session: Session, _ key: ByteView, _ pairs: ByteViews,
        _ options: Options, _ reply: ReplyWriter
    ) throws(CommandError) {
        // All scores are read before anything changes; one alone needs no array.
        guard let first = Score.parse(pairs[0]) else { throw .notAFloat }
        var others: [Double] = []
        for index in stride(from: 2, to: pairs.count, by: 2) {
            guard let score = Score.parse(pairs[index]) else { throw .notAFloat }
            others.append(score)
        }
        let position = try engine.locateSortedSet(key, session)
        if position == nil && options.onlyOld {
            options.increments ? reply.null() : reply.integer(0)
            return
        }
        let writer = engine.sortedSetWriter(key, at: position, session)
        if options.increments {
            try increment(engine, session, key, (pairs[1], first), options, writer, reply)
            return
        }
        var record = RunRecorder(pairs, isWhole: !options.isConditional, writer)
        var added = 0
        var updated = 0
        for index in 0..<(pairs.count / 2) {
            let given = index == 0 ? first : others[index - 1]
            let change = try writer.update(pairs[2 * index + 1]) { (old) throws(CommandError) in
                try options.score(old, given)
            }
            switch change {
            case .added: added += 1
            case .updated: updated += 1
            case .unchanged where given == 0:
                // The member may have the zero of the other sign, which it keeps.
                record.skip(index, key, engine, session.database, mayRepeat: false)
            case .unchanged, .declined: record.skip(index, key, engine, session.database)
            }
        }
        if added + updated > 0 {
            record.finish(key, engine, session.database)
            engine.touch(key, session.database)
            engine.notify(.sortedSet, "zadd", key, session.database)
        }
        reply.integer(options.countsChanges ? added + updated : added)
    }

    private static func increment(
        _ engine: Engine, _ session: Session, _ key: ByteView,
        _ pair: (member: ByteView, increment: Double), _ options: Options,
        _ writer: SortedSetWriter, _ reply: ReplyWriter
    ) throws(CommandError) {
        var score = 0.0
        let change = try writer.update(pair.member) { (old) throws(CommandError) in
            guard let new = try options.score(old, pair.increment) else { return nil }
            score = new
            return new
        }
        switch change {
        case .declined: reply.null()
        case .unchanged: reply.double(score)
        case .added, .updated:
            let text = engine.moving
            text.removeAll()
            // What was stored: a small set keeps no sign of zero.
            let stored = score == 0 ? writer.value.score(of: pair.member, engine.heap) : score
            FloatText.append(stored ?? score, to: text)
            text.view.withPairedView(pair.member) {
                engine.record(
                    .sortedSetAdd(key: key, scoresAndMembers: $0), database: session.database)
            }
            engine.touch(key, session.database)
            engine.notify(.sortedSet, "zincr", key, session.database)
            reply.double(score)
        }
    }
}

/// Records the pairs of a ZADD that had an effect: as they came where all may be repeated, else in runs.
private struct RunRecorder {
    private let pairs: ByteViews
    private let isWhole: Bool
    private let writer: SortedSetWriter
    /// The first pair of the run that is open.
    private var start = 0

    init(_ pairs: ByteViews, isWhole: Bool, _ writer: SortedSetWriter) {
        self.pairs = pairs
        self.isWhole = isWhole
        self.writer = writer
    }

    /// The pair of this number had no effect; those before it are recorded.
    mutating func skip(
        _ index: Int, _ key: ByteView, _ engine: Engine, _ database: Int, mayRepeat: Bool = true
    ) {
        if isWhole && mayRepeat { return }
        record(pairs[(2 * start)..<(2 * index)], key, engine, database)
        start = index + 1
    }

    /// The rest is recorded.
    func finish(_ key: ByteView, _ engine: Engine, _ database: Int) {
        record(pairs.dropFirst(2 * start), key, engine, database)
    }

    private func record(
        _ run: ByteViews, _ key: ByteView, _ engine: Engine, _ database: Int
    ) {
        if run.isEmpty { return }
        var isPlain = true
        for index in stride(from: 0, to: run.count, by: 2) where !Score.isPlain(run[index]) {
            isPlain = false
        }
        if isPlain {
            engine.record(.sortedSetAdd(key: key, scoresAndMembers: run), database: database)
            return
        }
        let batch = SortedSetBatch()
        for index in stride(from: 0, to: run.count, by: 2) {
            let member = run[index + 1]
            batch.add(member, writer.value.score(of: member, engine.heap) ?? 0)
            if batch.isFull { batch.record(key, engine, database) }
        }
        batch.record(key, engine, database)
    }
}
