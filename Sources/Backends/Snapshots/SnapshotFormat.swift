/// A file format that holds a whole dataset: what a folder adds to become a backend, a format of
/// SNAPSHOT SAVE and of the tools.
///
/// The checklist for a new format: a folder with its FORMAT.md and one type that conforms, and one line in
/// `BackendCatalog`. `SnapshotBackend` does the rest: saving beside the running engine, replacing the file
/// atomically, reading it back and comparing digests before that, `save` points, the way up and down.
///
/// What a format promises:
/// 1. `write` streams: its memory doesn't grow with the dataset (where an option needs more, its page says so).
///    It calls `output.settle()` between elements, which also ends a save that was cancelled.
/// 2. `read` streams too, takes hostile bytes (bounds before memory), and finds every flipped bit: what it
///    can't vouch for is an error with the byte offset (`SnapshotInput.damaged`), never less data.
/// 3. What is read is what was written: the digests are equal, times of consumers' visits aside.
/// 4. Keys and fields past their deadline when the view was frozen are left out (`SnapshotWalk` does it).
///
/// Threads: any; one at a time for a file.
import Bytes
import Digest
import Persistence
import Records

/// A format of snapshots; see the file's header.
public protocol SnapshotFormat: Sendable {
    /// The backend's name and abilities (`.snapshots` among them).
    static var descriptor: BackendDescriptor { get }
    /// What names of such files end with, without the dot.
    static var fileExtension: String { get }
    /// The file in the data directory.
    static func fileName(_ settings: BackendSettings) -> String

    /// The format with the options in force.
    init(_ settings: BackendSettings)

    /// Writes what `walk` hands out, behind a head that says `header`.
    ///
    /// All of it is in `output` when it returns; whoever called flushes and syncs.
    ///
    /// - Throws: what the walk and the output throw; `PersistenceError` where the format can't hold the data.
    func write(_ walk: SnapshotWalk, _ header: SnapshotHeader, to output: SnapshotOutput) throws

    /// Reads a whole file into `target`, key by key.
    ///
    /// - Throws: `PersistenceError` with file and offset, and what the target throws.
    func read(
        _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> SnapshotContents

    /// Reads one key where the format has an index that says where it is.
    ///
    /// - Parameter database: nil: of every database that has it.
    /// - Returns: false, and nothing read: the file has to be read whole.
    func find(
        _ key: [UInt8], database: Int?, _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> Bool

    /// Reads a whole file for its digest only; a format that can do so in parallel has its own way.
    func digest(
        _ input: SnapshotInput, isCancelled: @escaping () -> Bool
    ) throws -> (contents: SnapshotContents, report: DigestReport)
}

extension SnapshotFormat {
    /// There is no index.
    public func find(
        _ key: [UInt8], database: Int?, _ input: SnapshotInput, into target: any ReplayTarget
    ) throws -> Bool { false }

    /// `dbfilename` with the format's extension: `dump.json`.
    public static func fileName(_ settings: BackendSettings) -> String {
        let name = settings.snapshotFileName
        let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
        return (stem.isEmpty ? "dump" : stem) + ".\(fileExtension)"
    }

    /// Reads the file on this thread and digests it on another one.
    public func digest(
        _ input: SnapshotInput, isCancelled: @escaping () -> Bool
    ) throws -> (contents: SnapshotContents, report: DigestReport) {
        let target = RelayedDigestTarget(isCancelled: isCancelled)
        let contents = try read(input, into: target)
        return (contents, target.report)
    }
}

/// What a snapshot says about itself; formats leave out what they have no place for.
public struct SnapshotHeader: Sendable, Hashable {
    /// `holdfast_version` of the server that wrote it.
    public var version: String
    /// Its run id.
    public var serverID: String
    /// The sequence number of the last change in it.
    public var sequence: CommitTicket
    /// When the data was frozen.
    public var frozenAt: Deadline
    /// The server's memory when the save began, in bytes; 0: not known.
    public var usedMemoryBytes = 0
    /// Sources of function libraries, which only Redis's format carries; nothing here looks into them.
    public var functionLibraries: [[UInt8]] = []

    /// A header.
    public init(version: String, serverID: String, sequence: CommitTicket, frozenAt: Deadline) {
        self.version = version
        self.serverID = serverID
        self.sequence = sequence
        self.frozenAt = frozenAt
    }
}

/// What was found in a file beside the keys.
public struct SnapshotContents: Sendable {
    /// What the file says about itself; what it doesn't say is empty or 0.
    public var header = SnapshotHeader(
        version: "", serverID: "", sequence: 0, frozenAt: Deadline(millisecondsSinceEpoch: 0))
    /// Keys read.
    public var keys = 0
    /// Keys that were left out, as they were past their deadline.
    public var expiredKeys = 0
    /// The digest that the file names, which reading doesn't compare with the data.
    public var digest: Hash256?
    /// What an operator should know: a file that a person edited, say.
    public var warnings: [String] = []

    /// Nothing found yet.
    public init() {}
}
