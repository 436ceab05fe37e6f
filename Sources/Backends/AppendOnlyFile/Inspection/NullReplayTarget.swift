/// Targets that keep nothing: they count what a reader hands them, and know which commands exist.
import Bytes
import Persistence
import Records

/// Takes a log without executing it; what no vocabulary knows is unknown.
public final class NullReplayTarget: ReplayTarget {
    private let vocabulary: (any CommandVocabulary)?
    private let sink = NullValueSink()
    /// Databases of the server that it stands for.
    public let databaseCount: Int
    /// Keys of snapshots.
    public private(set) var keyCount = 0

    /// A target; without a vocabulary every command is known.
    public init(vocabulary: (any CommandVocabulary)? = nil, databases: Int = .max) {
        self.vocabulary = vocabulary
        databaseCount = databases
    }

    /// Counts a key.
    public func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome {
        try fill(sink)
        keyCount += 1
        return .new
    }

    /// Knows it or not.
    public func replay(_ arguments: ByteViews) -> ReplayOutcome {
        guard let vocabulary, vocabulary.arity(of: arguments[0]) == nil else { return .applied }
        return .unknownCommand(arguments[0].text)
    }

    /// Nothing is queued.
    public func discardOpenTransaction() {}
}
