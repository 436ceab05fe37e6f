/// Other data in the place of the log's: a rewrite whose base is of another view.
///
///     willFreeze    a new increment; nothing is recorded in it before the end
///     checkpoint    a base of the other view beside the log
///     publish       the manifest names the base and the new increment
///
/// Unlike a rewrite the two sets of files don't hold the same: where the manifest could not be replaced, it is open which
/// of them a start would find, and nothing may be recorded before that is settled. So the old manifest is looked for, or
/// written again, and made to last, as often as it takes; only then the failure is told.
///
/// Threads: the engine's.
import Bytes
import Persistence
import Records

/// A replacement whose manifest may be on disk, or not.
struct UnsettledReplacement {
    let error: PersistenceError
    let finish: (Result<CheckpointReport, PersistenceError>) -> Void
    /// No attempt before (monotonic).
    var notBefore: UInt64 = 0
    var isInFlight = false
}

extension AppendOnlyFileBackend {
    /// Puts `view` in the place of the log; see the file's header.
    public func replace(
        with view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        try willFreeze()
        rewrite.isOfOtherData = true
        do throws(PersistenceError) {
            try checkpoint(view) { [self] result in
                rewrite.isOfOtherData = false
                finish(result)
            }
        } catch {
            rewrite.isOfOtherData = false
            throw error
        }
    }

    /// Sees to it that the manifest on disk is the one in force; then tells of the failure.
    func settleManifest(now: UInt64) {
        guard let unsettled = rewrite.unsettled, !unsettled.isInFlight,
            now >= unsettled.notBefore
        else { return }
        rewrite.unsettled?.isInFlight = true
        rewrite.unsettled?.notBefore = now &+ 90_000_000
        let (disk, places, bytes) = (environment.fileSystem, places, manifest.serialized)
        environment.runner.run(on: .sync) {
            Self.reinstate(bytes, places, disk)
        } finish: { isDone in
            self.rewrite.unsettled?.isInFlight = false
            if !isDone { return }
            self.rewrite.unsettled = nil
            self.isManifestBusy = false
            self.isManifestCertain = true
            self.failRewrite(unsettled.error, unsettled.finish)
        }
    }

    /// Whether the manifest is known to be on the platter.
    private static func reinstate(
        _ bytes: [UInt8], _ places: LogPlaces, _ disk: any FileSystem
    ) -> Bool {
        do throws(PersistenceError) {
            if try disk.contents(of: places.manifest, limit: 64 << 20) != bytes {
                try disk.replace(places.manifestName, in: places.directory, with: bytes)
            } else {
                // A full disk takes no new file, and needs none.
                try disk.syncDirectory(places.directory)
            }
            return true
        } catch {
            return false
        }
    }
}
