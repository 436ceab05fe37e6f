/// What a whole dataset in one file may look like: the formats of SNAPSHOT SAVE, of backups and of the tools.
///
/// Wider than `SnapshotFormat`, which streams bytes: SQLite writes its file itself, and a log is read by executing
/// commands. A backend's entry in the catalog names the file format that goes with it, if it has one; a format
/// goes by the backend's name.
///
/// Threads: any; all of it blocks on the disk.
import Bytes
import Digest
import Persistence
import Records

/// A file of a whole dataset; see the file's header.
public protocol SnapshotFileFormat: Sendable {
    /// The backend's name: the word behind FORMAT.
    var name: String { get }
    /// What names of such files end with, without the dot; the first is what new ones get.
    var fileExtensions: [String] { get }
    /// Bytes of a file for a byte of memory, and of memory for a byte of a file: estimates, on the high side.
    var ratios: SnapshotRatios { get }
    /// What the names of files end with that may stand beside an unfinished one.
    var companionSuffixes: [String] { get }
    /// Whether its data is digested by building it in memory.
    var isDigestedInMemory: Bool { get }

    /// Whether a file that begins so may be of this format.
    ///
    /// - Parameter isNamedSo: its name has one of `fileExtensions`.
    func recognises(_ front: ByteView, isNamedSo: Bool) -> Bool

    /// Writes `view` to the new file of `task`, and forces it to the platter.
    ///
    /// - Throws: `.io`; `.unsupportedFormat` where the format can't hold the data.
    func write(
        _ view: any FrozenDataset, _ task: SnapshotWriting
    ) throws(PersistenceError) -> (report: DigestReport, bytes: Int)

    /// Reads a whole file into `target`.
    ///
    /// - Throws: `.corrupt`, `.unsupportedVersion`, `.unsupportedFormat`, `.conflict` (`databases`), `.io`.
    func read(
        _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> SnapshotContents

    /// Reads one key into `target`, and of the rest of the file no more than it takes to find it.
    ///
    /// - Parameter database: nil: of every database that has it.
    /// - Returns: false, and nothing read: this format, or this file, has to be read whole.
    func find(
        _ key: [UInt8], database: Int?, _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool

    /// Reads a whole file for its digest; every key and field counts, whatever their deadline.
    func digest(
        _ source: SnapshotSource, _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport)
}

extension SnapshotFileFormat {
    /// None.
    public var companionSuffixes: [String] { [] }
    /// It is streamed.
    public var isDigestedInMemory: Bool { false }
    /// It has no index.
    public func find(
        _ key: [UInt8], database: Int?, _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool { false }
}

/// Estimates that hold for most data.
public struct SnapshotRatios: Sendable {
    /// Bytes of a file for a byte of the data's memory.
    public var fileForMemory: Double
    /// Bytes of memory for a byte of a file.
    public var memoryForFile: Double
}

/// A file to be written.
public struct SnapshotWriting: Sendable {
    /// The file; what has the name goes.
    public var path: String
    /// What the file says about itself.
    public var header: SnapshotHeader
    /// The options of the formats.
    public var settings: BackendSettings
    /// Ends the work.
    public var token: CancelToken
    /// The disk.
    public var fileSystem: any FileSystem
    /// The clocks.
    public var clock: any Clock

    /// A file to be written.
    public init(
        path: String, header: SnapshotHeader, settings: BackendSettings = BackendSettings(),
        token: CancelToken = CancelToken(), fileSystem: any FileSystem = SystemFileSystem(),
        clock: any Clock = SystemClock()
    ) {
        self.path = path
        self.header = header
        self.settings = settings
        self.token = token
        self.fileSystem = fileSystem
        self.clock = clock
    }
}

/// A file to be read.
public struct SnapshotSource: Sendable {
    /// The file.
    public var path: String
    /// The options of the formats.
    public var settings: BackendSettings
    /// The disk.
    public var fileSystem: any FileSystem
    /// Keys past their deadline then are left out by the formats that do so.
    public var now: Deadline
    /// Ends the work.
    public var token: CancelToken
    /// Told how far reading is, on the thread that reads.
    public var progress: @Sendable (RecoveryProgress) -> Void
    /// Told what the file holds and no dataset here can, which is then passed over; nil: it ends the reading.
    public var missing: (@Sendable (SnapshotMissing) -> Void)?

    /// A file to be read; unless told otherwise with all that is in it.
    public init(
        path: String, settings: BackendSettings = BackendSettings(),
        fileSystem: any FileSystem = SystemFileSystem(), now: Deadline = .distantPast,
        token: CancelToken = CancelToken(),
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) {
        self.path = path
        self.settings = settings
        self.fileSystem = fileSystem
        self.now = now
        self.token = token
        self.progress = progress
    }
}

/// What a file holds and no dataset here can.
public enum SnapshotMissing: Sendable, Hashable {
    /// A key whose value belongs to a module.
    case moduleValue(database: Int, key: [UInt8], module: String)
    /// Data of a module beside the keys.
    case moduleData(module: String)
}

/// The file of a format that streams: JSON, deflated blocks, Redis's snapshots.
struct StreamedSnapshotFile<Format: SnapshotFormat>: SnapshotFileFormat {
    let ratios: SnapshotRatios
    /// Whether bytes begin as such a file does.
    let begins: @Sendable (ByteView) -> Bool

    var name: String { Format.descriptor.name }
    var fileExtensions: [String] { [Format.fileExtension] }

    func recognises(_ front: ByteView, isNamedSo: Bool) -> Bool { begins(front) }

    func write(
        _ view: any FrozenDataset, _ task: SnapshotWriting
    ) throws(PersistenceError) -> (report: DigestReport, bytes: Int) {
        let file = try task.fileSystem.open(task.path, .create)
        defer { file.close() }
        let output = SnapshotOutput(file, token: task.token)
        let walk = SnapshotWalk(view, token: task.token)
        do {
            try Format(task.settings).write(walk, task.header, to: output)
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.io, "\(error)", path: task.path)
        }
        try output.finish()
        return (walk.report, output.position)
    }

    func read(
        _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> SnapshotContents {
        let input = try input(source)
        do {
            return try Format(source.settings).read(input, into: target)
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.corrupt, "\(error)", path: source.path)
        }
    }

    func find(
        _ key: [UInt8], database: Int?, _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> Bool {
        let input = try input(source)
        do {
            return try Format(source.settings).find(key, database: database, input, into: target)
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.corrupt, "\(error)", path: source.path)
        }
    }

    func digest(
        _ source: SnapshotSource, _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        let input = try input(source)
        let token = source.token
        do {
            return try Format(source.settings).digest(input) { token.isCancelled }
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.corrupt, "\(error)", path: source.path)
        }
    }

    private func input(_ source: SnapshotSource) throws(PersistenceError) -> SnapshotInput {
        try SnapshotInput(
            source.path, source.fileSystem, now: source.now, missing: source.missing,
            progress: source.progress)
    }
}

extension SnapshotFileFormat {
    /// Builds the data in memory and digests that.
    func digestInMemory(
        _ source: SnapshotSource, _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        let sandbox = makeSandbox()
        let contents = try read(source, into: sandbox.target)
        let token = source.token
        do {
            let report = try DatasetDigest.of(sandbox.freeze(), at: .distantPast) {
                token.isCancelled
            }
            return (contents, report)
        } catch {
            throw SnapshotOutput.cancelled
        }
    }
}
