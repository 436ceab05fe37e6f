/// A log's new base, made without a server: written, read back, and only then put into force.
///
///     write      temp-...base.rdb (or .aof), synced
///     verify     read by a fresh reader into a fresh dataset, whose digest is for the caller to compare
///     install    renamed; the manifest names it alone; then the old files go
///
/// ORDER: as in the server's rewrite: each step lasts before the next begins, so that a crash between any two finds
/// the old set of files or the new one whole.
import Bytes
import Persistence
import Records

/// A base that is being put in the place of a log; see the file's header.
public struct LogReplacement: Sendable {
    /// What the base is written as.
    public enum Form: Sendable {
        /// Redis's snapshot format.
        case snapshot
        /// Commands in checked groups.
        case commands
    }

    /// Where the log is, or is to be.
    private let location: (places: LogPlaces, isFolder: Bool)
    private let form: Form
    private let header: SnapshotHeader
    private let disk: any FileSystem
    private let clock: any Clock
    private let salt: Salt
    private let number: Int

    /// A replacement of a log that is there.
    ///
    /// - Parameter header: whose sequence the log goes on behind.
    public init(
        of log: LogSource, as form: Form, _ header: SnapshotHeader, clock: any Clock,
        _ disk: any FileSystem
    ) throws(PersistenceError) {
        // A single file is one of commands: nothing says where a snapshot would end.
        self.form = log.isSingleFile ? .commands : form
        location = (log.places, !log.isSingleFile)
        self.header = header
        self.clock = clock
        self.disk = disk
        salt = Salt(bits: UInt64.random(in: 1 ... .max))
        number = log.isSingleFile ? 0 : (log.manifest.base?.number ?? 0) + 1
    }

    /// A log in a new data directory, which is made.
    public init(
        in directory: String, as form: Form, _ header: SnapshotHeader, clock: any Clock,
        _ disk: any FileSystem
    ) throws(PersistenceError) {
        self.form = form
        self.header = header
        self.clock = clock
        self.disk = disk
        salt = Salt(bits: UInt64.random(in: 1 ... .max))
        number = 1
        var settings = BackendSettings()
        settings.directory = directory
        location = (LogPlaces(settings), true)
        try disk.makeDirectory(directory)
        try disk.makeDirectory(location.places.directory)
        try disk.syncDirectory(directory)
        try disk.syncDirectory(SnapshotLibrary.split(directory).directory)
    }

    /// A log in one new file, or in the place of one.
    public init(
        file: String, _ header: SnapshotHeader, clock: any Clock, _ disk: any FileSystem
    ) {
        form = .commands
        self.header = header
        self.clock = clock
        self.disk = disk
        salt = Salt(bits: UInt64.random(in: 1 ... .max))
        number = 0
        var settings = BackendSettings()
        (settings.directory, settings.appendFileName) = SnapshotLibrary.split(file)
        location = (LogPlaces(settings), false)
    }

    private var name: String {
        location.isFolder
            ? location.places.base(number, isSnapshot: form == .snapshot) : location.places.prefix
    }

    private var folder: String {
        location.isFolder ? location.places.directory : location.places.parent
    }

    /// The file while it is unfinished.
    public var temporaryPath: String { folder + "/" + LogPlaces.temporaryPrefix + name }
    /// The file once it is in force.
    public var path: String { folder + "/" + name }

    /// Writes the base; it is on the platter then, under its temporary name.
    ///
    /// - Parameter counting: a disk that only counts; nil: the log's own.
    public func write(
        _ view: any FrozenDataset, counting: (any FileSystem)? = nil
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        let disk = counting ?? disk
        switch form {
        case .snapshot:
            return try SnapshotBaseWriter(header: header, compresses: true).write(
                view, path: temporaryPath, disk, token: CancelToken())
        case .commands:
            let base = BaseHeader(
                salt: salt, lastSequence: header.sequence,
                timeMilliseconds: UInt64(max(0, header.frozenAt.millisecondsSinceEpoch)))
            return try BaseWriter.write(
                view, header: base, path: temporaryPath, (disk, clock), token: CancelToken())
        }
    }

    /// Reads what `write` wrote, as a start would.
    public func readBack(
        into target: any ReplayTarget, progress: @escaping (RecoveryProgress) -> Void = { _ in }
    ) throws(PersistenceError) {
        let size = try disk.status(temporaryPath)?.size ?? 0
        var done = 0
        let replay = LogReplay(target: target)
        let reader = try LogReader(
            path: temporaryPath, expected: expectedSalt, replay: replay, disk
        ) { count in
            done += count
            progress(RecoveryProgress(loadedBytes: done, totalBytes: size))
        }
        switch try reader.read(limit: nil) {
        case .clean, .foreign: return
        case .damaged(let offset, let reason):
            throw LogReader.corrupt(
                "What was written isn't what was read back: \(reason)", temporaryPath, offset)
        case .superseded(let offset), .foreignTorn(let offset):
            throw LogReader.corrupt(
                "What was written isn't what was read back", temporaryPath, offset)
        }
    }

    /// A single file tells its salt itself; of a folder's files the manifest tells it.
    private var expectedSalt: UInt64? { form == .snapshot ? nil : salt.bits }

    /// Puts the base into force, and removes what was before it.
    public func install() throws(PersistenceError) {
        try disk.rename(temporaryPath, to: path)
        try disk.syncDirectory(folder)
        guard location.isFolder else { return }
        let places = location.places
        let entry = Manifest.Entry(
            name: name, number: number, kind: .base,
            salt: form == .commands ? salt.bits : nil)
        var old: [Manifest.Entry] = []
        if let bytes = try disk.contents(of: places.manifest, limit: Manifest.maximumBytes) {
            let manifest = try Manifest.parse(bytes, path: places.manifest)
            old = manifest.chain + manifest.history
        }
        try disk.replace(
            places.manifestName, in: places.directory, with: Manifest(base: entry).serialized)
        for file in old {
            if try disk.status(places.path(file.name)) == nil { continue }
            try disk.unlink(places.path(file.name))
        }
        try disk.syncDirectory(places.directory)
    }

    /// Removes what is unfinished.
    public func abandon() {
        do throws(PersistenceError) {
            if try disk.status(temporaryPath) != nil { try disk.unlink(temporaryPath) }
        } catch {
            // It has a temporary name: the next start removes it.
            return
        }
    }
}
