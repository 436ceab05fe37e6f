/// A change of engine on a running server: two backends that both record, and the steps from one to the other.
///
///     MIGRATION   is written: from here a crash leaves files of two engines, and this file says whose count
///     copying     the new engine begins behind the last ticket; a view of that moment goes to it (`checkpoint`),
///                 and both record what comes
///     verifying   a second view is digested, and what the new engine's files hold up to that moment is read into a
///                 sandbox and digested: the same. Engines that read every save back have done so already.
///     switching   writes wait; the new engine makes everything durable (a journal by a sync, others by a save);
///                 `CURRENT` names it; writes go on
///     switched    both record; replies wait for both
///     commit      the old engine is closed, its files go, then MIGRATION
///     rollback    writes wait; the old engine makes everything durable; `CURRENT` names it; the new engine is
///                 closed, its files go, then MIGRATION
///
/// ORDER: each step lasts before the next begins, so a directory always keeps what the engine promises that
/// `CURRENT` names.
///
/// A failure before `CURRENT` is written ends the change: the old engine stays, the new one's files go. After it,
/// either engine's failure refuses writes as one's own does: a rollback must find everything.
///
/// INVARIANT 1: the two engines' tickets are the same numbers from the moment both record.
/// INVARIANT 2: `stage` is `switched` only while `CURRENT` durably names the new engine.
///
/// Threads: the engine's; reading back and digesting run on the inspection lane.
import Bytes
import Digest
import Persistence
import Records

/// Two backends in one; see the file's header.
public final class EngineChange: MigratingBackend {
    /// What stands for two has the name of neither.
    public static let descriptor = BackendDescriptor(
        name: "migration", abilities: [], summary: "two engines, while one takes the other's place")

    /// One of the two engines.
    struct Side {
        let entry: BackendEntry
        let settings: BackendSettings
        var name: String { entry.descriptor.name }
    }

    /// Where it is.
    public internal(set) var stage = MigrationStage.copying
    let old: any PersistenceBackend
    /// Nil until its directory is announced by MIGRATION.
    var new: (any PersistenceBackend)?
    let oldSide: Side
    let newSide: Side
    let directory: DataDirectory
    let environment: BackendEnvironment
    unowned let host: any MigrationHost

    /// Who records: the old engine alone, both, and in the end the one that is left.
    var recordsOld = true
    var recordsNew = false
    /// Sequence of the view that was copied.
    var copiedThrough: CommitTicket = 0
    var copied = CheckpointReport(keys: 0, bytes: 0, seconds: 0)
    /// The digest that both had, and at which sequence.
    var verified: (digest: Hash256, sequence: CommitTicket)?
    /// Why the last attempt to write CURRENT failed: it is tried again.
    var unsettled: PersistenceError?
    let startedAt: UInt64
    var heldSince: UInt64 = 0
    /// How long writes waited, in nanoseconds.
    var held: UInt64 = 0
    var isClosed = false
    let token = CancelToken()
    /// Who waits for the end of a commit or a rollback.
    var waiting: [(PersistenceError?) -> Void] = []
    var lastTick: UInt64 = 0

    init(
        from old: any PersistenceBackend, _ oldSide: Side, to newSide: Side,
        directory: DataDirectory, environment: BackendEnvironment, host: any MigrationHost
    ) {
        self.old = old
        self.oldSide = oldSide
        self.newSide = newSide
        self.directory = directory
        self.environment = environment
        self.host = host
        startedAt = environment.clock.monotonicNanoseconds
    }

    /// The engine in force at the beginning.
    public var from: BackendDescriptor { oldSide.entry.descriptor }
    /// The engine that is to be.
    public var to: BackendDescriptor { newSide.entry.descriptor }
    /// The descriptor of the engine in force.
    public var descriptor: BackendDescriptor { inForce.descriptor }

    /// Whether the new engine is in force, and both must have what is acknowledged.
    var hasSwitched: Bool { stage == .switched || stage == .rollingBack && !returned }
    /// A rollback has come to where CURRENT names the old engine.
    var returned = false
    /// A rollback was asked for while `CURRENT` was being written.
    var wantsReturn = false
    /// Who is left in the end.
    var winner: (any PersistenceBackend)?

    var inForce: any PersistenceBackend {
        switch stage {
        case .copying, .verifying, .switching: return old
        case .switched, .committing: return new ?? old
        case .ended: return winner ?? old
        case .rollingBack: return returned ? old : new ?? old
        }
    }

    // MARK: Recording

