/// What fills a log: its commands, and the keys that they name, by bytes.
///
/// Counted while the log is replayed. Keys are counted until there are many; then those with the fewest bytes are
/// forgotten, so the list of the heaviest is right but for keys that come in drops all over a log.
import Bytes
import Engine
import Persistence
import Records

/// Counts what it passes on; see the file's header.
final class LogStatistics: ReplayTarget {
    /// Records and bytes of something.
    struct Share {
        var records = 0
        var bytes = 0
    }

    private static let mostKeys = 200_000

    private let target: any ReplayTarget
    private let table: CommandTable
    private(set) var commands: [String: Share] = [:]
    private(set) var keys: [[UInt8]: Share] = [:]
    /// Keys of a snapshot at the beginning.
    private(set) var loadedKeys = 0
    /// Whether keys were forgotten.
    private(set) var areKeysEstimated = false

    init(_ target: any ReplayTarget, _ table: CommandTable) {
        self.target = target
        self.table = table
    }

    private func note(_ arguments: ByteViews) {
        var bytes = 3 + Self.digits(arguments.count)
        for argument in arguments { bytes += 5 + Self.digits(argument.count) + argument.count }
        guard let command = table.find(arguments[0]) else { return }
        commands[command.fullName, default: Share()].add(bytes)
        guard let place = command.spec.keys.first, place.search == .range, place.first > 0,
            place.first < arguments.count
        else { return }
        keys[arguments[place.first].array, default: Share()].add(bytes)
        if keys.count > Self.mostKeys { forget() }
    }

    /// Forgets the lighter half.
    private func forget() {
        areKeysEstimated = true
        let middle = keys.values.map(\.bytes).sorted()[keys.count / 2]
        keys = keys.filter { $0.value.bytes > middle }
    }

    private static func digits(_ number: Int) -> Int {
        var (count, rest) = (1, number)
        while rest > 9 {
            rest /= 10
            count += 1
        }
        return count
    }

    /// The heaviest first.
    var topCommands: [(name: String, share: Share)] {
        commands.map { ($0.key, $0.value) }.sorted { $0.1.bytes > $1.1.bytes }
    }

    /// The heaviest first.
    var topKeys: [(name: [UInt8], share: Share)] {
        keys.map { ($0.key, $0.value) }.sorted { $0.1.bytes > $1.1.bytes }
    }

    // MARK: ReplayTarget

    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        loadedKeys += 1
        return try target.load(key, database: database, deadline: deadline, fill: fill)
    }

    func beginLoading() { target.beginLoading() }
    func endLoading() -> [UInt8]? { target.endLoading() }
    var databaseCount: Int { target.databaseCount }

    func replay(_ arguments: ByteViews) -> ReplayOutcome {
        note(arguments)
        return target.replay(arguments)
    }

    func expect(_ arguments: ByteViews) { target.expect(arguments) }
    func expectationsEnd() { target.expectationsEnd() }
    func readsForeign(_ isForeign: Bool) { target.readsForeign(isForeign) }
    func discardOpenTransaction() { target.discardOpenTransaction() }
    var keyCount: Int { target.keyCount }
}

extension LogStatistics.Share {
    mutating func add(_ bytes: Int) {
        records += 1
        self.bytes += bytes
    }
}
