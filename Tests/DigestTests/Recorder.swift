/// A backend that applies what is recorded to a naive dataset.
import Persistence
import Records
import TestSupport

final class Recorder: PersistenceBackend {
    static let descriptor = BackendDescriptor(
        name: "recorder", abilities: [.journal], summary: "test")

    let dataset = NaiveDataset(databases: 4)
    let released: CommitTicket = 0
    let durable: CommitTicket = 0
    let refusal: WriteRefusal? = nil
    let isCongested = false
    let wantsCheckpoint = false

    func beginUnit() {}
    func endUnit() {}
    func record(_ mutation: Mutation, database: Int) { dataset.apply(mutation, database: database) }

    func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport { RecoveryReport() }
    func start() throws(PersistenceError) {}
    func start(after ticket: CommitTicket) throws(PersistenceError) {}
    func settle(_ finish: @escaping (PersistenceError?) -> Void) { finish(nil) }
    func commit() -> CommitTicket { 0 }
    func checkpoint(
        _ view: any FrozenDataset,
        finish: @escaping (Result<CheckpointReport, PersistenceError>) -> Void
    ) throws(PersistenceError) {}
    func cancelCheckpoint() {}
    func willFreeze() throws(PersistenceError) {}
    func tick(nowNanoseconds: UInt64) {}
    func apply(_ settings: BackendSettings) {}
    func close() throws(PersistenceError) {}
    func status() -> BackendStatus { BackendStatus() }
}
