/// Replaced files: removed after a rewrite, or kept as `aof-history-keep` says.
///
/// Kept files stay in the manifest as history, each with the time at which it was replaced, bases
/// and increments in order, so that a tool can go back to a point in time. (A plain Redis that starts here removes them.)
///
/// ORDER: a file leaves the folder before it leaves the manifest; a manifest may name history that is gone.
import Bytes
import Persistence

extension Manifest {
    /// This manifest after a rewrite: `base` and the increments from `firstIncrement` on are in force.
    func replacingBase(with base: Entry, firstIncrement: Int, now: Int) -> Manifest {
        var new = self
        new.isOurs = true
        let old = (self.base.map { [$0] } ?? []) + increments.filter { $0.number < firstIncrement }
        new.history += old.map {
            var entry = $0
            entry.kind = .history
            entry.keptSince = now
            return entry
        }
        new.base = base
        new.increments = increments.filter { $0.number >= firstIncrement }
        return new
    }
}

extension AppendOnlyFileBackend {
    /// Removes the history that isn't to be kept, then calls `then`, whatever came of it.
    func cleanHistory(then: @escaping () -> Void) {
        let expired = expiredHistory()
        let places = places
        let paths = expired.map { places.path($0.name) } + (isManifestCertain ? abandoned : [])
        if paths.isEmpty || isManifestBusy {
            then()
            return
        }
        isManifestBusy = true
        var new = manifest
        let names = Set(expired.map(\.name))
        new.history.removeAll { names.contains($0.name) }
        let certain = isManifestCertain
        let disk = environment.fileSystem
        let bytes = new.serialized
        environment.runner.run(on: .cleanup) { () -> Bool in
            for path in paths {
                // A file that is gone already, or can't go: the manifest says which were meant.
                do { try disk.unlink(path) } catch { continue }
            }
            do throws(PersistenceError) {
                try disk.syncDirectory(places.directory)
                try disk.replace(places.manifestName, in: places.directory, with: bytes)
                return true
            } catch {
                return false
            }
        } finish: { isWritten in
            self.isManifestBusy = false
            if isWritten {
                self.manifest = new
                if certain { self.abandoned = [] }
                self.isManifestCertain = true
            }
            then()
        }
    }

    /// History beyond the limits in force: all of it where nothing is to be kept.
    private func expiredHistory() -> [Manifest.Entry] {
        if settings.historyKeepSeconds == nil && settings.historyKeepBytes == nil {
            return manifest.history
        }
        let now = Int(environment.clock.now.millisecondsSinceEpoch / 1000)
        var expired: [Manifest.Entry] = []
        var bytes = 0
        // From the newest back: what is over the size is the oldest.
        for entry in manifest.history.reversed() {
            bytes += size(of: entry)
            let isOld = settings.historyKeepSeconds.map { now - (entry.keptSince ?? 0) > $0 }
            let isOver = settings.historyKeepBytes.map { bytes > $0 }
            if isOld ?? false || isOver ?? false { expired.append(entry) }
        }
        return expired
    }

    private func size(of entry: Manifest.Entry) -> Int {
        do throws(PersistenceError) {
            return try environment.fileSystem.status(places.path(entry.name))?.size ?? 0
        } catch {
            return 0
        }
    }

    /// Looks once a minute whether kept history has grown too old.
    func trimHistoryIfDue(now: UInt64) {
        if now &- lastHistoryLook < 60_000_000_000 { return }
        lastHistoryLook = now
        if manifest.history.isEmpty || rewrite.isRunning || isManifestBusy { return }
        if !expiredHistory().isEmpty { cleanHistory {} }
    }
}
