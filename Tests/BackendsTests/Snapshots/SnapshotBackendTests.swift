/// The backend over a snapshot format: a save is all or nothing, verified before it counts, and loud when it fails.
import Backends
import Bytes
import Digest
import Persistence
import Records
import TestSupport
import Testing

/// A snapshot backend on a simulated disk.
final class SnapshotBench {
    let disk: SimDisk
    let clock = SimClock()
    let runner: SimRunner
    let backend: any PersistenceBackend
    let model: NaiveDataset
    let report: RecoveryReport

    init(
        _ name: String, disk: SimDisk = SimDisk(),
        _ adjust: (inout BackendSettings) -> Void = { _ in }
    ) throws {
        self.disk = disk
        let runner = SimRunner(disk: disk)
        self.runner = runner
        var settings = BackendSettings()
        settings.directory = "/data"
        adjust(&settings)
        let environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: runner, log: .silent,
            progress: { _ in })
        backend = try snapshotBackend(name)(environment, settings)
        let target = NaiveTarget()
        report = try backend.restore(into: target, progress: { _ in })
        model = target.dataset
        try backend.start()
    }

    @discardableResult
    func write(_ key: String, _ value: String = "v") -> CommitTicket {
        backend.beginUnit()
        [Array(key.utf8), Array(value.utf8)].withByteViews {
            let change = Mutation.set(key: $0[0], value: $0[1], deadline: nil)
            backend.record(change, database: 0)
            model.apply(change, database: 0)
        }
        backend.endUnit()
        return backend.commit()
    }

    /// Saves; fails where the save does.
    @discardableResult
    func save() throws -> CheckpointReport { try trySave().get() }

    /// Saves; what came of it.
    func trySave() throws -> Result<CheckpointReport, PersistenceError> {
        try backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try backend.checkpoint(NaiveFrozen(model, at: clock.now)) { outcome = $0 }
        runner.drain()
        return try #require(outcome)
    }

    func field(_ name: String) -> String? {
        backend.status().fields.first { $0.name == name }?.value
    }

    var names: [String] { disk.live.files.keys.sorted() }
}

/// Makes a snapshot backend as the server makes it.
func snapshotBackend(_ name: String) -> BackendFactory {
    { environment, settings in
        try BackendCatalog.open(
            EngineRequest(name: name, isExplicit: true), settings: settings,
            environment: environment
        ).backend
    }
}

@Suite("Snapshot backends")
struct SnapshotBackendTests {
    @Test(
        "a save is in force, verified and named by CURRENT; what came later is lost",
        arguments: SnapshotFormats.backends)
    func saves(name: String) throws {
        let bench = try SnapshotBench(name)
        #expect(bench.names == [])
        #expect(bench.write("a") == 1)
        #expect(bench.backend.released == 1)
        #expect(bench.backend.durable == 0)
        let report = try bench.save()
        #expect(report.keys == 1)
        #expect(bench.backend.durable == 1)
        #expect(bench.names.contains("/data/CURRENT"))
        #expect(bench.names.count == 2)
        let view = NaiveFrozen(bench.model, at: bench.clock.now)
        let saved = try DatasetDigest.of(view).digest.root.hex
        #expect(bench.field("last_verified_digest") == saved)
        #expect(bench.field("last_verified_backup_time") == "1700000001")
        bench.write("b")
        let again = try SnapshotBench(name, disk: SimDisk(bench.disk.live))
        #expect(again.model.keyCount == 1)
        #expect(again.report.foundData)
        #expect(again.report.sequence == 1)
        // Sequence numbers go on.
        #expect(again.write("c") == 2)
    }

    @Test(
        "a byte that changes between writing and verifying fails the save and keeps the old file",
        arguments: SnapshotFormats.backends)
    func verification(name: String) throws {
        let bench = try SnapshotBench(name) { $0.hasSavePoints = true }
        bench.write("a")
        try bench.save()
        let old = bench.disk.live
        bench.write("b")
        let size = try #require(old.files.first { $0.key != "/data/CURRENT" }).value.bytes.count
        for place in stride(from: 0, to: size, by: 7) {
            var isSynced = false
            var isDamaged = false
            bench.disk.fault = { call, path in
                if call == .sync { isSynced = true }
                if call == .open, isSynced, !isDamaged, path.contains("temp-") {
                    isDamaged = bench.disk.damage(path) { $0[place] ^= 0x10 }
                }
                return nil
            }
            guard case .failure(let error) = try bench.trySave() else {
                Issue.record("a damaged byte \(place) was not noticed")
                continue
            }
            #expect(isDamaged)
            #expect(error.code == .corrupt)
            #expect(bench.disk.live.hash == old.hash, "the old file is in force, no other there")
            #expect(bench.backend.refusal?.kind == .snapshot)
            #expect(bench.field("snapshot_last_error") != "")
            #expect(bench.backend.durable == 1)
        }
        bench.disk.fault = nil
        try bench.save()
        #expect(bench.backend.refusal == nil)
        #expect(bench.field("snapshot_last_error") == "")
        let again = try SnapshotBench(name, disk: SimDisk(bench.disk.live))
        #expect(again.model.digest == bench.model.digest)
    }

