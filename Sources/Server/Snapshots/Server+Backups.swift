/// Automatic backups: a snapshot of its own name by the schedule, verified, and after it the old ones go that no rule keeps.
///
/// ORDER: a backup is removed only behind a newer one that was verified and has its name. One that fails removes
/// nothing; it is told as a warning and in INFO, and tried again within a minute.
///
/// After a restart the schedule goes on behind the newest backup in the folder.
import Engine
import Persistence
import Records

extension Server {
    /// Begins the backup that is due; called by the cron.
    func considerBackup() {
        guard let store = snapshotStore, shutdownState == nil else { return }
        let schedule = configuration.settings.backupSchedule
        let now = engine.now.millisecondsSinceEpoch / 1000
        if schedule != snapshots.backups.schedule {
            snapshots.backups.schedule = schedule
            snapshots.backups.lastBegin = schedule == .off ? nil : newestBackup(store)
            snapshots.backups.next = schedule.next(after: snapshots.backups.lastBegin, now: now)
        }
        guard let next = snapshots.backups.next, next <= now, snapshots.running == nil else {
            return
        }
        do throws(PersistenceError) {
            _ = try beginBackup()
        } catch {
            backupFailed(error)
        }
    }

    /// When the newest backup in the folder was begun; nil where there is none.
    private func newestBackup(_ store: any SnapshotStore) -> Int64? {
        do throws(PersistenceError) {
            let names = try store.names(in: backupDirectory).filter {
                BackupName.seconds(of: $0) != nil
            }
            snapshots.backups.kept = names.count
            return names.compactMap { BackupName.seconds(of: $0) }.max()
        } catch {
            // The first backup meets the folder too, and says what is wrong with it.
            return nil
        }
    }

    /// Begins a backup now; answers its name.
    ///
    /// - Throws: where it can't be begun.
    func beginBackup() throws(PersistenceError) -> String {
        let store = try store()
        let settings = configuration.settings
        let now = engine.now.millisecondsSinceEpoch / 1000
        let format =
            settings.backupFormat.isEmpty ? store.format(ofFile: "") : settings.backupFormat
        let suffix =
            store.formats.first { $0.name == format }?.fileExtensions.first ?? format
        let name = BackupName.make(at: now, extension: suffix)
        let directory = backupDirectory
        let retention = settings.backupRetention
        try beginSnapshot(.backup, order(name, format, in: directory)) { _ in
            Self.prune(store, directory, retention, newest: name)
        } whenDone: { [unowned self] result in
            switch result {
            case .success(let (facts, pruned)): backupEnded(facts, pruned)
            case .failure(let error): backupFailed(error)
            }
        }
        snapshots.backups.lastBegin = now
        snapshots.backups.next = settings.backupSchedule.next(after: now, now: now)
        log.notice("Backup '\(name)' started")
        return name
    }

    /// What became of the old backups.
    private struct Pruned: Sendable {
        var removed: [String] = []
        var kept = 0
        var error: PersistenceError?
    }

    private static func prune(
        _ store: any SnapshotStore, _ directory: String, _ retention: BackupRetention,
        newest: String
    ) -> Pruned {
        var pruned = Pruned()
        do throws(PersistenceError) {
            let names = try store.names(in: directory)
            pruned.kept = names.count { BackupName.seconds(of: $0) != nil }
            let obsolete = retention.obsolete(among: names, keeping: newest)
            try store.remove(obsolete, from: directory)
            pruned.removed = obsolete
            pruned.kept -= obsolete.count
        } catch {
            pruned.error = error
        }
        return pruned
    }

    private func backupEnded(_ facts: SnapshotFacts, _ pruned: Pruned) {
        snapshots.backups.count += 1
        snapshots.backups.error = nil
        snapshots.backups.kept = pruned.kept
        log.notice(
            "Backup '\(facts.name)' saved and verified: \(facts.keys ?? 0) keys, \(facts.bytes) bytes"
        )
        if !pruned.removed.isEmpty {
            log.notice("Old backups removed: \(pruned.removed.joined(separator: ", "))")
        }
        if let error = pruned.error { log.warning("Old backups can't be removed: \(error)") }
    }

    private func backupFailed(_ error: PersistenceError) {
        let schedule = configuration.settings.backupSchedule
        let now = engine.now.millisecondsSinceEpoch / 1000
        snapshots.backups.failures += 1
        snapshots.backups.error = "\(error)"
        if schedule != .off {
            let regular = schedule.next(after: now, now: now) ?? .max
            snapshots.backups.next = min(regular, now + schedule.retrySeconds)
        }
        log.warning("BACKUP FAILED, older backups are kept: \(error)")
    }
}
