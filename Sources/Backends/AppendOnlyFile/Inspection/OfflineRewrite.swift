/// Writes a dataset as a fresh log: a base, an empty increment, a manifest; in a new directory or in place.
///
/// ORDER in place, where a crash at any point leaves the old log or the new one: the base and the increment are on the
/// platter under their names, and were read back, before the manifest that names them replaces the old one; only
/// then do the old files go. The directory's lock is held meanwhile, so no server runs there.
///
/// The base carries the log's last sequence, so a server goes on counting where it was.
import Bytes
import Persistence
import Records

/// Writes fresh logs; see the file's header.
public final class OfflineRewrite {
    /// What was written.
    public struct Report: Sendable {
        /// Keys.
        public internal(set) var keys = 0
        /// Bytes of all new files.
        public internal(set) var bytes = 0
        /// The new files.
        public internal(set) var files: [String] = []
        /// Files that were removed.
        public internal(set) var removed: [String] = []
    }

    /// How the base is written.
    public enum Base: Sendable {
        /// As commands, in groups with checksums.
        case commands
        /// As a snapshot in Redis's format.
        case snapshot
    }

    private let disk: any FileSystem
    private let clock: any Clock
    private let makeSalt: () -> UInt64

    /// A rewrite.
    public init(
        _ disk: any FileSystem, clock: any Clock,
        makeSalt: @escaping () -> UInt64 = { UInt64.random(in: .min ... .max) }
    ) {
        self.disk = disk
        self.clock = clock
        self.makeSalt = makeSalt
    }

    /// Writes `view`, which ends with `sequence`, as the log of a new directory.
    ///
    /// - Parameter verify: reads the new log back, before anything names it as data; throws where it differs.
    /// - Throws: `.conflict` where `output` exists, `.io`, what `verify` throws.
    public func write(
        _ view: any FrozenDataset, sequence: UInt64, as base: Base, to output: String,
        verify: (LogSource) throws(PersistenceError) -> Void
    ) throws(PersistenceError) -> Report {
        try LogSource.checkFree(output, disk)
        var settings = BackendSettings()
        settings.directory = output
        let places = LogPlaces(settings)
        try disk.makeDirectory(output)
        try disk.makeDirectory(places.directory)
        do throws(PersistenceError) {
            var (report, manifest) = try put(view, sequence, base, places, after: Manifest())
            try disk.replace(places.manifestName, in: places.directory, with: manifest.serialized)
            manifest = Manifest()
            report.files.append(places.manifest)
            try verify(try LogSource.find(output, disk))
            try disk.syncDirectory(output)
            return report
        } catch {
            try discard(places, with: true)
            throw error
        }
    }

    /// Takes what a failed attempt has written away.
    private func discard(_ places: LogPlaces, with isAll: Bool) throws(PersistenceError) {
        for name in try disk.list(places.directory) where isAll {
            try disk.unlink(places.path(name))
        }
    }

    /// Puts `view` into the place of the log that it was read from.
    ///
    /// - Parameter directory: the directory's lock.
    public func replace(
        _ source: LogSource, _ directory: DataDirectory, with view: any FrozenDataset,
        sequence: UInt64, as base: Base, verify: (LogSource) throws(PersistenceError) -> Void
    ) throws(PersistenceError) -> Report {
        let places = source.places
        try disk.makeDirectory(places.directory)
        var (report, manifest) = try put(view, sequence, base, places, after: source.manifest)
        var fresh = source
        fresh.manifest = manifest
        fresh.take(manifest)
        do throws(PersistenceError) {
            try verify(fresh)
        } catch {
            for path in report.files { try disk.unlink(path) }
            throw error
        }
        manifest.history = source.manifest.history
        // ORDER: what it names is on the platter, and was read back.
        try disk.replace(places.manifestName, in: places.directory, with: manifest.serialized)
        try directory.claim(engine: AppendOnlyFileBackend.descriptor.name)
        report.files.append(places.manifest)
        for part in source.parts where try disk.status(part.path) != nil {
            try disk.unlink(part.path)
            report.removed.append(part.path)
        }
        try disk.syncDirectory(places.directory)
        return report
    }

