/// A backend without a disk, whose tickets the test releases or fails by hand.
import Bytes
import Persistence
import Records

@testable import Server

final class FakeBackend: PersistenceBackend {
    static let descriptor = BackendDescriptor(
        name: "fake", abilities: [.journal, .compaction], summary: "test")

    var recorded: CommitTicket = 0
    var released: CommitTicket = 0
    var durable: CommitTicket { durableByHand ?? released }
    /// What is durable where that isn't what is released.
    var durableByHand: CommitTicket?
    var refusal: WriteRefusal?
    var isCongested = false
    /// Whether a commit releases its ticket at once.
    var releasesAtOnce = false
    var units = 0
    var closed = false
    let wantsCheckpoint = false

    func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport { RecoveryReport() }

    func start() throws(PersistenceError) {}
    func start(after ticket: CommitTicket) throws(PersistenceError) {}
    func settle(_ finish: @escaping (PersistenceError?) -> Void) { finish(nil) }
    func beginUnit() { units += 1 }
    func record(_ mutation: Mutation, database: Int) { recorded += 1 }
    func endUnit() {}

    func commit() -> CommitTicket {
        if releasesAtOnce { released = recorded }
        return recorded
    }

    func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {
        if let checkpointError { throw checkpointError }
        begun += 1
        checkpoints.append(finish)
        if !holdsCheckpoints { finishCheckpoint() }
    }

    /// Whether a checkpoint ends when the test says so.
    var holdsCheckpoints = false
    private var checkpoints: [(Result<CheckpointReport, PersistenceError>) -> Void] = []
    /// Why no checkpoint can begin.
    var checkpointError: PersistenceError?
    /// Checkpoints begun.
    private(set) var begun = 0

    /// Ends the oldest checkpoint that runs.
    func finishCheckpoint() {
        if checkpoints.isEmpty { return }
        checkpoints.removeFirst()(.success(CheckpointReport(keys: 0, bytes: 0, seconds: 0)))
    }

    func cancelCheckpoint() {}
    func willFreeze() throws(PersistenceError) {}
    func tick(nowNanoseconds: UInt64) {}
    func apply(_ settings: BackendSettings) {}
    func close() throws(PersistenceError) { closed = true }
    func status() -> BackendStatus { BackendStatus() }
}
