/// A backend without a disk: it keeps what was recorded as the commands that have the same effect.
import Bytes
import Persistence
import Records

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

    private func words(of mutation: Mutation) -> [[UInt8]] {
        func spelled(_ name: String, _ rest: [[UInt8]]) -> [[UInt8]] { [Array(name.utf8)] + rest }
        switch mutation {
        case .set(let key, let value, let deadline):
            let options = deadline.map {
                [Array("PXAT".utf8), Decimal.text($0.millisecondsSinceEpoch)]
            }
            return spelled("SET", [key.array, value.array] + (options ?? []))
        case .setKeepingDeadline(let key, let value):
            return spelled("SET", [key.array, value.array, Array("KEEPTTL".utf8)])
        case .setMany(let pairs): return spelled("MSET", pairs.arrays)
        case .append(let key, let suffix): return spelled("APPEND", [key.array, suffix.array])
        case .setRange(let key, let offset, let bytes):
            return spelled("SETRANGE", [key.array, Decimal.text(Int64(offset)), bytes.array])
        case .delete(let key): return spelled("DEL", [key.array])
        case .deleteMany(let keys): return spelled("DEL", keys.arrays)
        case .expire(let key, let deadline):
            let time = Decimal.text(deadline.millisecondsSinceEpoch)
            return spelled("PEXPIREAT", [key.array, time])
        case .persist(let key): return spelled("PERSIST", [key.array])
        case .rename(let key, let newKey): return spelled("RENAME", [key.array, newKey.array])
        case .copy(let key, let destination, let database):
            let rest = [
                Array("DB".utf8), Decimal.text(Int64(database)), Array("REPLACE".utf8),
            ]
            return spelled("COPY", [key.array, destination.array] + rest)
        case .move(let key, let database):
            return spelled("MOVE", [key.array, Decimal.text(Int64(database))])
        case .swapDatabases(let first, let second):
            return spelled("SWAPDB", [Decimal.text(Int64(first)), Decimal.text(Int64(second))])
        case .flushDatabase: return spelled("FLUSHDB", [])
        case .flushAll: return spelled("FLUSHALL", [])
        case .hashSet(let key, let pairs): return spelled("HSET", [key.array] + pairs.arrays)
        case .hashDelete(let key, let fields): return spelled("HDEL", [key.array] + fields.arrays)
        }
    }

    func restore(
        into target: any ReplayTarget, progress: (RecoveryProgress) -> Void
    ) throws(PersistenceError) -> RecoveryReport { RecoveryReport() }
    func start() throws(PersistenceError) {}
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
