/// Cuts the power at every event of a run, in every way that may happen, and lets the shipped recovery try.
///
/// The oracle. A recovered dataset R is right iff R = Sk for some k with promised <= k <= issued, where an image
/// that may be left at several moments must keep the largest of their promises. Refusing to start is
/// wrong. After each recovery one more write is made and the backend opened again, which finds what was
/// appended behind a tail that wasn't cut; and the recovery itself is cut at every one of its events.
import Bytes
import Persistence
import Records

/// What an exploration found.
public struct Exploration {
    /// States seen, equal ones included.
    public var rawStates = 0
    /// Different states that were recovered from.
    public var states = 0
    /// Of these, states left by a cut during a recovery.
    public var nestedStates = 0
    /// What went wrong, the first few in words.
    public var failures: [String] = []
    /// How much went wrong.
    public var failureCount = 0

    /// Nothing found yet.
    public init() {}

    mutating func fail(_ text: String) {
        failureCount += 1
        if failures.count < 5 { failures.append(text) }
    }

    /// Adds another exploration's findings.
    public mutating func add(_ other: Exploration) {
        rawStates += other.rawStates
        states += other.states
        nestedStates += other.nestedStates
        failureCount += other.failureCount
        failures = Array((failures + other.failures).prefix(5))
    }
}

/// Explores the crash states of one run.
public final class CrashExplorer {
    private struct Candidate {
        var image: DiskImage
        var promised: Int
        var issued: Int
        var event: Int
        var depth: Int
    }

    private let factory: BackendFactory
    private let plan: SimulationPlan
    private var candidates: [Int: Int] = [:]
    private var queue: [Candidate] = []
    private var position = -1
    private var nested: [Candidate] = []
    private var seenNested: [Int: Int] = [:]
    private var digests: [UInt64] = []
    private var result = Exploration()

    /// - Parameter factory: makes the backend, for the run and for each recovery.
    public init(_ plan: SimulationPlan, _ factory: @escaping BackendFactory) {
        self.plan = plan
        self.factory = factory
    }

    /// Runs the plan and tries every state.
    ///
    /// - Parameter stopEarly: told the number of states so far; true ends the exploration.
    public func explore(stopEarly: (Int) -> Bool = { _ in false }) -> Exploration {
        let simulation: Simulation
        do {
            simulation = try Simulation(plan)
        } catch {
            result.fail("seed \(plan.seed): nothing to begin with: \(error)")
            return result
        }
        do {
            try simulation.run(factory)
        } catch {
            result.fail("seed \(plan.seed): the run itself failed: \(error)")
        }
        digests = simulation.digests
        collect(simulation)
        shuffle()
        while let next = nextCandidate() {
            recover(next)
            result.states += 1
            if next.depth > 0 { result.nestedStates += 1 }
            if stopEarly(result.states) || result.failureCount > 50 { break }
        }
        return result
    }

    private func collect(_ simulation: Simulation) {
        var states = CrashStates(of: simulation.disk, seed: plan.seed)
        var moment = 0
        for (index, event) in simulation.disk.events.enumerated() {
            states.advance(event)
            let now = simulation.moments
            while moment + 1 < now.count && now[moment + 1].event <= index + 1 { moment += 1 }
            // A command may be executed and written before its moment is noted.
            let issued = now[min(moment + 1, now.count - 1)].issued
            let known = now[moment]
            states.forEachState { image in
                add(
                    Candidate(
                        image: image, promised: known.promised, issued: issued, event: index,
                        depth: 0))
            }
            add(
                Candidate(
                    image: states.newest(), promised: max(known.promised, known.acknowledged),
                    issued: issued, event: index, depth: 0))
        }
    }

    /// Two states of the run, then one that a cut during a recovery left.
    private func nextCandidate() -> Candidate? {
        let isNestedTurn = (result.states % 3 == 2 || position + 1 >= queue.count)
        if isNestedTurn, let last = nested.popLast() { return last }
        guard position + 1 < queue.count else { return nil }
        position += 1
        return queue[position]
    }

    /// A bounded exploration sees all parts of a run, not its beginning.
    private func shuffle() {
        var random = SeededGenerator(seed: plan.seed)
        queue.shuffle(using: &random)
        for (index, candidate) in queue.enumerated() { candidates[candidate.image.hash] = index }
    }

    private func add(_ candidate: Candidate) {
        result.rawStates += 1
        let hash = candidate.image.hash
        if let known = candidates[hash] {
            if known > position {
                // Legal at several moments: the largest promise holds, and nothing later can be in it.
                queue[known].promised = max(queue[known].promised, candidate.promised)
                queue[known].issued = min(queue[known].issued, candidate.issued)
                return
            }
            if candidate.promised <= queue[known].promised { return }
        }
        if candidate.depth > 0 {
            if seenNested[hash, default: -1] >= candidate.promised { return }
            seenNested[hash] = candidate.promised
            nested.append(candidate)
        } else {
            candidates[hash] = queue.count
            queue.append(candidate)
        }
    }

