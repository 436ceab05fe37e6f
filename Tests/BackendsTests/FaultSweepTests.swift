/// Every call of the disk fails once, or from then on: no false OK, nothing acknowledged lost, and writing
/// goes on within two seconds of the fault's end, without a restart.
///
/// The sweep is SQLite's loop: the n-th call of a kind fails, for n = 1, 2, ... until the fault no longer
/// fires. After the run the fault is lifted, the backend must take writes again, and a kill and a restart must find
/// everything acknowledged. (That a read never fails is the engine's: a backend isn't asked for one.)
import Backends
import Bytes
import Persistence
import Records
import TestSupport
import Testing

@Suite("Fault sweep")
struct FaultSweepTests {
    /// One fault: which call, the how-many-th, how, and whether it stays.
    struct Case {
        var call: DiskCall
        var number: Int
        var fault: DiskFault
        var isSticky: Bool
    }

    /// What a run under a fault showed.
    struct Outcome {
        var didFire = false
        var wrong: String?
    }

    private static let faults: [DiskFault] = [
        .error(5), .error(28), .error(122), .error(24), .error(4), .short,
    ]

    @Test(
        "every failing call is answered, survived and recovered from",
        arguments: SyncPolicy.allCases)
    func sweep(policy: SyncPolicy) {
        var wrong: [String] = []
        var runs = 0
        // Opening, reading and listing happen on the way up, where an error rightly stops the start.
        let calls: [DiskCall] = [
            .write, .sync, .open, .rename, .syncDirectory, .truncate, .unlink, .status,
        ]
        let step = TestKnobs.isCampaign ? 1 : 3
        for call in calls {
            for fault in Self.faults where fault != .short || call == .write {
                for isSticky in [false, true] {
                    var number = 1
                    while true {
                        let one = Case(call: call, number: number, fault: fault, isSticky: isSticky)
                        let outcome = run(one, policy)
                        if !outcome.didFire { break }
                        runs += 1
                        if let reason = outcome.wrong { wrong.append("\(one): \(reason)") }
                        number += step
                    }
                }
            }
        }
        print("fault sweep, \(policy): \(runs) runs")
        #expect(wrong.prefix(5) == [])
        #expect(runs > 50)
    }

    private func run(_ one: Case, _ policy: SyncPolicy) -> Outcome {
        let bench = FaultBench(policy)
        do {
            try bench.open()
            var count = 0
            var outcome = Outcome()
            bench.disk.fault = { call, _ in
                guard call == one.call else { return nil }
                count += 1
                let fires = one.isSticky ? count >= one.number : count == one.number
                if fires { outcome.didFire = true }
                return fires ? one.fault : nil
            }
            for round in 0..<24 {
                bench.write()
                if round == 8 || round == 16 { bench.rewrite() }
                bench.pass(milliseconds: 100)
            }
            bench.disk.fault = nil
            outcome.wrong = bench.verdict()
            return outcome
        } catch {
            return Outcome(didFire: true, wrong: "the run failed: \(error)")
        }
    }
}

/// A backend on a simulated disk, a client that writes, and what the client was told.
final class FaultBench {
    let disk = SimDisk()
    private let clock = SimClock()
    private let runner: SimRunner
    private let policy: SyncPolicy
    private let model = NaiveDataset()
    private var backend: (any PersistenceBackend)?
    private var written: [(ticket: CommitTicket, digest: UInt64)] = [(0, 0)]
    private var failedThrough: CommitTicket = 0
    private var acknowledged: CommitTicket = 0
    private var wrong: String?
    private var isRewriting = false
    private var settings = BackendSettings()

    init(_ policy: SyncPolicy) {
        self.policy = policy
        runner = SimRunner(disk: disk)
        written[0].digest = model.digest
    }

    func open() throws {
        let environment = BackendEnvironment(
            fileSystem: disk, clock: clock, runner: runner, log: .silent
        ) { [unowned self] failed in
            failedThrough = max(failedThrough, failed ?? 0)
        }
        settings.directory = "/data"
        settings.syncPolicy = policy
        let backend = try appendOnlyFile(environment, settings)
        _ = try backend.restore(into: NaiveTarget(), progress: { _ in })
        try backend.start()
        self.backend = backend
    }

    /// One write, unless writes are refused; answers its ticket.
    @discardableResult
    func write() -> CommitTicket? {
        guard let backend, backend.refusal == nil, !backend.isCongested else { return nil }
        let parts = [Array("k\(written.count % 5)".utf8), Array("v\(written.count)".utf8)]
        backend.beginUnit()
        parts.withByteViews {
            let change = Mutation.append(key: $0[0], suffix: $0[1])
            backend.record(change, database: 0)
            model.apply(change, database: 0)
        }
        backend.endUnit()
        let ticket = backend.commit()
        written.append((ticket, model.digest))
        note()
        return ticket
    }

    func rewrite() {
        guard let backend, !isRewriting else { return }
        // Bases of both kinds take turns.
        settings.writesSnapshotBases.toggle()
        backend.apply(settings)
        do throws(PersistenceError) {
            try backend.willFreeze()
            isRewriting = true
            try backend.checkpoint(NaiveFrozen(model, at: clock.now)) { [unowned self] _ in
                isRewriting = false
            }
        } catch {
            isRewriting = false
        }
    }

    func pass(milliseconds: Int) {
        for _ in 0..<max(1, milliseconds / 100) {
            clock.advance(milliseconds: 100)
            backend?.tick(nowNanoseconds: clock.monotonicNanoseconds)
            runner.drain()
            note()
        }
    }

    private func note() {
        guard let backend else { return }
        acknowledged = max(acknowledged, backend.released)
        // What waits is told sooner or later: released, or failed.
        if backend.refusal != nil && runner.isIdle {
            let last = written.last?.ticket ?? 0
            if backend.released < last && failedThrough < last {
                wrong = wrong ?? "ticket \(last) neither released nor failed"
            }
        }
    }

    /// What is wrong after the fault has ended; nil: nothing.
    func verdict() -> String? {
        guard let backend else { return "never opened" }
        if let wrong { return wrong }
        var ticket: CommitTicket?
        for _ in 0..<20 {
            pass(milliseconds: 100)
            ticket = write()
            if ticket != nil { break }
        }
        guard let ticket else {
            return "no writes 2 s after the fault: \(String(describing: backend.refusal))"
        }
        pass(milliseconds: 1200)
        if backend.released < ticket { return "a write after the fault is never acknowledged" }
        if backend.durable < ticket && policy != .no {
            return "a write after the fault never lasts"
        }
        return restart(disk.live)
    }

    private func restart(_ image: DiskImage) -> String? {
        let digest: UInt64
        switch start(image) {
        case .refused(let error): return "no start after the fault: \(error) [\(image.listing)]"
        case .started(let found, _): digest = found
        }
        guard let found = written.lastIndex(where: { $0.digest == digest }) else {
            return "data that never was"
        }
        let promised = written.lastIndex { $0.ticket <= acknowledged } ?? 0
        return found >= promised ? nil : "S\(found) recovered, S\(promised) acknowledged"
    }
}
