/// Folders of snapshots: names, room, and what is known of each file. The formats are the library's.
///
/// A folder that holds a data directory's lock is refused: there a snapshot could take the place of an engine's file.
///
/// What a file holds is written into an index beside it when it is saved or verified (`SnapshotIndex`), so that a
/// listing opens no snapshot; of a file that has changed since, nothing but its size and time is known.
///
/// Threads: any; one call at a time for a folder, but for `look` and `list`, which only read.
import Bytes
import Digest
import Persistence
import Records

/// The catalog's side of snapshots; see the file's header.
public final class CatalogSnapshots: SnapshotStore {
    private let fileSystem: any FileSystem
    private let clock: any Clock

    /// Over a disk.
    public init(
        fileSystem: any FileSystem = SystemFileSystem(), clock: any Clock = SystemClock()
    ) {
        self.fileSystem = fileSystem
        self.clock = clock
    }

    /// What snapshots may be written as.
    public var formats: [SnapshotFormatFacts] {
        SnapshotLibrary.formats.map {
            SnapshotFormatFacts(name: $0.name, fileExtensions: $0.fileExtensions)
        }
    }

    /// The format that an extension stands for, or the standard one.
    public func format(ofFile name: String) -> String {
        (SnapshotLibrary.format(forFile: name) ?? SnapshotLibrary.standard).name
    }

    // MARK: Writing

    /// Looks at the name, the folder, the room on the disk and in memory.
    public func prepare(_ order: SnapshotOrder) throws(PersistenceError) {
        let place = order.place
        try SnapshotName.check(place.name)
        let format = try format(order.format)
        try prepareFolder(place.directory)
        try refuseLink(place)
        if let status = try fileSystem.status(place.path), status.isDirectory {
            throw PersistenceError(.conflict, "A folder has this name", path: place.path)
        }
        let estimate = Int(Double(order.usedMemoryBytes) * format.ratios.fileForMemory)
        if let free = try fileSystem.freeBytes(place.directory), free < estimate {
            throw PersistenceError(
                .conflict,
                "Not enough room on the disk for a snapshot as '\(format.name)': about \(estimate) bytes are "
                    + "needed, \(free) are free", path: place.directory,
                remedy: "Remove old snapshots, or choose another folder")
        }
        try requireMemory(order, format)
    }

    /// Memory that a snapshot takes beside the data, whatever the data: buffers and threads.
    private static let workingBytes = 16 << 20

    /// What is written while the view is frozen is there twice (a tenth is reckoned with); a format that is read by
    /// executing it takes the data's memory again.
    private func requireMemory(
        _ order: SnapshotOrder, _ format: any SnapshotFileFormat
    ) throws(PersistenceError) {
        guard let free = order.freeMemoryBytes else { return }
        let used = order.usedMemoryBytes
        let needed = Self.workingBytes + used / 10 + (format.isDigestedInMemory ? used : 0)
        if free >= needed { return }
        throw PersistenceError(
            .conflict,
            "Not enough memory to write and verify a snapshot as '\(format.name)': about \(needed) bytes are "
                + "needed, \(free) are free", path: order.place.directory,
            remedy: format.isDigestedInMemory
                ? "Choose another format: this one is read by building the data again"
                : "Free memory on this machine")
    }

    private func format(_ name: String) throws(PersistenceError) -> any SnapshotFileFormat {
        if let format = SnapshotLibrary.format(named: name) { return format }
        throw PersistenceError(
            .unsupportedFormat,
            "Unknown snapshot format '\(name)'; there are "
                + SnapshotLibrary.formats.map(\.name).joined(separator: ", "))
    }

    private func prepareFolder(_ path: String) throws(PersistenceError) {
        if try fileSystem.status(path) == nil {
            try fileSystem.makeDirectory(path)
            try fileSystem.syncDirectory(SnapshotLibrary.split(path).directory)
        }
        if try fileSystem.status(path)?.isDirectory != true {
            throw PersistenceError(.conflict, "The folder for snapshots is no folder", path: path)
        }
        if try fileSystem.status(path + "/" + DataDirectory.lockName) != nil {
            throw PersistenceError(
                .conflict, "Snapshots can't go into a data directory: they could replace its files",
                path: path, remedy: "Choose another folder ('snapshot-dir', 'backup-dir')")
        }
    }

