/// What a snapshot's first bytes must tell and only a walk over the whole view can: its version and its sizes.
import Bytes
import Digest
import RDB
import Records

/// A walk over what a snapshot will hold.
struct RDBSurvey {
    /// Keys and deadlines of one database.
    struct Sizes {
        var keys = 0
        var deadlines = 0
    }

    /// The lowest version that holds the data.
    private(set) var version: Int
    /// The first key that needs it, and why; nil where it is the lowest of all.
    private(set) var reason: String?
    /// By number, empty ones included.
    private(set) var databases: [Sizes] = []

    /// Walks over the view.
    ///
    /// - Parameter wanted: a lower version than is written by itself may do.
    /// - Throws: `SnapshotOutput.cancelled`, and what the view throws.
    init(_ walk: SnapshotWalk, wanted: Int = RDBVersion.written) throws {
        version = min(wanted, RDBVersion.written)
        let view = walk.view
        for database in 0..<view.databaseCount {
            var sizes = Sizes()
            try view.forEachEntry(database: database) { entry in
                try walk.check()
                if try !walk.holds(entry) { return }
                sizes.keys += 1
                if entry.deadline != nil { sizes.deadlines += 1 }
                let (type, what): (StaticString, StaticString)
                switch entry.value {
                case .hash(let hash) where hash.hasDeadlines:
                    (type, what) = ("hash", "fields with deadlines")
                case .stream where wanted < RDBVersion.written:
                    (type, what) = ("stream", "counters")
                default: return
                }
                let needed = try RDBValueWriter.version(of: try walk.live(entry).value)
                if needed > version {
                    version = needed
                    let key = entry.key[0..<min(entry.key.count, 128)].text
                    reason =
                        "the \(type) '\(key)' of database \(database) has \(what), "
                        + "which only version \(needed) and later hold"
                }
            }
            databases.append(sizes)
        }
    }
}

extension SnapshotWalk {
    /// An entry without fields that were past their deadline.
    @inline(__always)
    func live(_ entry: FrozenEntry) throws -> FrozenEntry {
        guard case .hash(let hash) = entry.value, hash.hasDeadlines else { return entry }
        return FrozenEntry(
            key: entry.key, deadline: entry.deadline,
            value: .hash(try LiveHash(hash, at: view.frozenAt)))
    }
}

/// A frozen hash without the fields that were past their deadline.
private struct LiveHash: FrozenHash {
    let whole: any FrozenHash
    let time: Deadline
    let count: Int
    let hasDeadlines: Bool

    init(_ whole: any FrozenHash, at time: Deadline) throws {
        self.whole = whole
        self.time = time
        var count = 0
        var hasDeadlines = false
        try whole.forEachField { _, _, deadline in
            if let deadline {
                if deadline < time { return }
                hasDeadlines = true
            }
            count += 1
        }
        self.count = count
        self.hasDeadlines = hasDeadlines
    }

    func forEachField(_ visit: (ByteView, ByteView, Deadline?) throws -> Void) throws {
        try whole.forEachField { field, value, deadline in
            if let deadline, deadline < time { return }
            try visit(field, value, deadline)
        }
    }
}
