/// The data directory: its lock, and which of the files in it count.
///
/// The rules, in order:
/// 1. `CURRENT` wins. The directive `backend` naming another engine is a warning that names the way out.
/// 2. Without `CURRENT` the files decide, in the order of the recognisers (Redis's: AOF over dump.rdb),
///    with a warning where there are several kinds.
/// 3. The start is refused where the engine asked for by name has no files but another has: starting
///    empty beside good data is how Redis loses it.
/// 4. In a directory with nothing in it the configuration decides.
///
/// While a running server changes its engine the directory has two users under one lock: the owner and its guest,
/// whose files don't count before `CURRENT` names them (`MigrationFile` says what becomes of them after a crash).
///
/// Nothing but the lock file is written here before `claim`, which a backend calls when its files are valid.
///
/// Threads: the engine's (before the engine runs: the starting thread).

/// What the configuration asks for.
public struct EngineRequest: Sendable, Hashable {
    /// The engine's name.
    public var name: String
    /// Whether the directive `backend` names it; otherwise it follows from `appendonly` and `save`.
    public var isExplicit: Bool

    /// A request.
    public init(name: String, isExplicit: Bool) {
        self.name = name
        self.isExplicit = isExplicit
    }
}

/// Finds the files of one kind in a directory.
public struct FileRecogniser: Sendable {
    /// The engine that reads such files.
    public let engine: String
    /// What to do about files of an engine that isn't in force: names the command.
    public let wayOut: String
    /// Paths found, empty where there are none.
    public let find:
        @Sendable (any FileSystem, BackendSettings) throws(PersistenceError) -> [String]

    /// A recogniser.
    public init(
        engine: String, wayOut: String,
        find:
            @escaping @Sendable (any FileSystem, BackendSettings) throws(PersistenceError) ->
            [String]
    ) {
        self.engine = engine
        self.wayOut = wayOut
        self.find = find
    }
}

/// The lock of a directory and how many use it.
private final class SharedLock {
    private let lock: any FileLock
    var users = 1

    init(_ lock: any FileLock) { self.lock = lock }

    func release() {
        users -= 1
        if users == 0 { lock.release() }
    }
}

/// A data directory that is ours for as long as this is open.
public final class DataDirectory {
    /// The lock's file name.
    public static let lockName = "holdfast.lock"

    /// The directory's path.
    public let path: String
    /// What the choice of engine has to tell.
    public private(set) var warnings: [String] = []
    private let fileSystem: any FileSystem
    private var lock: SharedLock?
    private var current: CurrentFile?
    /// What a change of engine left here that didn't come to its end.
    public let unfinishedMigration: MigrationFile?

    /// Takes the directory's lock and reads `CURRENT`.
    ///
    /// - Throws: `.locked`, `.corrupt`, `.io`.
    public init(path: String, fileSystem: any FileSystem) throws(PersistenceError) {
        self.path = path
        self.fileSystem = fileSystem
        let lock = SharedLock(try fileSystem.lock(path + "/" + Self.lockName))
        do {
            current = try CurrentFile.read(in: path, fileSystem)
            unfinishedMigration = try MigrationFile.read(in: path, fileSystem)
        } catch {
            lock.release()
            throw error
        }
        self.lock = lock
    }

    /// A second user of an owner's directory, for an engine that is to come: what it claims is taken as written.
    private init(guest engine: String, of owner: DataDirectory) {
        path = owner.path
        fileSystem = owner.fileSystem
        lock = owner.lock
        current = CurrentFile(engine: engine, generation: owner.generation + 1)
        unfinishedMigration = nil
        lock?.users += 1
    }

    /// Lets a second engine into the directory; the lock is free when both have released it.
    public func guest(engine: String) -> DataDirectory { DataDirectory(guest: engine, of: self) }

    /// The generation in force; 0 before the first.
    public var generation: Int { current?.generation ?? 0 }

    /// The engine that `CURRENT` names, nil where there is none.
    public var engineInForce: String? { current?.engine }

    /// Whether `CURRENT` names an engine: its files must be there.
    public var isClaimed: Bool { current != nil }

    /// Decides which engine is in force; the header says how.
    public func chooseEngine(
        _ request: EngineRequest, settings: BackendSettings, recognisers: [FileRecogniser]
    ) throws(PersistenceError) -> String {
        if let current {
            if request.isExplicit && request.name != current.engine {
                warnings.append(
                    "The data in this directory is kept by '\(current.engine)' (\(CurrentFile.name) "
                        + "says so); the directive 'backend \(request.name)' is ignored. Convert the "
                        + "data, or use another directory")
            }
            return current.engine
        }
        var found: [(recogniser: FileRecogniser, paths: [String])] = []
        // What an unfinished change of engine wrote is no one's data yet.
        for recogniser in recognisers where recogniser.engine != unfinishedMigration?.to {
            let paths = try recogniser.find(fileSystem, settings)
            if !paths.isEmpty { found.append((recogniser, paths)) }
        }
        guard let first = found.first else { return request.name }
        let asked = found.first { $0.recogniser.engine == request.name }
        if let asked, request.isExplicit {
            noteOthers(found, besides: asked.recogniser.engine)
            return asked.recogniser.engine
        }
        // Redis's order where only `appendonly` and `save` speak, unless that would hide the files.
        if asked == nil {
            throw PersistenceError(
                .conflict,
                "The engine '\(request.name)' has no files here, but there are files of "
                    + "'\(first.recogniser.engine)'", path: first.paths[0],
                remedy: first.recogniser.wayOut)
        }
        noteOthers(found, besides: first.recogniser.engine)
        return first.recogniser.engine
    }

    private func noteOthers(
        _ found: [(recogniser: FileRecogniser, paths: [String])], besides engine: String
    ) {
        for other in found where other.recogniser.engine != engine {
            warnings.append(
                "'\(engine)' is in force; \(other.paths[0]) of '\(other.recogniser.engine)' beside it "
                    + "is not read. \(other.recogniser.wayOut)")
        }
    }

    /// Writes `CURRENT` unless it says so already; called when the engine's files are durable.
    public func claim(engine: String) throws(PersistenceError) {
        guard let content = claimToWrite(engine: engine) else { return }
        try content.write(in: path, fileSystem)
        didWrite(content)
    }

    /// What `CURRENT` is to say, nil where it says so already; for a backend that writes it on a thread of its own.
    public func claimToWrite(engine: String) -> CurrentFile? {
        if current?.engine == engine { return nil }
        return CurrentFile(engine: engine, generation: generation + 1)
    }

    /// The backend wrote what `claimToWrite` gave it.
    public func didWrite(_ content: CurrentFile) { current = content }

    /// Lets the lock go.
    public func release() {
        lock?.release()
        lock = nil
    }
}
