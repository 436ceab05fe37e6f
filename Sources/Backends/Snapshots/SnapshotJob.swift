/// The checkpoint lane's part of a save: write, sync, read back, compare, rename, sync.
///
/// The file is read back through a descriptor and a decoder of its own, so what is compared is what the next start
/// would load, but for what the system's cache may hide.
import Bytes
import Digest
import Persistence
import Records

/// A save that lasts.
struct SavedSnapshot: Sendable {
    let report: CheckpointReport
    /// The digest of the data, equal to that of the file.
    let digest: Hash256
    /// Seconds since 1970.
    let verifiedAt: Int64
    /// What writing and syncing took, the digest included, in nanoseconds.
    let writing: UInt64
    /// What reading back and comparing took, in nanoseconds.
    let verifying: UInt64
}

/// One save; see the file's header.
struct SnapshotJob<Format: SnapshotFormat>: Sendable {
    let format: Format
    let directory: String
    let name: String
    let temporaryPrefix: String
    let header: SnapshotHeader
    /// What `CURRENT` is to say; nil where it says so already.
    let claim: CurrentFile?
    let token: CancelToken
    let fileSystem: any FileSystem
    let clock: any Clock

    func run(_ view: any FrozenDataset) -> Result<SavedSnapshot, PersistenceError> {
        let begin = clock.monotonicNanoseconds
        let temporary = directory + "/" + temporaryPrefix + name
        do throws(PersistenceError) {
            let written = try write(view, temporary)
            let middle = clock.monotonicNanoseconds
            try verify(temporary, written.digest)
            let verified = clock.monotonicNanoseconds
            try fileSystem.rename(temporary, to: directory + "/" + name)
            try fileSystem.syncDirectory(directory)
            // ORDER: the file lasts before CURRENT says that there is one.
            try claim?.write(in: directory, fileSystem)
            let seconds = Double(clock.monotonicNanoseconds &- begin) / 1e9
            return .success(
                SavedSnapshot(
                    report: CheckpointReport(
                        keys: written.digest.counts.keys, bytes: written.bytes, seconds: seconds),
                    digest: written.digest.digest.root,
                    verifiedAt: clock.now.millisecondsSinceEpoch / 1000,
                    writing: middle &- begin, verifying: verified &- middle))
        } catch {
            remove(temporary)
            return .failure(error)
        }
    }

    private func remove(_ path: String) {
        // What can't be removed now is removed at the next start.
        do throws(PersistenceError) { try fileSystem.unlink(path) } catch { return }
    }

    private func write(
        _ view: any FrozenDataset, _ path: String
    ) throws(PersistenceError) -> (digest: DigestReport, bytes: Int) {
        let file = try fileSystem.open(path, .create)
        defer { file.close() }
        let output = SnapshotOutput(file, token: token)
        let walk = SnapshotWalk(view, token: token)
        do {
            try format.write(walk, header, to: output)
        } catch let error as PersistenceError {
            throw error
        } catch {
            throw PersistenceError(.io, "\(error)", path: path)
        }
        try output.finish()
        return (walk.report, output.position)
    }

    /// - Throws: `.corrupt` where the file holds something else than the view.
    private func verify(_ path: String, _ expected: DigestReport) throws(PersistenceError) {
        let input = try SnapshotInput(path, fileSystem, now: header.frozenAt)
        let found: (contents: SnapshotContents, report: DigestReport)
        let token = token
        do {
            found = try format.digest(input) { token.isCancelled }
        } catch let error as PersistenceError {
            throw token.isCancelled ? SnapshotOutput.cancelled : unverified("\(error)", path)
        } catch {
            throw unverified("\(error)", path)
        }
        if found.report != expected {
            throw unverified(
                "it holds \(found.report.counts.keys) keys of the digest "
                    + "\(found.report.digest.root.hex), the data \(expected.counts.keys) keys of "
                    + "\(expected.digest.root.hex)", path)
        }
        if let digest = found.contents.digest, digest != expected.digest.root {
            throw unverified("it names the digest \(digest.hex)", path)
        }
    }

    private func unverified(_ reason: String, _ path: String) -> PersistenceError {
        PersistenceError(
            .corrupt,
            "The snapshot was read back and isn't what was written: \(reason). It was removed, the "
                + "snapshot before it stays in force", path: path,
            remedy: "Look after the disk and the memory of this machine, then BGSAVE")
    }
}
