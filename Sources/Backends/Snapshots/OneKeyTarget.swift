/// Passes one key on, so that a dataset of any size is searched in the memory of that key.
///
/// Threads: the loading thread.
import Bytes
import Persistence
import Records

/// A target behind which only one key is seen, and whatever commands a log has.
public final class OneKeyTarget: ReplayTarget {
    private let target: any ReplayTarget
    private let key: [UInt8]
    private let database: Int?
    private let sink = NullValueSink()
    /// How often the key was handed on.
    public private(set) var found = 0

    /// Passes `key` on to `target`, of all databases where `database` is nil.
    public init(_ target: any ReplayTarget, _ key: [UInt8], database: Int?) {
        self.target = target
        self.key = key
        self.database = database
    }

    /// Hands the value on, or reads it and forgets it.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        let isIt = self.key.withByteView { $0 == key }
        guard isIt, self.database.map({ $0 == database }) ?? true else {
            try fill(sink)
            return .new
        }
        let outcome = try target.load(key, database: database, deadline: deadline, fill: fill)
        found += 1
        return outcome
    }

    /// That of the target behind.
    public var databaseCount: Int { target.databaseCount }
    /// Goes to the target behind.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome { target.replay(arguments) }
    /// Goes to the target behind.
    public func readsForeign(_ isForeign: Bool) { target.readsForeign(isForeign) }
    /// Goes to the target behind.
    public func discardOpenTransaction() { target.discardOpenTransaction() }
    /// That of the target behind.
    public var keyCount: Int { target.keyCount }
}
