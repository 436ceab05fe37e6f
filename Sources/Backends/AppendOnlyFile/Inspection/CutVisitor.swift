/// Takes records up to a point and no further.
import Bytes
import Persistence

/// Finds the last command of a name.
final class CommandFinder: LogScanVisitor {
    private let name: String
    private var counter = RecordCounter()
    /// Where it is.
    private(set) var found: CutVisitor.Limit?

    init(_ name: String) { self.name = name.lowercased() }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        try PreambleReader(window: window, replay: LogReplay(target: NullReplayTarget())).read()
    }

    func record(_ arguments: ByteViews, _ place: RecordPlace) {
        let sequence = counter.count(arguments[0], place)
        if arguments[0].count == name.utf8.count, arguments[0].text.lowercased() == name {
            found = CutVisitor.Limit(
                ordinal: counter.ordinal, sequence: place.isCertain ? sequence &- 1 : nil)
        }
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) {}
}

/// Counts records, and gives those of groups their sequence.
struct RecordCounter {
    private var before: UInt64 = .max
    private var index: UInt64 = 0
    /// Records so far, the last one included.
    private(set) var ordinal = 0

    /// The sequence of a record; for SELECT, MULTI and EXEC that of the next.
    mutating func count(_ name: ByteView, _ place: RecordPlace) -> UInt64 {
        ordinal += 1
        if place.sequenceBefore != before {
            before = place.sequenceBefore
            index = 0
        }
        let sequence = before &+ index &+ 1
        if !RecordOutput.isFrame(name) && !name.equalsIgnoringCase("select") { index += 1 }
        return sequence
    }
}

/// Writes records up to a point.
final class CutVisitor: LogScanVisitor {
    /// Where to stop.
    struct Limit {
        var sequence: UInt64?
        var time: UInt64?
        /// The record before which to stop.
        var ordinal: Int?

        init(_ point: PointInTime.Point) {
            switch point {
            case .sequence(let number): sequence = number
            case .time(let milliseconds): time = milliseconds
            case .before: ordinal = 0
            }
        }

        init(ordinal: Int, sequence: UInt64?) {
            self.sequence = sequence
            self.ordinal = sequence == nil ? ordinal : nil
        }

        /// Whether a base lies before the point.
        func reaches(_ chain: PointInTime.Chain) -> Bool {
            if let sequence { return chain.lastSequence <= sequence }
            if let time { return chain.time <= time }
            return true
        }
    }

    private let limit: Limit
    private let out: RecordOutput
    private let sandbox: () -> LogSalvage.Sandbox
    private var counter = RecordCounter()
    private var database = 0
    private var path = ""
    private var unit: [[[UInt8]]]?
    private var isPast = false
    private var hasTime = false
    private var last: UInt64 = 0
    /// Records behind the point.
    private(set) var leftOut = 0

    init(_ limit: Limit, _ out: RecordOutput, _ sandbox: @escaping () -> LogSalvage.Sandbox) {
        self.limit = limit
        self.out = out
        self.sandbox = sandbox
    }

    func snapshot(_ window: LogWindow) throws(PersistenceError) {
        try SnapshotSpelling.read(window, sandbox()) {
            [out] (arguments, database, _) throws(PersistenceError) in
            try out.add(arguments, database: database, time: nil)
        }
    }

    func damage(_ region: LogRegion, healed: [UInt8]?) throws(PersistenceError) {
        if isPast { return }
        // What is unfinished has never counted.
        if region.isTail { return }
        throw Self.damage(region)
    }

    static func damage(_ region: LogRegion) -> PersistenceError {
        PersistenceError(
            .corrupt, "There is damage before that point: \(region.reason)", path: region.path,
            offset: region.offset,
            remedy: "Salvage the log first, with 'aof-check --salvage'")
    }

    func record(_ arguments: ByteViews, _ place: RecordPlace) throws(PersistenceError) {
        let sequence = counter.count(arguments[0], place)
        if place.isCertain { last = sequence }
        if place.time != nil { hasTime = true }
        if let past = limit.sequence, place.isCertain {
            // A transaction that the point lies in is taken back whole.
            if sequence > past { isPast = true }
        }
        if let past = limit.time, let time = place.time, time > past { isPast = true }
        if let past = limit.ordinal, counter.ordinal >= past { isPast = true }
        if isPast {
            unit = nil
            leftOut += 1
            return
        }
        if place.path != path {
            path = place.path
            database = 0
        }
        let name = arguments[0]
        if name.equalsIgnoringCase("select") && arguments.count == 2 {
            database = Int(Decimal.parse(arguments[1]) ?? Int64(database))
        } else if name.equalsIgnoringCase("multi") {
            unit = []
        } else if name.equalsIgnoringCase("exec") {
            try finishUnit(place)
        } else if unit != nil {
            unit?.append(arguments.map(\.array))
        } else {
            try out.add(arguments, database: database, time: place.time)
        }
    }

    private func finishUnit(_ place: RecordPlace) throws(PersistenceError) {
        let commands = [[Array("MULTI".utf8)]] + (unit ?? []) + [[Array("EXEC".utf8)]]
        unit = nil
        for command in commands {
            let failure = command.withByteViews { views -> PersistenceError? in
                do throws(PersistenceError) {
                    try out.add(views, database: database, time: place.time)
                    return nil
                } catch {
                    return error
                }
            }
            if let failure { throw failure }
        }
    }

    /// Whether the point could be told from the log at all.
    func checkReached() throws(PersistenceError) {
        if limit.time != nil && !hasTime && counter.ordinal > 0 {
            throw PersistenceError(
                .conflict, "The log has no times: 'aof-timestamp-enabled' was off", path: path)
        }
        if limit.sequence != nil && counter.ordinal > 0 && last == 0 {
            throw PersistenceError(.conflict, "The log has no sequences", path: path)
        }
    }
}