    private func put(
        _ view: any FrozenDataset, _ sequence: UInt64, _ kind: Base, _ places: LogPlaces,
        after old: Manifest
    ) throws(PersistenceError) -> (Report, Manifest) {
        let entries = old.history + old.chain
        let number = (entries.map(\.number).max() ?? 0) + 1
        let name = places.base(number, isSnapshot: kind == .snapshot)
        let salt = Salt(bits: makeSalt())
        let temporary = places.path(LogPlaces.temporaryPrefix + name)
        let written: (keys: Int, bytes: Int)
        do throws(PersistenceError) {
            written = try writeBase(view, sequence, kind, salt, temporary)
            try disk.rename(temporary, to: places.path(name))
        } catch {
            // What can't be removed has a name that says what it is.
            do { try disk.unlink(temporary) } catch { throw error }
            throw error
        }
        let head = IncrementHeader(
            salt: Salt(bits: makeSalt()), firstSequence: sequence + 1, durable: sequence)
        let increment = try LogFile.create(
            number: number, header: head, places: places, fileSystem: disk)
        increment.handle.close()
        try disk.syncDirectory(places.directory)
        var manifest = Manifest()
        manifest.base = Manifest.Entry(
            name: name, number: number, kind: .base, salt: kind == .snapshot ? nil : salt.bits)
        manifest.increments = [increment.entry]
        let report = Report(
            keys: written.keys, bytes: written.bytes + increment.size,
            files: [places.path(name), increment.path])
        return (report, manifest)
    }

    private func writeBase(
        _ view: any FrozenDataset, _ sequence: UInt64, _ kind: Base, _ salt: Salt, _ path: String
    ) throws(PersistenceError) -> (keys: Int, bytes: Int) {
        switch kind {
        case .snapshot:
            let header = SnapshotHeader(
                version: ProductVersion.text, serverID: "", sequence: sequence,
                frozenAt: view.frozenAt)
            return try SnapshotBaseWriter(header: header, compresses: true)
                .write(view, path: path, disk, token: CancelToken())
        case .commands:
            let header = BaseHeader(
                salt: salt, lastSequence: sequence,
                timeMilliseconds: UInt64(max(0, view.frozenAt.millisecondsSinceEpoch)))
            return try BaseWriter.write(
                view, header: header, path: path, (disk, clock), token: CancelToken())
        }
    }

    /// The bytes that a base of `view` would have.
    public func predict(
        _ view: any FrozenDataset, sequence: UInt64, as base: Base
    ) throws(PersistenceError) -> Int {
        let counting = OfflineRewrite(CountingDisk(), clock: clock, makeSalt: makeSalt)
        return try counting.writeBase(view, sequence, base, Salt(bits: makeSalt()), "/base").bytes
    }
}

extension LogSource {
    /// The files that `manifest` names instead.
    mutating func take(_ manifest: Manifest) {
        parts = manifest.chain.map {
            Part(
                name: $0.name, path: places.path($0.name),
                role: $0.kind == .base ? .base : .increment, salt: $0.salt, number: $0.number)
        }
    }

    /// Replays the files in force, as they are named now, into `target`; nothing is cut.
    ///
    /// - Returns: the last sequence.
    public func replayParts(
        into target: any ReplayTarget, _ disk: any FileSystem
    ) throws(PersistenceError) -> UInt64 {
        let replay = LogReplay(target: target)
        for part in parts {
            let reader = try LogReader(
                path: part.path, expected: part.salt, replay: replay, disk, moved: { _ in })
            if case .base(let header) = reader.kind { replay.sequence = header.lastSequence }
            let end = try reader.read(limit: nil)
            if end != .clean && end != .foreign {
                throw LogReader.corrupt("What was written can't be read back", part.path, 0)
            }
        }
        return replay.sequence
    }
}

/// Takes what is written and keeps none of it.
private final class CountingDisk: FileSystem {
    private final class Handle: FileHandle {
        func write(_ bytes: ByteView) -> Int { bytes.count }
        func read(_ count: Int, at offset: Int, into window: ByteWriter) -> Int { 0 }
        func sync() {}
        func truncate(to size: Int) {}
        func size() -> Int { 0 }
        func close() {}
    }

    private final class Lock: FileLock {
        func release() {}
    }

    func open(_ path: String, _ mode: FileMode) -> any FileHandle { Handle() }
    func rename(_ from: String, to: String) {}
    func link(_ from: String, to: String) {}
    func unlink(_ path: String) {}
    func makeDirectory(_ path: String) {}
    func syncDirectory(_ path: String) {}
    func list(_ path: String) -> [String] { [] }
    func status(_ path: String) -> FileStatus? { nil }
    func lock(_ path: String) -> any FileLock { Lock() }
}