    /// Nothing to read: both have their data.
    public func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport { throw busy }
    /// Not begun this way.
    public func start() throws(PersistenceError) { throw busy }
    /// Not begun this way.
    public func start(after ticket: CommitTicket) throws(PersistenceError) { throw busy }

    var busy: PersistenceError {
        PersistenceError(
            .conflict,
            "The engine is being changed from '\(from.name)' to '\(to.name)' (\(stage.rawValue))",
            remedy: "PERSIST STATUS shows how far it is; PERSIST ROLLBACK gives it up")
    }

    /// Opens a unit.
    public func beginUnit() {
        if recordsOld { old.beginUnit() }
        if recordsNew { new?.beginUnit() }
    }

    /// Records one change.
    public func record(_ mutation: Mutation, database: Int) {
        if recordsOld { old.record(mutation, database: database) }
        if recordsNew { new?.record(mutation, database: database) }
    }

    /// Closes the unit.
    public func endUnit() {
        if recordsOld { old.endUnit() }
        if recordsNew { new?.endUnit() }
    }

    /// Hands what was recorded to both.
    public func commit() -> CommitTicket {
        guard recordsNew, let new else { return old.commit() }
        let ticket = new.commit()
        if !recordsOld { return ticket }
        let other = old.commit()
        precondition(ticket == other, "two engines count the same changes")
        return ticket
    }

    /// What both have released once the new engine is in force; before that, what the old one has.
    public var released: CommitTicket {
        guard hasSwitched, let new else { return inForce.released }
        return min(old.released, new.released)
    }

    /// What the engine in force has durably.
    public var durable: CommitTicket { inForce.durable }

    /// Why either refuses, once both count.
    public var refusal: WriteRefusal? {
        guard hasSwitched, let new else { return inForce.refusal }
        return new.refusal ?? old.refusal
    }

    /// Whether either can't keep up.
    public var isCongested: Bool {
        recordsOld && old.isCongested || recordsNew && new?.isCongested == true
    }

    /// For both, and for what is to be tried again.
    public func tick(nowNanoseconds: UInt64) {
        old.tick(nowNanoseconds: nowNanoseconds)
        new?.tick(nowNanoseconds: nowNanoseconds)
        retry(now: nowNanoseconds)
    }

    /// Settings for both.
    public func apply(_ settings: BackendSettings) {
        old.apply(settings)
        new?.apply(settings)
    }

    // MARK: Saves of the engine in force

    private func requireQuiet() throws(PersistenceError) {
        if stage != .switched { throw busy }
    }

    /// - Throws: always: two engines would have to change at one moment.
    public func replace(
        with view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) { throw busy }

    /// A save of the engine in force, once that is the new one.
    public func willFreeze() throws(PersistenceError) {
        try requireQuiet()
        try inForce.willFreeze()
    }

    /// A save of the engine in force, once that is the new one.
    public func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        try requireQuiet()
        try inForce.checkpoint(view, finish: finish)
    }

    /// Stops a save; a change that hasn't come to its switch stops with it.
    public func cancelCheckpoint() { if stage == .switched { inForce.cancelCheckpoint() } }
    /// As the engine in force says, once that is the new one.
    public var wantsCheckpoint: Bool { stage == .switched && inForce.wantsCheckpoint }
    /// For the engine in force.
    public func settle(_ finish: @escaping (PersistenceError?) -> Void) { inForce.settle(finish) }
    /// What the engine in force can read back.
    public func readback() -> Readback? { inForce.readback() }

    /// The figures of the engine in force.
    public func status() -> BackendStatus {
        var status = inForce.status()
        status.fields += figures.map { ("migration_" + $0.name, $0.value) }
        return status
    }

    /// What PERSIST STATUS shows.
    public var figures: [(name: String, value: String)] {
        let now = environment.clock.monotonicNanoseconds
        let waited = held + (heldSince == 0 ? 0 : now &- heldSince)
        return [
            ("stage", stage.rawValue), ("from", from.name), ("to", to.name),
            ("seconds", "\((now &- startedAt) / 1_000_000_000)"),
            ("copied_sequence", "\(copiedThrough)"), ("copied_keys", "\(copied.keys)"),
            ("copied_bytes", "\(copied.bytes)"),
            ("verified_digest", verified?.digest.hex ?? ""),
            ("verified_sequence", "\(verified?.sequence ?? 0)"),
            ("writes_held_usec", "\(waited / 1000)"),
            ("last_error", unsettled.map { "\($0)" } ?? ""),
        ]
    }
}
