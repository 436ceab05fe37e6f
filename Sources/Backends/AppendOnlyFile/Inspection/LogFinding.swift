/// What a look at a log found: each file, each damaged region, and what to know beside.
import Bytes
import Persistence

/// A stretch of a file that is not what was written there.
public struct LogRegion: Sendable {
    /// How much of it can be read.
    public enum Verdict: String, Sendable {
        /// Nothing that one could rely on.
        case lost
        /// Records can be read or were healed by their checksum, but nothing proves that they are right.
        case plausible
    }

    /// The file.
    public var path: String
    /// Where it begins.
    public var offset: Int
    /// Its bytes; 0 where something is missing between two groups.
    public var length: Int
    /// What is wrong there.
    public var reason: String
    /// How much of it can be read.
    public var verdict = Verdict.lost
    /// Whether it reaches to the file's end and is what an unfinished write leaves.
    public var isTail = false
    /// The first sequence that is lost with it; nil: the file has none, or nobody knows.
    public var firstSequence: UInt64?
    /// The last sequence that is lost with it.
    public var lastSequence: UInt64?
    /// Keys that it may have touched.
    public var keys: Set<[UInt8]> = []
    /// Whether there may be others.
    public var touchesOthers = true
    /// Commands in it that touch keys without naming them, or move them: FLUSHALL, SWAPDB, RENAME.
    public var sweeping: Set<String> = []
    /// Whether such commands may have stood in what can't be read.
    public var mayHideSweeping: Bool { touchesOthers }
    /// The database in force behind it is not known.
    public var hidesDatabase = false

    init(_ path: String, _ offset: Int, _ length: Int, _ reason: String) {
        self.path = path
        self.offset = offset
        self.length = length
        self.reason = reason
    }
}

/// What a look at one file found.
public struct PartFinding: Sendable {
    /// What its bytes are.
    public enum Kind: String, Sendable {
        /// Groups with checksums.
        case groups
        /// Commands without checksums.
        case commands
        /// A snapshot in Redis's format.
        case snapshot
        /// A snapshot, then commands.
        case snapshotAndCommands = "snapshot+commands"
        /// Groups, then commands of a plain Redis.
        case groupsAndCommands = "groups+commands"
        /// Nothing.
        case empty
        /// It isn't there.
        case missing
    }

    /// The file.
    public let part: LogSource.Part
    /// What its bytes are.
    public var kind = Kind.empty
    /// Bytes in it.
    public var size = 0
    /// Whole groups with right checksums.
    public var groups = 0
    /// Records in force, SELECT, MULTI and EXEC included.
    public var records = 0
    /// Keys in the snapshot that it begins with.
    public var snapshotKeys = 0
    /// The first sequence in it; nil: none.
    public var firstSequence: UInt64?
    /// The last one.
    public var lastSequence: UInt64?
    /// The time of the first group or stamp, milliseconds since 1970.
    public var firstTime: UInt64?
    /// The time of the last one.
    public var lastTime: UInt64?
    /// Bytes that a checksum proves.
    public var certainBytes = 0
    /// Bytes that read as what they should, without proof.
    public var plausibleBytes = 0
    /// What is damaged.
    public var regions: [LogRegion] = []
    /// What is no damage, and to be known.
    public var notes: [String] = []
    /// Commands that nobody knows, with their first offset.
    public var unknownCommands: [(name: String, offset: Int)] = []
    /// Commands with a wrong number of arguments: how many, and where the first is.
    public var wrongArity: (count: Int, offset: Int) = (0, 0)
    /// Records and bytes by command.
    public var commands: [String: (calls: Int, bytes: Int)] = [:]
    /// Something in it needs a closer look by the servers' own rules.
    var isIrregular = false

    init(_ part: LogSource.Part) { self.part = part }

    /// Bytes in damaged regions.
    public var damagedBytes: Int { regions.reduce(0) { $0 + $1.length } }
}

/// Takes what a scan reads, in the order of the files.
protocol LogScanVisitor: AnyObject {
    /// A record outside of all damage; the arguments live until the call ends.
    func record(_ arguments: ByteViews, _ place: RecordPlace) throws(PersistenceError)
    /// A snapshot begins at the file's front; the visitor reads it.
    func snapshot(_ window: LogWindow) throws(PersistenceError)
    /// A damaged region, and what of its payload was healed by checksums (nil: nothing).
    func damage(_ region: LogRegion, healed: [UInt8]?) throws(PersistenceError)
}

/// Where a record is.
struct RecordPlace {
    /// Offset in its file.
    var offset: Int
    /// The file.
    var path: String
    /// Sequence of the last mutation before the record's group.
    var sequenceBefore: UInt64
    /// Milliseconds since 1970 of its group or stamp; nil: unknown.
    var time: UInt64?
    /// Whether a checksum proves it.
    var isCertain: Bool
    /// Whether it counts as a mutation of the log (those of a base don't).
    var isInBase: Bool
}
