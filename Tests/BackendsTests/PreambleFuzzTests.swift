/// Snapshots at the front of a log with damage that their checksum doesn't show, into the engine and the naive
/// dataset alike; and power cuts over a folder that Redis left.
///
/// HOLDFAST_FUZZ sets the number of inputs, HOLDFAST_SEED the seed.
import Backends
import Bytes
import Engine
import Foundation
import Persistence
import RDB
import Records
import TestSupport
import Testing

@Suite("Fuzzing snapshots at the front of a log", .serialized)
struct PreambleFuzzTests {
    private func mutate(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 9..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 3))
            case 3: bytes.insert(contentsOf: [0x81, 64, 0, 0, 0, 0, 0, 0, 0], at: place)
            default:
                let end = min(bytes.count, place + Int.random(in: 1...40, using: &random))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return SnapshotBytes.resealed(bytes)
    }

    /// Restores an image into an engine; the dataset it has then, nil where it refuses.
    private func engineDataset(_ image: DiskImage) throws -> NaiveDataset? {
        let disk = SimDisk(image)
        let clock = SimClock()
        let environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: SimRunner(disk: disk), log: .silent,
            progress: { _ in })
        var settings = BackendSettings()
        settings.directory = "/data"
        let backend = try appendOnlyFile(environment, settings)
        let engine = Engine(clock: clock)
        do {
            _ = try backend.restore(into: engine.replayTarget(), progress: { _ in })
        } catch {
            return nil
        }
        var bytes: [UInt8] = []
        try RDBFileWriter.write(
            engine.keyspace.freeze(at: Deadline(millisecondsSinceEpoch: 0)), facts: RDBFileFacts()
        ) { bytes += $0.array }
        return Trial(RedisFolder.image(bytes)).target.dataset
    }

    @Test("the engine and the naive dataset load the same, or both refuse")
    func fuzz() throws {
        let seed = TestKnobs.seed
        var random = SeededGenerator(seed: seed)
        let samples = try [(1, 10), (2, 40), (3, 120)].map {
            try SnapshotBytes.of(RedisFolder.dataset(seed: seed &+ UInt64($0.0), units: $0.1))
        }
        let count = TestKnobs.count("HOLDFAST_FUZZ", or: TestKnobs.isCampaign ? 100_000 : 1500)
        var started = 0
        for number in 0..<count {
            let bytes = mutate(samples.randomElement(using: &random) ?? [], &random)
            let image = RedisFolder.image(bytes)
            let trial = Trial(image)
            let dataset = try engineDataset(image)
            let same =
                trial.refusal == nil
                ? dataset?.digest == trial.target.dataset.digest : dataset == nil
            #expect(same, "seed \(seed), input \(number): \(String(describing: trial.refusal))")
            if trial.refusal == nil { started += 1 }
        }
        print("snapshot fuzz: seed \(seed), \(count) inputs, \(started) started")
        #expect(started > 0 && started < count)
    }

    @Test(
        "power cuts over a folder of Redis's lose nothing of it",
        arguments: [SyncPolicy.always, .everysec], [true, false])
    func powerLoss(policy: SyncPolicy, isOldFile: Bool) {
        let found = explore(policy, firstSeed: isOldFile ? 7000 : 8000) { plan in
            let seed = plan.seed
            plan.commands = 20
            plan.rewriteInterval = 9
            if seed % 2 == 0 { plan.killInterval = 6 }
            plan.beginning = {
                let dataset = RedisFolder.dataset(seed: seed, units: 8)
                let bytes = try SnapshotBytes.of(dataset)
                return (
                    isOldFile ? RedisFolder.oldImage(bytes) : RedisFolder.image(bytes), dataset
                )
            }
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }
}
