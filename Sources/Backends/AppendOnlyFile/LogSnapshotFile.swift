/// A log of commands as a snapshot: one file, a base that nothing follows, with its digest before the closing mark.
///
/// A plain redis-server loads it as an old single append-only file. Read is any single log file: such a base, what a
/// plain Redis wrote, and a snapshot of Redis's with commands behind it.
///
/// Reading executes commands, so a digest of it takes the data's memory a second time.
import Bytes
import Digest
import Persistence
import Records

/// Reads and writes single logs; see the file's header.
struct LogSnapshotFile: SnapshotFileFormat {
    let name = AppendOnlyFileBackend.descriptor.name
    let fileExtensions = ["aof"]
    let ratios = SnapshotRatios(fileForMemory: 1.2, memoryForFile: 2)
    let isDigestedInMemory = true

    /// Our base's head, or a command; what begins with a snapshot is a log only where its name says so.
    func recognises(_ front: ByteView, isNamedSo: Bool) -> Bool {
        if let line = Annotation.parse(front, salt: nil)?.line {
            if case .base = line { return true }
            return false
        }
        if front.isEmpty { return isNamedSo }
        return front[0] == UInt8(ascii: "*") || isNamedSo && RDBReplay.begins(front)
    }

    func write(
        _ view: any FrozenDataset, _ task: SnapshotWriting
    ) throws(PersistenceError) -> (report: DigestReport, bytes: Int) {
        let header = BaseHeader(
            salt: Salt(bits: UInt64.random(in: .min ... .max)), lastSequence: task.header.sequence,
            timeMilliseconds: UInt64(max(0, task.header.frozenAt.millisecondsSinceEpoch)))
        let walk = SnapshotWalk(view, token: task.token)
        let written = try BaseWriter.write(
            walk, header: header, path: task.path, (task.fileSystem, task.clock),
            token: task.token)
        return (walk.report, written.bytes)
    }

    func read(
        _ source: SnapshotSource, into target: any ReplayTarget
    ) throws(PersistenceError) -> SnapshotContents {
        let replay = LogReplay(target: target)
        let (progress, token) = (source.progress, source.token)
        let size = try source.fileSystem.status(source.path)?.size ?? 0
        var loaded = 0
        let reader = try LogReader(
            path: source.path, expected: nil, replay: replay, source.fileSystem
        ) { bytes in
            loaded += bytes
            progress(RecoveryProgress(loadedBytes: loaded, totalBytes: size))
        }
        if case .increment = reader.kind {
            throw LogReader.corrupt(
                "It is a part of a log, which is nothing without its base", source.path, 0)
        }
        switch try reader.read(limit: nil) {
        case .clean, .foreign: break
        case .damaged(let offset, let reason):
            throw LogReader.corrupt("The log is damaged: \(reason)", source.path, offset)
        case .superseded(let offset), .foreignTorn(let offset):
            throw LogReader.corrupt(
                "The log ends in the middle of a command", source.path, offset)
        }
        if token.isCancelled { throw SnapshotOutput.cancelled }
        var contents = SnapshotContents()
        if case .base(let header) = reader.kind {
            contents.header.sequence = header.lastSequence
            contents.header.frozenAt = Deadline(
                millisecondsSinceEpoch: Int64(clamping: header.timeMilliseconds))
        }
        contents.keys = target.keyCount
        contents.digest = reader.snapshotMark?.digest
        contents.warnings = replay.warnings
        return contents
    }

    func digest(
        _ source: SnapshotSource, _ makeSandbox: @Sendable () -> MigrationSandbox
    ) throws(PersistenceError) -> (contents: SnapshotContents, report: DigestReport) {
        try digestInMemory(source, makeSandbox)
    }
}
