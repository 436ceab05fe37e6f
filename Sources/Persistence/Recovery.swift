/// What a restore feeds, and what it says afterwards.
import Bytes
import Records

/// Takes the commands of a log and the values of a snapshot; the engine implements it, so does a checking sandbox.
public protocol ReplayTarget: AnyObject {
    /// Builds the value of one key of a snapshot and puts it in, over what was there.
    ///
    /// `fill` hands the parts of the value to the sink, in the order of `ValueSink`. Where it throws, the
    /// dataset stays as it was. A deadline that has passed is kept: it is for the start to expire it.
    ///
    /// - Throws: what `fill` throws.
    func load(
        _ key: ByteView, database: Int, deadline: Deadline?, fill: (any ValueSink) throws -> Void
    ) throws -> LoadOutcome
    /// Until `endLoading` only `load` is called, and the target may hold keys back to put in many at once; then
    /// `load` may answer `.new` for a key that turns out to be there already.
    func beginLoading()
    /// Puts in what was held back; answers a key that took the place of another of its name, nil where there is
    /// none that `load` didn't answer for.
    func endLoading() -> [UInt8]?
    /// Databases the target has; `load` takes indices below it.
    var databaseCount: Int { get }
    /// Executes one command of a log; `arguments[0]` is its name in any case.
    ///
    /// MULTI and EXEC included: what stands between takes effect at EXEC.
    func replay(_ arguments: ByteViews) -> ReplayOutcome
    /// A command that `replay` will get soon; the target may get ready for it.
    func expect(_ arguments: ByteViews)
    /// The commands told to `expect` come now.
    func expectationsEnd()
    /// The commands that come were written by a plain Redis (until told otherwise): they say what was asked for, and not
    /// always what was stored.
    func readsForeign(_ isForeign: Bool)
    /// Forgets commands queued by a MULTI whose EXEC never came.
    func discardOpenTransaction()
    /// Keys now present, in all databases.
    var keyCount: Int { get }
}

extension ReplayTarget {
    /// Nothing to get ready.
    public func expect(_ arguments: ByteViews) {}
    /// Nothing was made ready.
    public func expectationsEnd() {}
    /// It makes no difference.
    public func readsForeign(_ isForeign: Bool) {}
    /// Nothing will be held back.
    public func beginLoading() {}
    /// Nothing was held back.
    public func endLoading() -> [UInt8]? { nil }
}

/// What became of a key of a snapshot.
public enum LoadOutcome: Sendable {
    /// The key is in the dataset now, and was not before.
    case new
    /// The key is in the dataset now, in the place of another of its name.
    case replaced
    /// `fill` gave no value: nothing was put in.
    case empty
}

/// What became of a replayed command.
public enum ReplayOutcome: Equatable {
    /// It took effect (or changed nothing, properly).
    case applied
    /// It answered an error, which Redis only logs; the text is the error's.
    case failed(String)
    /// No such command: the log is not ours to guess at.
    case unknownCommand(String)
}

/// How far a restore is.
public struct RecoveryProgress: Sendable {
    /// Bytes read so far.
    public var loadedBytes: Int
    /// Bytes to read in all.
    public var totalBytes: Int
    /// Progress so far.
    public init(loadedBytes: Int, totalBytes: Int) {
        self.loadedBytes = loadedBytes
        self.totalBytes = totalBytes
    }
}

/// What a restore found, kept and dropped.
public struct RecoveryReport: Sendable {
    /// A region of a file that is no longer in force.
    public struct Damage: Sendable, Hashable {
        /// The file.
        public var path: String
        /// Where the region begins.
        public var offset: Int
        /// Its length in bytes.
        public var length: Int
        /// What is wrong there.
        public var reason: String
        /// Whether it was cut off the file (false: only reported).
        public var isCut: Bool
        /// A region.
        public init(path: String, offset: Int, length: Int, reason: String, isCut: Bool) {
            self.path = path
            self.offset = offset
            self.length = length
            self.reason = reason
            self.isCut = isCut
        }
    }

    /// Keys present afterwards.
    public var keys = 0
    /// Keys of a snapshot that were past their deadline and left out.
    public var expiredKeys = 0
    /// Bytes read.
    public var bytes = 0
    /// Commands replayed.
    public var commands = 0
    /// Highest sequence number found.
    public var sequence: CommitTicket = 0
    /// What was damaged and dropped.
    public var damages: [Damage] = []
    /// What an operator should know: foreign regions, errors of replayed commands, orphans removed.
    public var warnings: [String] = []
    /// Whether there was anything on disk at all.
    public var foundData = false
    /// Wall time it took, in seconds.
    public var seconds = 0.0

    /// An empty report.
    public init() {}
}
