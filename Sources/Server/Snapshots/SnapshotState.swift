/// What the server knows of snapshots by command, backups and restorations: what runs, and what became of the last.
import Engine
import Persistence
import Records

/// See the file's header.
struct SnapshotState {
    /// What may run; one at a time.
    enum Kind: String {
        case save, backup, verify, restore
    }

    /// What runs now.
    struct Running {
        let kind: Kind
        let name: String
        let format: String
        /// Monotonic.
        let startedAt: UInt64
        let activity: SnapshotActivity
    }

    /// What became of one.
    struct Outcome {
        let kind: Kind
        let name: String
        let error: PersistenceError?
        let facts: SnapshotFacts?
        let seconds: Double
        /// Seconds since 1970.
        let endedAt: Int64
    }

    var running: Running?
    /// The last one of any kind but a backup.
    var last: Outcome?
    /// The last file that was verified: after it was written, by VERIFY, by RESTORE.
    var lastVerified: (facts: SnapshotFacts, at: Int64)?
    var restoration = RestorationState()
    var backups = BackupState()
}

/// What is known of restorations.
struct RestorationState {
    /// Since when writes wait (monotonic; 0: they don't).
    var heldSince: UInt64 = 0
    /// How long writes waited for the last one, in nanoseconds.
    var held: UInt64 = 0
    /// Writes have waited too long: the restoration was given up.
    var isOverdue = false
    /// Restorations since the start.
    var count = 0
}

/// What is known of backups.
struct BackupState {
    /// The schedule that `next` follows.
    var schedule = BackupSchedule.off
    /// When the next one is due, seconds since 1970.
    var next: Int64?
    /// When one was begun last, seconds since 1970; those of earlier runs are found in the folder.
    var lastBegin: Int64?
    var last: SnapshotState.Outcome?
    /// Why the last one failed; nil: it didn't.
    var error: String?
    /// Backups and failures since the start.
    var count = 0
    var failures = 0
    /// Backups in the folder, as far as was seen.
    var kept = 0
}

/// Data that was loaded beside the live one, on its way between threads; whoever takes the engine out frees it.
final class LoadedData: @unchecked Sendable {
    // BECAUSE: one thread at a time: the loop gives it to a lane and gets it back with the lane's result.
    var engine: Engine?
    /// What was replaced, and takes long to free.
    var remains: Keyspace?

    init(_ engine: Engine) { self.engine = engine }

    /// Frees all of it, here.
    func free() {
        // What views still hold is freed by the last of them.
        remains?.disposeElsewhere { $0() }
        engine?.keyspace.disposeElsewhere { $0() }
        engine = nil
        remains = nil
    }
}