    private func refuseLink(_ place: SnapshotPlace) throws(PersistenceError) {
        if try fileSystem.isSymbolicLink(place.path) {
            throw PersistenceError(
                .conflict, "A snapshot can't be a symbolic link: it could lead out of the folder",
                path: place.path)
        }
    }

    /// Writes, verifies and names a snapshot.
    public func save(
        _ view: any FrozenDataset, _ order: SnapshotOrder, _ activity: SnapshotActivity,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts {
        try prepare(order)
        removeRemains(order.place.directory)
        let format = try format(order.format)
        var header = SnapshotHeader(
            version: order.identity.version, serverID: order.identity.id,
            sequence: order.sequence, frozenAt: view.frozenAt)
        header.usedMemoryBytes = order.usedMemoryBytes
        let task = SnapshotWriting(
            path: order.place.path, header: header, settings: order.place.settings,
            token: activity.token, fileSystem: fileSystem, clock: clock)
        let counted = CountedDataset(view, activity)
        let written = try SnapshotLibrary.write(
            counted, as: format, task,
            stages: { activity.enter($0, total: $0 == .writing ? counted.total : 0) },
            progress: { activity.set($0) }, makeSandbox)
        var facts = SnapshotFacts(
            name: order.place.name, format: format.name, bytes: written.bytes,
            keys: written.report.counts.keys, time: view.frozenAt.millisecondsSinceEpoch)
        facts.digest = written.report.digest.root.hex
        facts.memoryBytes = order.usedMemoryBytes
        facts.isDigestNamed = true
        try note(facts, order.place)
        return facts
    }

    /// The names that are not hidden.
    public func names(in directory: String) throws(PersistenceError) -> [String] {
        try fileSystem.list(directory).filter { !$0.hasPrefix(".") }
    }

    /// Age from which on an unfinished file is nobody's any more, in seconds: another server may use the folder too.
    private static let remainsAge = 3600

    /// Removes what killed processes left unfinished.
    private func removeRemains(_ directory: String) {
        let now = Int(clock.now.millisecondsSinceEpoch / 1000)
        do throws(PersistenceError) {
            for name in try fileSystem.list(directory)
            where name.hasPrefix(SnapshotName.temporaryPrefix) {
                let path = directory + "/" + name
                guard let status = try fileSystem.status(path), !status.isDirectory else {
                    continue
                }
                if now - status.modifiedSeconds > Self.remainsAge { try fileSystem.unlink(path) }
            }
        } catch {
            // It is only room on the disk, and is tried again with the next snapshot.
            return
        }
    }

    /// Removes snapshots.
    public func remove(
        _ names: [String], from directory: String
    ) throws(PersistenceError) {
        if names.isEmpty { return }
        for name in names {
            try SnapshotName.check(name)
            try fileSystem.unlink(directory + "/" + name)
        }
        try fileSystem.syncDirectory(directory)
    }

    // MARK: Looking

    /// Size, time and what the index knows.
    public func look(_ place: SnapshotPlace) throws(PersistenceError) -> SnapshotFacts {
        try SnapshotName.check(place.name)
        try refuseLink(place)
        guard let status = try fileSystem.status(place.path), !status.isDirectory else {
            throw PersistenceError(
                .conflict, "There is no snapshot '\(place.name)'", path: place.path,
                remedy: "SNAPSHOT LIST shows those that there are")
        }
        let index = try SnapshotIndex.read(place.directory, fileSystem)
        let format = try SnapshotLibrary.detect(place.path, fileSystem)
        return facts(place.name, status, format, index)
    }

    private func facts(
        _ name: String, _ status: FileStatus, _ format: (any SnapshotFileFormat)?,
        _ index: SnapshotIndex
    ) -> SnapshotFacts {
        let factor = format?.ratios.memoryForFile ?? 1
        if var known = index.facts(of: name, status) {
            if known.memoryBytes == 0 { known.memoryBytes = Int(Double(status.size) * factor) }
            return known
        }
        var facts = SnapshotFacts(
            name: name, format: format?.name ?? "", bytes: status.size,
            time: Int64(status.modifiedSeconds) * 1000)
        facts.memoryBytes = Int(Double(status.size) * factor)
        return facts
    }

    /// What has a snapshot's name and begins as one.
    public func list(_ directory: String) throws(PersistenceError) -> [SnapshotFacts] {
        let index = try SnapshotIndex.read(directory, fileSystem)
        var found: [SnapshotFacts] = []
        for name in try fileSystem.list(directory) {
            let path = directory + "/" + name
            do throws(PersistenceError) {
                try SnapshotName.check(name)
                if try fileSystem.isSymbolicLink(path) { continue }
                guard let status = try fileSystem.status(path), !status.isDirectory else {
                    continue
                }
                let format = try SnapshotLibrary.detect(path, fileSystem)
                found.append(facts(name, status, format, index))
            } catch {
                // Not a snapshot, or gone meanwhile.
                continue
            }
        }
        return found
    }

    // MARK: Reading

    /// Reads a whole snapshot for its digest.
    public func verify(
        _ place: SnapshotPlace, _ activity: SnapshotActivity,
        _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts {
        let known = try look(place)
        activity.enter(.verifying)
        let found = try SnapshotLibrary.digest(source(place, activity), makeSandbox)
        return try conclude(known, place, found.contents, found.report)
    }

    /// Feeds a whole snapshot to a sandbox and digests that.
    public func load(
        _ place: SnapshotPlace, _ activity: SnapshotActivity, into sandbox: MigrationSandbox
    ) throws(PersistenceError) -> SnapshotFacts {
        let known = try look(place)
        activity.enter(.loading)
        let contents = try SnapshotLibrary.read(
            source(place, activity), into: sandbox.target)
        activity.enter(.verifying)
        let report: DigestReport
        do {
            report = try DatasetDigest.of(sandbox.freeze(), at: .distantPast) {
                activity.token.isCancelled
            }
        } catch {
            throw SnapshotOutput.cancelled
        }
        try SnapshotLibrary.compare(report.digest.root, with: contents.digest, place.path)
        return try conclude(known, place, contents, report)
    }

    private func source(_ place: SnapshotPlace, _ activity: SnapshotActivity) -> SnapshotSource {
        SnapshotSource(
            path: place.path, settings: place.settings, fileSystem: fileSystem,
            token: activity.token, progress: { activity.set($0) })
    }

    /// What is known now that all of it was read.
    private func conclude(
        _ known: SnapshotFacts, _ place: SnapshotPlace, _ contents: SnapshotContents,
        _ report: DigestReport
    ) throws(PersistenceError) -> SnapshotFacts {
        var facts = known
        if !known.digest.isEmpty, contents.digest == nil, known.digest != report.digest.root.hex {
            throw PersistenceError(
                .corrupt,
                "The digest \(known.digest) was noted when the snapshot was written or verified, but its data has "
                    + report.digest.root.hex, path: place.path,
                remedy: "Use another snapshot: this one was damaged or changed")
        }
        facts.keys = report.counts.keys
        facts.digest = report.digest.root.hex
        facts.isDigestNamed = contents.digest != nil
        facts.warnings = contents.warnings
        let frozenAt = contents.header.frozenAt.millisecondsSinceEpoch
        if frozenAt > 0 { facts.time = frozenAt }
        try note(facts, place)
        return facts
    }

    /// Writes what is known into the folder's index; without it the next listing knows less, and nothing is lost.
    private func note(_ facts: SnapshotFacts, _ place: SnapshotPlace) throws(PersistenceError) {
        guard let status = try fileSystem.status(place.path) else { return }
        do throws(PersistenceError) {
            var index = try SnapshotIndex.read(place.directory, fileSystem)
            try index.note(facts, status, place.directory, fileSystem)
        } catch {
            return
        }
    }
}

/// A view that tells how many of its keys were visited.
private final class CountedDataset: FrozenDataset {
    let total: Int
    private let view: any FrozenDataset
    private let activity: SnapshotActivity

    init(_ view: any FrozenDataset, _ activity: SnapshotActivity) {
        self.view = view
        self.activity = activity
        total = (0..<view.databaseCount).reduce(0) { $0 + view.keyCount(database: $1) }
    }

    var frozenAt: Deadline { view.frozenAt }
    var databaseCount: Int { view.databaseCount }
    func keyCount(database: Int) -> Int { view.keyCount(database: database) }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        try view.forEachEntry(database: database) { entry in
            activity.advance()
            try visit(entry)
        }
    }
}
