/// What INFO persistence and SNAPSHOT STATUS say of snapshots, backups and restorations.
import Persistence
import Records

extension Server {
    /// Fields of INFO persistence; the backend's own figures of verified saves stand where it has them.
    func snapshotInfo(_ present: [String]) -> [(String, String)] {
        let state = snapshots
        let backups = state.backups
        let now = engine.clock.monotonicNanoseconds
        let since = state.restoration.heldSince
        let held = since == 0 ? state.restoration.held : now &- since
        var fields: [(String, String)] = [
            ("snapshot_in_progress", state.running?.kind.rawValue ?? ""),
            ("snapshot_last_status", state.last.map { $0.error == nil ? "ok" : "err" } ?? ""),
            ("snapshot_last_error", state.last?.error.map { "\($0)" } ?? ""),
            ("snapshot_restores", "\(state.restoration.count)"),
            ("snapshot_restore_writes_held", since == 0 ? "0" : "1"),
            ("snapshot_restore_writes_held_usec", "\(held / 1000)"),
            ("backup_in_progress", state.running?.kind == .backup ? "1" : "0"),
            ("backup_last_status", backups.error == nil ? (backups.count > 0 ? "ok" : "") : "err"),
            ("backup_last_error", backups.error ?? ""),
            ("backup_last_run_time", "\(backups.lastBegin ?? 0)"),
            ("backup_next_run_time", "\(backups.next ?? 0)"),
            ("backup_last_name", backups.last?.facts?.name ?? ""),
            ("backup_last_bytes", "\(backups.last?.facts?.bytes ?? 0)"),
            ("backup_last_keys", "\(backups.last?.facts?.keys ?? 0)"),
            ("backup_last_digest", backups.last?.facts?.digest ?? ""),
            ("backup_last_time_sec", "\(Int(backups.last?.seconds ?? -1))"),
            ("backup_count", "\(backups.count)"), ("backup_failures", "\(backups.failures)"),
            ("backup_files", "\(backups.kept)"),
        ]
        if let verified = state.lastVerified, !present.contains("last_verified_digest") {
            fields += [
                ("last_verified_backup_time", "\(verified.at)"),
                ("last_verified_digest", verified.facts.digest),
            ]
        }
        // A line of INFO is one line.
        return fields.filter { !present.contains($0.0) }
            .map { ($0.0, String($0.1.map { $0.isNewline ? " " : $0 })) }
    }

    /// What SNAPSHOT STATUS says.
    func snapshotStatus() -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let running = snapshots.running {
            let progress = running.activity.progress
            let elapsed = engine.clock.monotonicNanoseconds &- running.startedAt
            let isHeld = snapshots.restoration.heldSince != 0
            fields += [
                ("running", running.kind.rawValue), ("name", running.name),
                ("format", running.format),
                ("stage", isHeld ? "replacing" : running.activity.stage.word),
                ("progress", "\(progress.done)"), ("total", "\(progress.total)"),
                ("seconds", "\(elapsed / 1_000_000_000)"),
            ]
        } else {
            fields.append(("running", "none"))
        }
        if let last = snapshots.last {
            fields += [
                ("last", last.kind.rawValue), ("last_name", last.name),
                ("last_status", last.error == nil ? "ok" : "err"),
                ("last_error", last.error.map { "\($0)" } ?? ""),
                ("last_format", last.facts?.format ?? ""),
                ("last_bytes", "\(last.facts?.bytes ?? 0)"),
                ("last_keys", "\(last.facts?.keys ?? 0)"),
                ("last_digest", last.facts?.digest ?? ""),
                ("last_usec", "\(Int(last.seconds * 1e6))"), ("last_time", "\(last.endedAt)"),
            ]
        }
        return fields
            + snapshotInfo([]).filter { !$0.0.hasPrefix("snapshot_last") }
            .map { (name: $0.0, value: $0.1) }
    }
}
