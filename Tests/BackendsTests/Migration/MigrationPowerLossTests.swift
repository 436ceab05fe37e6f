/// Changes of engine over the simulated disk: where they lead, and the power cut at every event of them.
import Backends
import Persistence
import TestSupport
import Testing

/// Opens the directory as the server does.
private func opener(_ first: String) -> ChangePlan.Opener {
    { environment, settings in
        let opened = try BackendCatalog.open(
            EngineRequest(name: first, isExplicit: true), settings: settings,
            environment: environment)
        return (opened.backend, opened.changer)
    }
}

/// A pair of engines, a way for the change between them to end, and a policy.
struct ChangeCase: Sendable, CustomTestStringConvertible {
    let from: String
    let to: String
    let end: ChangePlan.End
    let policy: SyncPolicy

    var testDescription: String { "\(from) to \(to), \(end), \(policy)" }

    /// Engines that run whole over the simulated disk and keep data.
    static let engines = BackendCatalog.all.map(\.descriptor)
        .filter { $0.name != "sqlite" && !$0.abilities.isDisjoint(with: [.journal, .snapshots]) }
        .map(\.name)

    /// Every pair, every end; the policy matters where a journal is one of the two.
    static let all: [ChangeCase] = engines.flatMap { from in
        engines.filter { $0 != from }.flatMap { to in
            ChangePlan.End.allCases.flatMap { end in
                [SyncPolicy.always, .everysec].map {
                    ChangeCase(from: from, to: to, end: end, policy: $0)
                }
            }
        }
    }

    func plan(seed: UInt64) -> SimulationPlan {
        var plan = SimulationPlan(seed: seed, policy: policy)
        plan.change = ChangePlan(to: to, end: end, open: opener(from))
        return plan
    }
}

@Suite("Changes of engine over the simulated disk", .serialized)
struct MigrationPowerLossTests {
    @Test("come to their end and keep every write", arguments: ChangeCase.all)
    func end(change: ChangeCase) throws {
        for seed in UInt64(1)...4 {
            let simulation = try Simulation(change.plan(seed: seed))
            try simulation.run { _, _ in throw Simulation.Stuck() }
            let outcome = simulation.changeOutcome
            #expect(outcome.failure == nil, "seed \(seed)")
            let winner = change.end == .rollBack ? change.from : change.to
            #expect(outcome.ended == (change.end != .none), "seed \(seed), \(outcome.stages)")
            #expect(outcome.stages.contains(.switched) || change.end == .rollBack)
            // Another process finds everything, and the files of one engine only.
            let disk = SimDisk(simulation.disk.live)
            let runner = SimRunner(disk: disk)
            var settings = BackendSettings()
            settings.directory = "/data"
            let opened = try BackendCatalog.open(
                EngineRequest(name: change.from, isExplicit: false), settings: settings,
                environment: BackendEnvironment(
                    fileSystem: disk, clock: SimClock(), runner: runner, log: .silent,
                    progress: { _ in }))
            #expect(opened.descriptor.name == winner, "seed \(seed)")
            #expect((opened.changer.uncommitted != nil) == (change.end == .none), "seed \(seed)")
            let target = NaiveTarget()
            _ = try opened.backend.restore(into: target, progress: { _ in })
            let keepsAll = opened.descriptor.abilities.contains(.journal)
            if keepsAll {
                #expect(target.dataset.digest == simulation.model.digest, "seed \(seed)")
            }
            try opened.backend.close()
        }
    }

    @Test("keep their promise through every power cut", arguments: ChangeCase.all)
    func powerLoss(change: ChangeCase) {
        var found = Exploration()
        let clock = SystemClock()
        let budget = Effort.seconds * 1_000_000_000 * 2 / ChangeCase.all.count
        let end = clock.monotonicNanoseconds + UInt64(budget)
        let limit = max(60, Effort.states / ChangeCase.all.count)
        var seed: UInt64 = 1
        // However slow the machine is, some states of each are tried.
        let least = 25
        while found.failureCount == 0 && found.states < limit
            && (found.states < least || clock.monotonicNanoseconds < end)
        {
            let before = found.states
            found.add(
                CrashExplorer(change.plan(seed: seed)) { _, _ in throw Simulation.Stuck() }
                    .explore { states in
                        let total = before + states
                        return total >= limit
                            || total >= least && clock.monotonicNanoseconds > end
                    })
            seed += 1
        }
        #expect(found.failureCount == 0, "\(found.failures)")
        #expect(found.states >= least)
    }
}
