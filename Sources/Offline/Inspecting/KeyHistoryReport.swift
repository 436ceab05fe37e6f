/// The history of one key as text for people and as JSON for programs; and one key of any dataset.
import Backends
import Bytes
import Engine
import Persistence
import Records

/// Words for a key's history.
public struct KeyHistoryReport {
    private let key: [UInt8]
    private let history: LogHistory
    private static let argumentsShown = 12

    /// Of a log that was read.
    public init(_ key: [UInt8], _ history: LogHistory) {
        self.key = key
        self.history = history
    }

    /// A line for each change.
    public var lines: [String] {
        history.changes.map { change in
            let time = change.time.map {
                TimeText.text(Deadline(millisecondsSinceEpoch: Int64(clamping: $0)))
            }
            let name = change.path.split(separator: "/").last.map(String.init) ?? change.path
            return Columns.left(time ?? "-", 25) + Columns.left("\(name):\(change.offset)", 44)
                + Columns.left(change.sequence.map { "seq \($0)" } ?? "", 14)
                + "db \(change.database)  " + Self.text(change.arguments)
        }
            + history.damages.map {
                Terminal.styled("damaged", .bad)
                    + "  \($0.path), offset \($0.offset), \($0.length) bytes: changes may be missing"
            }
    }

    private static func text(_ arguments: [[UInt8]]) -> String {
        if arguments.isEmpty { return "(in the snapshot)" }
        var words = arguments.prefix(argumentsShown).map { KeyText.quoted($0, limit: 60) }
        if arguments.count > argumentsShown {
            words.append("... (\(arguments.count) arguments)")
        }
        return words.joined(separator: " ")
    }

    /// The document for programs.
    public var json: JSONValue {
        .object([
            ("key", .bytes(key)),
            (
                "changes",
                .array(
                    history.changes.map {
                        .object([
                            ("file", .string($0.path)), ("offset", .integer($0.offset)),
                            ("sequence", $0.sequence.map { .integer(Int(clamping: $0)) } ?? .null),
                            ("time_ms", $0.time.map { .integer(Int(clamping: $0)) } ?? .null),
                            ("db", .integer($0.database)),
                            ("command", .array($0.arguments.map { .bytes($0) })),
                        ])
                    })
            ),
            (
                "damaged",
                .array(
                    history.damages.map {
                        .object([
                            ("file", .string($0.path)), ("offset", .integer($0.offset)),
                            ("length", .integer($0.length)),
                        ])
                    })
            ),
        ])
    }
}

extension StoreReader {
    /// The content of a key, in each database that has it.
    ///
    /// A database or a file of blocks is asked for the key alone; other snapshots are streamed. Memory: that key's, but
    /// for a log, whose live data is.
    public func contents(
        of key: [UInt8], database: Int? = nil,
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) throws -> [EntryContent] {
        let engine = Engine(databases: 1024, clock: SystemClock())
        let target = OneKeyTarget(engine.replayTarget(), key, database: database)
        if try !find(key, database, into: target) { try load(into: target, progress: progress) }
        engine.refreshTime()
        let view = engine.freeze()
        var found: [EntryContent] = []
        for number in 0..<view.databaseCount
        where view.keyCount(database: number) > 0 && database.map({ $0 == number }) ?? true {
            try view.forEachEntry(database: number) { entry in
                if key.withByteView({ $0 == entry.key }) {
                    found.append(try EntryContent(entry, database: number))
                }
            }
        }
        return found
    }
}
