/// Other data in the place of all that is kept, over the simulated disk: the power goes at every event of it.
import Backends
import Persistence
import TestSupport
import Testing

@Suite("Power loss, restorations", .serialized)
struct RestorationPowerLossTests {
    @Test(
        "leaves the old data or the new in a log, and every write behind it",
        arguments: SyncPolicy.allCases)
    func log(policy: SyncPolicy) {
        let found = explore(policy, firstSeed: 3000) { plan in
            plan.commands = 50
            plan.restoreInterval = 8 + Int(plan.seed % 7)
            plan.rewriteInterval = plan.seed % 3 == 0 ? 0 : 11
            plan.writesSnapshotBases = plan.seed % 2 == 0
            if plan.seed % 5 == 0 { plan.historyKeepSeconds = 2 }
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }

    @Test("the same on a disk whose calls fail now and then", arguments: SyncPolicy.allCases)
    func failingDisk(policy: SyncPolicy) {
        let found = explore(policy, firstSeed: 4000) { plan in
            plan.commands = 50
            plan.restoreInterval = 8
            plan.rewriteInterval = 0
            plan.faultPercent = 4 + Int(plan.seed % 12)
            plan.writesSnapshotBases = plan.seed % 2 == 0
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }

    @Test("leaves the old file or the new one, whole", arguments: SnapshotFormats.backends)
    func snapshots(name: String) {
        let factory: BackendFactory = { environment, settings in
            try BackendCatalog.open(
                EngineRequest(name: name, isExplicit: true), settings: settings,
                environment: environment
            ).backend
        }
        let found = explore(.no, firstSeed: 3000, factory: factory) { plan in
            plan.commands = 40
            plan.restoreInterval = 6 + Int(plan.seed % 5)
            plan.rewriteInterval = 9
        }
        #expect(found.failures == [])
        #expect(found.states > 20)
    }

    @Test("ends well on a good disk, and with the old data on one that fails")
    func outcomes() throws {
        var (successes, failures) = (0, 0)
        for seed in UInt64(1)...20 {
            var plan = SimulationPlan(seed: seed, policy: .always)
            plan.commands = 60
            plan.restoreInterval = 7
            plan.faultPercent = seed > 10 ? 12 : 0
            let simulation = try Simulation(plan)
            try simulation.run(appendOnlyFile)
            let ended = simulation.restorations
            if seed <= 10 { #expect(ended.failures == 0, "seed \(seed)") }
            successes += ended.successes
            failures += ended.failures
            let disk = SimDisk(simulation.disk.live)
            var settings = BackendSettings()
            settings.directory = "/data"
            let opened = try BackendCatalog.open(
                EngineRequest(name: "aof", isExplicit: false), settings: settings,
                environment: BackendEnvironment(
                    fileSystem: disk, clock: SimClock(), runner: SimRunner(disk: disk),
                    log: .silent, progress: { _ in }))
            let target = NaiveTarget()
            _ = try opened.backend.restore(into: target, progress: { _ in })
            #expect(target.dataset.digest == simulation.model.digest, "seed \(seed)")
            try opened.backend.close()
        }
        #expect(successes > 20 && failures > 0, "\(successes), \(failures)")
    }
}