    private func recover(_ candidate: Candidate) {
        let disk = SimDisk(candidate.image)
        disk.isRecording = shareOfRecoveriesCut(candidate)
        let place = "seed \(plan.seed), event \(candidate.event), depth \(candidate.depth)"
        do {
            let opened = try open(disk)
            let found = opened.target.dataset.digest
            let range = candidate.promised...max(candidate.promised, candidate.issued)
            guard range.contains(where: { $0 < digests.count && digests[$0] == found }) else {
                let what = digests.firstIndex(of: found).map { "S\($0)" } ?? "no state there was"
                result.fail(
                    "\(place): recovered \(what), legal are S\(range.lowerBound)...S\(range.upperBound)"
                        + " [\(candidate.image.listing)]")
                return
            }
            if disk.isRecording { collectNested(disk, candidate) }
            disk.isRecording = false
            try writeOnce(opened, disk, place)
        } catch {
            result.fail("\(place): no start: \(error) [\(candidate.image.listing)]")
        }
    }

    /// Whether this recovery is cut at its events, too: a third of those after the first cut, a tenth of those
    /// after the second; else one run's would crowd out other runs.
    private func shareOfRecoveriesCut(_ candidate: Candidate) -> Bool {
        let draw = result.states
        switch candidate.depth {
        case 0: return draw % 3 == 0
        case 1: return draw % 10 == 0
        default: return false
        }
    }

    private func collectNested(_ disk: SimDisk, _ parent: Candidate) {
        var states = CrashStates(of: disk, seed: plan.seed &+ UInt64(parent.event))
        for event in disk.events {
            states.advance(event)
            states.forEachState { image in
                add(
                    Candidate(
                        image: image, promised: parent.promised, issued: parent.issued,
                        event: parent.event, depth: parent.depth + 1))
            }
        }
    }

    private struct Opened {
        let backend: any PersistenceBackend
        let target: NaiveTarget
        let runner: SimRunner
    }

    private func open(_ disk: SimDisk) throws -> Opened {
        let runner = SimRunner(disk: disk)
        var salt: UInt64 = 77
        var environment = BackendEnvironment(
            fileSystem: disk, clock: SimClock(), runner: runner, log: .silent, progress: { _ in })
        environment.makeSalt = {
            salt &+= 0x1234_5678_9ABC_DEF1
            return salt
        }
        var changer: (any EngineChanger)?
        let backend: any PersistenceBackend
        if let change = plan.change {
            let opened = try change.open(environment, plan.settings)
            (backend, changer) = (opened.backend, opened.changer)
        } else {
            backend = try factory(environment, plan.settings)
        }
        let target = NaiveTarget()
        _ = try backend.restore(into: target, progress: { _ in })
        try backend.start()
        _ = changer?.tidy()
        runner.drain()
        return Opened(backend: backend, target: target, runner: runner)
    }

    /// What isn't journalled has to be saved, or a kill loses it.
    private func save(_ opened: Opened, _ model: NaiveDataset) throws {
        try opened.backend.willFreeze()
        let view = NaiveFrozen(model, at: SimClock().now)
        try opened.backend.checkpoint(view) { [unowned self] result in
            if case .failure(let error) = result {
                self.result.fail("no save after a recovery: \(error)")
            }
        }
        opened.runner.drain()
    }

    /// One more write, a kill, another start: the write must be there and nothing else changed.
    private func writeOnce(_ opened: Opened, _ disk: SimDisk, _ place: String) throws {
        let model = opened.target.dataset
        let probe: [[UInt8]] = [Array("probe".utf8), Array("after".utf8)]
        opened.backend.beginUnit()
        probe.withByteViews {
            let mutation = Mutation.set(key: $0[0], value: $0[1], deadline: nil)
            opened.backend.record(mutation, database: 0)
            model.apply(mutation, database: 0)
        }
        opened.backend.endUnit()
        let ticket = opened.backend.commit()
        opened.runner.drain()
        let keepsJournal = opened.backend.descriptor.abilities.contains(.journal)
        if !keepsJournal { try save(opened, model) }
        if opened.backend.released < ticket || !keepsJournal && opened.backend.durable < ticket {
            result.fail("\(place): a write after the recovery is never acknowledged")
        }
        let again = try open(SimDisk(disk.live))
        if again.target.dataset.digest != model.digest {
            result.fail("\(place): after one more write and a kill the data differs")
        }
    }
}
