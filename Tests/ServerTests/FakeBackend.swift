/// A backend without a disk, whose tickets the test releases or fails by hand.
import Bytes
import Persistence
import Records

@testable import Server

final class FakeBackend: PersistenceBackend {
    static let descriptor = BackendDescriptor(name: "fake", abilities: [.journal], summary: "test")

    var recorded: CommitTicket = 0
    var released: CommitTicket = 0
    var durable: CommitTicket { released }
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
        finish(.success(CheckpointReport(keys: 0, bytes: 0, seconds: 0)))
    }

    func cancelCheckpoint() {}
    func willFreeze() throws(PersistenceError) {}
    func tick(nowNanoseconds: UInt64) {}
    func apply(_ settings: BackendSettings) {}
    func close() throws(PersistenceError) { closed = true }
    func status() -> BackendStatus { BackendStatus() }
}
