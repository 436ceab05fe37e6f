/// The seam for snapshots by command, backups and restoration: what the server asks of the catalog's formats.
///
/// A format goes by its name (that of the backend whose file it is), a snapshot by its name within a folder. Everything
/// but `formats` and `format(ofFile:)` blocks on the disk and runs on a lane; `prepare` looks at a few names only, and
/// runs on the engine's thread so that a refusal is the command's reply.
///
/// Names can't leave the folder: `SnapshotName`.
import Bytes
import Records
import Synchronization

/// Writes, reads, checks and lists snapshots in folders; for any thread, one call at a time for a folder.
public protocol SnapshotStore: AnyObject, Sendable {
    /// What a snapshot may be written as.
    var formats: [SnapshotFormatFacts] { get }
    /// The format that a file's extension names; that of files without a known one where there is none.
    func format(ofFile name: String) -> String

    /// Looks whether a snapshot can be written: name, folder (made where it is missing), room on the disk.
    ///
    /// - Throws: `.conflict`, with the figures where the disk is too full; `.unsupportedFormat`; `.io`.
    func prepare(_ order: SnapshotOrder) throws(PersistenceError)
    /// Writes a snapshot, reads it back, compares digests, and only then gives it its name.
    ///
    /// - Throws: `.corrupt` where something else was read than was written; `.io`. What had the name stays then.
    func save(
        _ view: any FrozenDataset, _ order: SnapshotOrder, _ activity: SnapshotActivity,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts

    /// What is known of a file without reading it: its size and what it will take in memory.
    ///
    /// - Throws: `.conflict` where there is no such snapshot, or its name can't be one.
    func look(_ place: SnapshotPlace) throws(PersistenceError) -> SnapshotFacts
    /// Every snapshot of a folder, by name.
    func list(_ directory: String) throws(PersistenceError) -> [SnapshotFacts]
    /// Reads a whole snapshot, and compares its data with the digest that it names.
    ///
    /// - Throws: `.corrupt` and the like where it isn't whole.
    func verify(
        _ place: SnapshotPlace, _ activity: SnapshotActivity,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts
    /// Feeds a snapshot to a sandbox, all of it, and compares the sandbox with the digest that the file names.
    ///
    /// - Throws: as `verify`; the sandbox is of no use then.
    func load(
        _ place: SnapshotPlace, _ activity: SnapshotActivity, into sandbox: MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts
    /// The names of a folder's files, hidden ones left out; nothing is opened.
    func names(in directory: String) throws(PersistenceError) -> [String]
    /// Removes snapshots and makes that last.
    func remove(_ names: [String], from directory: String) throws(PersistenceError)
}

/// A format that snapshots may have.
public struct SnapshotFormatFacts: Sendable, Hashable {
    /// The word behind FORMAT.
    public let name: String
    /// What names of such files end with, without the dot; the first is what new ones get.
    public let fileExtensions: [String]

    /// A format.
    public init(name: String, fileExtensions: [String]) {
        self.name = name
        self.fileExtensions = fileExtensions
    }
}

/// Where a snapshot stands.
public struct SnapshotPlace: Sendable, Hashable {
    /// The folder.
    public var directory: String
    /// The name in it.
    public var name: String
    /// The options that readers have (`rdbchecksum`).
    public var settings: BackendSettings

    /// A place.
    public init(directory: String, name: String, settings: BackendSettings) {
        self.directory = directory
        self.name = name
        self.settings = settings
    }

    /// The file.
    public var path: String { directory + "/" + name }
}

/// What is to be written, and where.
public struct SnapshotOrder: Sendable {
    /// Where; its settings are the options of the writers.
    public var place: SnapshotPlace
    /// One of `formats`.
    public var format: String
    /// Which server writes.
    public var identity = ServerIdentity()
    /// The sequence of the last change in the view.
    public var sequence: CommitTicket = 0
    /// What the data takes in memory, in bytes: the room on the disk is estimated from it.
    public var usedMemoryBytes = 0
    /// Bytes that may be taken from this machine's memory; nil: not known.
    public var freeMemoryBytes: Int?

    /// An order.
    public init(place: SnapshotPlace, format: String) {
        self.place = place
        self.format = format
    }
}

/// What is known of a snapshot.
public struct SnapshotFacts: Sendable, Hashable {
    /// Its name in the folder.
    public var name: String
    /// Its format's name; empty: none that is known here.
    public var format: String
    /// The file's size in bytes.
    public var bytes: Int
    /// Keys in it; nil: not known before it is verified.
    public var keys: Int?
    /// The canonical digest in hexadecimal; empty: not known before it is verified.
    public var digest = ""
    /// When its data was frozen, or the file was written, milliseconds since 1970.
    public var time: Int64
    /// What it will take in memory, in bytes; an estimate.
    public var memoryBytes = 0
    /// Whether the digest was compared with one that the file names.
    public var isDigestNamed = false
    /// What an operator should know of what was read.
    public var warnings: [String] = []

    /// Facts.
    public init(name: String, format: String, bytes: Int, keys: Int? = nil, time: Int64) {
        self.name = name
        self.format = format
        self.bytes = bytes
        self.keys = keys
        self.time = time
    }
}

/// How far a snapshot's work is: written by the lane, read and cancelled by the engine's thread.
public final class SnapshotActivity: Sendable {
    /// What is being done.
    public enum Stage: Int, Sendable, CaseIterable {
        /// The lane is busy with something else.
        case waiting
        /// The file is being written.
        case writing
        /// The file is being read back, or verified.
        case verifying
        /// The file is being given its name.
        case publishing
        /// The file is being read into memory.
        case loading

        /// The word for STATUS.
        public var word: String { "\(self)" }
    }

    /// Ends the work.
    public let token = CancelToken()
    private let stageCode = Atomic<Int>(0)
    private let done = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    /// Work that has not begun.
    public init() {}

    /// Where it is.
    public var stage: Stage { Stage(rawValue: stageCode.load(ordering: .relaxed)) ?? .waiting }

    /// How much of the stage is done, of how much: keys while writing, bytes while reading.
    public var progress: (done: Int, total: Int) {
        let total = total.load(ordering: .relaxed)
        return (min(done.load(ordering: .relaxed), total), total)
    }

    /// Goes to the next stage.
    public func enter(_ stage: Stage, total: Int = 0) {
        stageCode.store(stage.rawValue, ordering: .relaxed)
        done.store(0, ordering: .relaxed)
        self.total.store(total, ordering: .relaxed)
    }

    /// One more piece is done.
    public func advance() { done.wrappingAdd(1, ordering: .relaxed) }

    /// So much is done.
    public func set(_ progress: RecoveryProgress) {
        done.store(progress.loadedBytes, ordering: .relaxed)
        total.store(progress.totalBytes, ordering: .relaxed)
    }
}

/// Names of snapshots: one name in one folder, and none that hides.
public enum SnapshotName {
    /// Files that are being written begin with this.
    public static let temporaryPrefix = ".temp-"
    /// Bytes in a name; a file system takes 255, and the temporary prefix and SQLite's suffixes come on top.
    static let longest = 240

    /// - Throws: `.conflict` where a name could lead out of the folder, is hidden, or is a temporary file's.
    public static func check(_ name: String) throws(PersistenceError) {
        if let reason = reason(name) {
            throw PersistenceError(
                .conflict, "Invalid snapshot name '\(printable(name))': \(reason)")
        }
    }

    private static func reason(_ name: String) -> String? {
        let bytes = name.utf8
        if bytes.isEmpty { return "it is empty" }
        if bytes.count > longest { return "it has more than \(longest) bytes" }
        if bytes.contains(UInt8(ascii: "/")) { return "it is a path, not a name" }
        if bytes.first == UInt8(ascii: ".") { return "it begins with a dot" }
        if name.hasPrefix("temp-") { return "'temp-' is for files that are being written" }
        if bytes.contains(where: { $0 < 32 || $0 == 127 }) { return "it has control characters" }
        if name.unicodeScalars.contains("\u{FFFD}") { return "it isn't UTF-8" }
        return nil
    }

    private static func printable(_ name: String) -> String {
        String(
            name.unicodeScalars.prefix(80).map {
                $0.value < 32 || $0.value == 127 ? "?" : Character($0)
            })
    }
}
