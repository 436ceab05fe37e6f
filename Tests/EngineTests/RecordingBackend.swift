/// A backend without a disk: it keeps what was recorded as the commands that have the same effect.
import Bytes
import Persistence
import Records

@testable import Backends

final class RecordingBackend: PersistenceBackend {
    static let descriptor = BackendDescriptor(
        name: "recording", abilities: [.journal], summary: "test")

    /// What was recorded, a command each, with its database.
    private(set) var commands: [(database: Int, words: [[UInt8]])] = []
    /// Mutations in each unit closed so far.
    private(set) var unitSizes: [Int] = []
    private var openUnit = 0
    /// Tests set it to have writes refused.
    var refusal: WriteRefusal?

    let released: CommitTicket = 0
    let durable: CommitTicket = 0
    let isCongested = false
    let wantsCheckpoint = false

    /// The commands as text, for comparisons.
    var texts: [String] {
        commands.map { each in
            each.words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
    }

    func forget() {
        commands = []
        unitSizes = []
    }

    func beginUnit() { openUnit = 0 }

    func endUnit() { unitSizes.append(openUnit) }

    func record(_ mutation: Mutation, database: Int) {
        openUnit += 1
        commands.append((database, words(of: mutation)))
    }

    /// The command that the append-only file spells the mutation with, word by word.
    private func words(of mutation: Mutation) -> [[UInt8]] {
        let out = ByteWriter(capacity: 256)
        CommandEncoder.append(mutation, to: out)
        var rest = out.view.array[...]
        func line() -> Int {
            let end = rest.firstIndex(of: 13) ?? rest.endIndex
            let number = Int(String(decoding: rest[rest.startIndex + 1..<end], as: UTF8.self)) ?? 0
            rest = rest[(end + 2)...]
            return number
        }
        return (0..<line()).map { _ in
            let length = line()
            let word = Array(rest.prefix(length))
            rest = rest.dropFirst(length + 2)
            return word
        }
    }

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