    @Test(
        "a save that drops a key, or adds one, is noticed", arguments: SnapshotFormats.backends)
    func wrongView(name: String) throws {
        // The view that is digested and the view that is written are one walk; a view that changes its
        // mind between two walks of one entry shows that the comparison is alive.
        let bench = try SnapshotBench(name)
        try bench.backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try bench.backend.checkpoint(FickleView()) { outcome = $0 }
        bench.runner.drain()
        guard case .failure(let error)? = outcome else {
            Issue.record("not noticed")
            return
        }
        #expect(error.code == .corrupt)
        #expect(bench.names == [])
    }

    @Test(
        "any failing call keeps the old file and is told; the next save works",
        arguments: SnapshotFormats.backends)
    func faults(name: String) throws {
        var runs = 0
        for call in DiskCall.allCases where call != .list && call != .makeDirectory {
            for fault in [DiskFault.error(5), .error(28)] {
                var number = 1
                while true {
                    let bench = try SnapshotBench(name)
                    bench.write("a")
                    try bench.save()
                    let old = bench.model.digest
                    bench.write("b")
                    var count = 0
                    var didFire = false
                    bench.disk.fault = { kind, _ in
                        if kind == call { count += 1 }
                        if kind != call || count != number { return nil }
                        didFire = true
                        return fault
                    }
                    let outcome = try bench.trySave()
                    bench.disk.fault = nil
                    if !didFire { break }
                    runs += 1
                    // Removing a temporary file that isn't there any more can't fail a save.
                    if case .success = outcome { Issue.record("\(call) \(number) was not told") }
                    let after = try SnapshotBench(name, disk: SimDisk(bench.disk.live))
                    let found = after.model.digest
                    #expect(found == old || found == bench.model.digest, "\(call) \(number)")
                    try bench.save()
                    let last = try SnapshotBench(name, disk: SimDisk(bench.disk.live))
                    #expect(last.model.digest == bench.model.digest)
                    number += 1
                }
            }
        }
        #expect(runs > 10)
    }

    @Test(
        "writes are refused after a failed save only with save points, and where they are to be",
        arguments: [(true, true), (true, false), (false, true)])
    func refusal(hasSavePoints: Bool, stops: Bool) throws {
        let bench = try SnapshotBench("json") {
            $0.hasSavePoints = hasSavePoints
            $0.stopsWritesOnSaveError = stops
        }
        bench.disk.fault = { call, _ in call == .write ? .error(28) : nil }
        bench.write("a")
        if case .success = try bench.trySave() { Issue.record("a full disk was not told") }
        #expect((bench.backend.refusal != nil) == (hasSavePoints && stops))
        #expect(bench.names == [])
    }

    @Test("a save that is cancelled leaves the old file", arguments: SnapshotFormats.backends)
    func cancelled(name: String) throws {
        let bench = try SnapshotBench(name)
        bench.write("a")
        try bench.save()
        let old = bench.disk.live.hash
        bench.write("b")
        try bench.backend.willFreeze()
        var outcome: Result<CheckpointReport, PersistenceError>?
        try bench.backend.checkpoint(NaiveFrozen(bench.model, at: bench.clock.now)) {
            outcome = $0
        }
        bench.backend.cancelCheckpoint()
        bench.runner.drain()
        guard case .failure? = outcome else {
            Issue.record("not cancelled")
            return
        }
        #expect(bench.disk.live.hash == old)
        try bench.save()
    }

    @Test("one save at a time", arguments: SnapshotFormats.backends)
    func once(name: String) throws {
        let bench = try SnapshotBench(name)
        try bench.backend.willFreeze()
        try bench.backend.checkpoint(NaiveFrozen(bench.model, at: bench.clock.now)) { _ in }
        #expect(throws: PersistenceError.self) { try bench.backend.willFreeze() }
        bench.runner.drain()
        try bench.save()
    }

