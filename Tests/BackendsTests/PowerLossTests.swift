/// Power loss, in process: the shipped backend over the simulated disk, every state recovered from.
///
/// The goal is 10,000 different states a policy. A debug build explores them slower, so the plain test
/// stops after some seconds there; a release build, or HOLDFAST_CAMPAIGN=1, explores them all.
import Backends
import Persistence
import TestSupport
import Testing

/// Makes the append-only file as the server makes it: through the catalog.
let appendOnlyFile: BackendFactory = { environment, settings in
    try BackendCatalog.open(
        EngineRequest(name: "aof", isExplicit: true), settings: settings, environment: environment
    ).backend
}

/// How much a test may explore.
enum Effort {
    /// States that are enough.
    static let states = TestKnobs.count(
        "HOLDFAST_STATES", or: TestKnobs.isCampaign ? 100_000 : 10_000)

    /// States that are explored however long it takes.
    static let leastStates = 101

    #if DEBUG
    /// Time after which a debug build stops, in seconds.
    static let seconds: Int = TestKnobs.isCampaign ? 3600 : 8
    #else
    static let seconds: Int = 3600
    #endif
}

/// Explores runs with one seed after another until the effort is spent or something is wrong.
func explore(
    _ policy: SyncPolicy, firstSeed: UInt64 = 1, factory: @escaping BackendFactory = appendOnlyFile,
    _ adjust: (inout SimulationPlan) -> Void
) -> Exploration {
    var found = Exploration()
    let clock = SystemClock()
    let end = clock.monotonicNanoseconds + UInt64(Effort.seconds) * 1_000_000_000
    var seed = firstSeed
    while found.failureCount == 0 && found.states < Effort.states {
        var plan = SimulationPlan(seed: seed, policy: policy)
        adjust(&plan)
        let before = found.states
        found.add(
            CrashExplorer(plan, factory).explore { states in
                // A part of the budget for one run: other seeds have other stories.
                before + states >= Effort.states || states >= 500
                    || clock.monotonicNanoseconds > end && before + states > Effort.leastStates
            })
        if clock.monotonicNanoseconds > end && found.states > Effort.leastStates { break }
        seed += 1
    }
    print(
        "power loss, \(policy): \(found.rawStates) states, \(found.states) different, "
            + "\(found.nestedStates) from cuts during recovery, seeds \(firstSeed)...\(seed)")
    return found
}

@Suite("Power loss", .serialized)
struct PowerLossTests {
    @Test(
        "loses nothing promised, invents nothing and always starts, rewrites included",
        arguments: SyncPolicy.allCases)
    func goodDisk(policy: SyncPolicy) {
        let found = explore(policy) { plan in
            plan.commands = 40 + Int(plan.seed % 3) * 20
            plan.writesTimestamps = plan.seed % 4 == 0
            plan.writesSnapshotBases = plan.seed % 2 == 0
            if plan.seed % 5 == 0 { plan.historyKeepSeconds = 2 }
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }

    @Test(
        "the same where the process is killed and started again before the power goes",
        arguments: SyncPolicy.allCases)
    func killed(policy: SyncPolicy) {
        let found = explore(policy, firstSeed: 2000) { plan in
            plan.commands = 50
            plan.killInterval = 4 + Int(plan.seed % 5)
            plan.rewriteInterval = 12
            plan.writesSnapshotBases = plan.seed % 2 == 0
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }

    @Test(
        "the same on a disk whose syncs and writes fail now and then",
        arguments: SyncPolicy.allCases)
    func failingDisk(policy: SyncPolicy) {
        let found = explore(policy, firstSeed: 1000) { plan in
            plan.commands = 40
            plan.faultPercent = 4 + Int(plan.seed % 12)
            plan.writesSnapshotBases = plan.seed % 2 == 0
        }
        #expect(found.failures == [])
        #expect(found.states > 100)
    }
}