    @Test(
        "a file that is gone, or damaged, stops the start and changes nothing",
        arguments: SnapshotFormats.backends)
    func start(name: String) throws {
        let bench = try SnapshotBench(name)
        bench.write("a")
        try bench.save()
        let path = try #require(bench.names.first { $0 != "/data/CURRENT" })
        var gone = bench.disk.live
        gone.files[path] = nil
        var damaged = bench.disk.live
        damaged.files[path] = DiskContent((damaged.files[path]?.bytes ?? []).map { $0 | 1 })
        for (image, code) in [(gone, PersistenceError.Code.conflict), (damaged, .corrupt)] {
            let disk = SimDisk(image)
            do {
                _ = try SnapshotBench(name, disk: disk)
                Issue.record("started")
            } catch let error as PersistenceError {
                #expect(error.code == code)
                #expect(error.path == path)
                #expect(error.remedy != nil)
            }
            #expect(disk.live.hash == image.hash)
        }
    }

    @Test(
        "a directory without CURRENT is recognised by its file",
        arguments: SnapshotFormats.backends)
    func recognised(name: String) throws {
        let bench = try SnapshotBench(name)
        bench.write("a")
        try bench.save()
        var image = bench.disk.live
        image.files["/data/CURRENT"] = nil
        image.files["/data/temp-" + (try #require(image.files.first).key.dropFirst(6))] =
            DiskContent([1, 2, 3])
        let again = try SnapshotBench(name, disk: SimDisk(image))
        #expect(again.model.digest == bench.model.digest)
        // Named from now on, and the unfinished file is gone.
        #expect(again.names == bench.names)
        var settings = BackendSettings()
        settings.directory = "/data"
        #expect(throws: PersistenceError.self) {
            let disk = SimDisk(image)
            _ = try BackendCatalog.open(
                EngineRequest(name: "aof", isExplicit: true),
                settings: settings,
                environment: BackendEnvironment(
                    fileSystem: disk, clock: SimClock(), runner: SimRunner(disk: disk),
                    log: .silent, progress: { _ in }))
        }
    }

    @Test("DEBUG RELOAD reads what was saved last", arguments: SnapshotFormats.backends)
    func reload(name: String) throws {
        let bench = try SnapshotBench(name)
        let reloadable = try #require(bench.backend as? any ReloadableBackend)
        #expect(throws: PersistenceError.self) { try reloadable.reload(into: NaiveTarget()) }
        bench.write("a")
        try bench.save()
        bench.write("b")
        let target = NaiveTarget()
        #expect(try reloadable.reload(into: target).keys == 1)
        #expect(target.keyCount == 1)
    }
}

/// A view whose one list has another element at every walk over it.
private final class FickleView: FrozenDataset, @unchecked Sendable {
    // BECAUSE: read on one thread.
    let frozenAt = Samples.time
    let databaseCount = 1
    func keyCount(database: Int) -> Int { 1 }

    func forEachEntry(database: Int, _ visit: (FrozenEntry) throws -> Void) throws {
        try visit(FrozenEntry(key: ByteView("k"), deadline: nil, value: .list(FickleList())))
    }

    private final class FickleList: FrozenList {
        let count = 1
        private var walks: UInt8 = 0
        func forEachElement(_ visit: (ByteView) throws -> Void) throws {
            walks += 1
            try [walks].withByteView { (view) throws in try visit(view) }
        }
    }
}

@Suite("Power loss, snapshots", .serialized)
struct SnapshotPowerLossTests {
    @Test(
        "leaves the old file or the new one, whole, and nothing saved is lost",
        arguments: SnapshotFormats.backends)
    func goodDisk(name: String) {
        let found = explore(.no, factory: snapshotBackend(name)) { plan in
            plan.commands = 30 + Int(plan.seed % 3) * 10
            plan.rewriteInterval = 5 + Int(plan.seed % 4)
        }
        #expect(found.failures == [])
        #expect(found.states > 20)
    }

    @Test(
        "the same on a disk whose calls fail now and then", arguments: SnapshotFormats.backends)
    func failingDisk(name: String) {
        let found = explore(.no, firstSeed: 1000, factory: snapshotBackend(name)) { plan in
            plan.commands = 30
            plan.rewriteInterval = 4
            plan.faultPercent = 4 + Int(plan.seed % 12)
        }
        #expect(found.failures == [])
        #expect(found.states > 20)
    }
}
